/*
 * The text of a message disposition notification, RFC 8098 section 3, as
 * sendmail(8) takes it.
 */
#ifndef DAEMON_DISPOSITION_H
#define DAEMON_DISPOSITION_H

#include "pop3/notice.h"

#include <stdbool.h>

/* More than the longest notice needs. */
#define DISPOSITION_SIZE 8192

/* Writes the whole message, header and body, with LF ends.  notice is sound.
 * False if there is no randomness. */
bool disposition_write(
    const struct notice *notice, char text[DISPOSITION_SIZE]);

#endif
