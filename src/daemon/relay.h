/*
 * POP before SMTP: a file of who has logged in from where, for a mail server
 * that lets these addresses relay.  contrib/relay-map answers it from there.
 *
 * A line is ADDRESS SECONDS USER, with one blank each: a numeric address as in
 * the log, time(2), the name of the account.  There is one line for each
 * address, the latest login from there, and the latest is the last line.
 */
#ifndef DAEMON_RELAY_H
#define DAEMON_RELAY_H

#include "daemon/address.h"

/* So many seconds an address counts, and for so many more its clock may be
 * wrong. */
#define RELAY_AGE   1800
#define RELAY_SLACK 60

/*
 * Notes in the file path that user has logged in from the address; nothing is
 * done with path NULL, nor for 127.0.0.1, ::1 and what is no address.  Lines
 * that are too old are left out.  Waits at most a tenth of a second for others
 * who write.  Trouble is logged, and costs no more than this line.
 */
void relay_note(
    const char *path, const struct address *address, const char *user);

#endif
