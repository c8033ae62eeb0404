/* All that a session can know of a mailbox, as text to compare. */
#ifndef UNIT_VIEW_H
#define UNIT_VIEW_H

#include "bytes.h"
#include "mbox/mbox.h"

/* Opens the mailbox and closes it.  *was_scanned tells whether it had to be
 * looked at from its beginning; may be NULL. */
struct bytes view_of(const struct mbox_place *place, bool *was_scanned);

/* The same without an index file. */
struct bytes view_without(const struct mbox_place *place);

#endif
