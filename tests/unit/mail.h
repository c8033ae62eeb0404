/* Message text as a client gets it, and the naive truth to compare with. */
#ifndef UNIT_MAIL_H
#define UNIT_MAIL_H

#include "bytes.h"
#include "mbox/mbox.h"

#define FROM_LINE "From joe@example.com Sun Nov 22 07:00:00 2026\n"

/* What wire_text() sends for stored text given in pieces of that size. */
void send_stored(const struct bytes *stored, size_t piece, struct bytes *sent);

/* Takes stuffing and final dot off what was sent.  False if it does not end as
 * it must, or a line end in it is not CR LF. */
bool unstuff(const struct bytes *sent, struct bytes *text);

/* Stored text as it must arrive: each line end CR LF, the last one supplied. */
void convert_ends(const struct bytes *stored, struct bytes *text);

/* The message i of mbox as RETR or TOP send it, without stuffing.  Points are
 * given only for failures. */
void fetch(struct mbox *mbox, size_t i, uint64_t lines, struct bytes *text);

/* Opens a mailbox in the sandbox; failure ends the program. */
struct mbox *open_mailbox(const struct mbox_place *place);

/* Adds a mailbox made of odd pieces: separators good and bad, line ends of all
 * kinds, dots, NULs, long lines. */
void add_random_mailbox(struct bytes *mailbox, uint32_t *state);

#endif
