/*
 * A mailbox "box" with an index file "index" in the sandbox.  Programs that use
 * this are linked with --wrap=clock_gettime: the time of day is later than it
 * is, so that a mailbox of this moment has an index.
 */
#ifndef UNIT_INDEXED_H
#define UNIT_INDEXED_H

#include "bytes.h"
#include "mbox/private.h"

#define HEAD   128
#define RECORD 64

/* So many seconds; 10. */
extern int indexed_later;

/* The place; place.index is to be closed. */
struct mbox_place indexed_place(void);

/* Waits until files that are written get another time. */
void indexed_tick(void);

/* Adds count messages with numbers from first on; 0, 1 and 2 have flags. */
void indexed_add(struct bytes *mailbox, int first, int count);

/* Makes the mailbox of so many messages. */
void indexed_write(int count);

/* Writes text over what it has at position. */
void indexed_put_at(off_t position, const char *text);

/* Appends to it. */
void indexed_append(const char *text);

/* Runs a session that asks for everything. */
void indexed_see(const struct mbox_place *place);

/* Whether a session with the index file sees what one without does, and if it
 * scanned. */
bool indexed_agrees(const struct mbox_place *place, bool *was_scanned);

/* Two points: that, and whether it scans. */
void indexed_expect(
    const struct mbox_place *place, bool scans, const char *name);

#endif
