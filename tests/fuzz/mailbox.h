/* A mailbox for fuzz targets, in the sandbox. */
#ifndef FUZZ_MAILBOX_H
#define FUZZ_MAILBOX_H

#include "../unit/bytes.h"
#include "mbox/private.h"

/* Makes the file "box".  The place has the quickest lock, does not sync, and
 * has an empty journal. */
struct mbox_place mailbox_make(const struct bytes *content);

/* What the file holds now. */
struct bytes mailbox_content(void);

/* The text from an octet of a mailbox to another. */
struct bytes mailbox_text(const struct bytes *content, off_t from, off_t to);

/* From which octet on the message after number i stands, or the end. */
off_t mailbox_next(const struct index *index, size_t i);

#endif
