/* A session for fuzz targets: prepared input, and all that is answered. */
#ifndef FUZZ_SCRIPT_H
#define FUZZ_SCRIPT_H

#include "../unit/bytes.h"
#include "pop3/pop3.h"

#define SCRIPT_STAMP "<1.2.3@kvt.dk>"

/* To be called once. */
void script_prepare(void);

/* A session that reads text, in pieces if state is not 0. */
struct session *script_begin(const struct bytes *text, uint32_t state);

/* What it has sent, and its end. */
struct bytes script_end(struct session *session);

/* Checks that these are lines of a POP3 server: no control characters,
 * and none longer than a SASL challenge may be. */
void script_check_lines(const struct bytes *answer);

#endif
