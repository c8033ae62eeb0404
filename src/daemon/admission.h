/*
 * Who is let in: the limits on the number of sessions, on those before the
 * login, and on one source.
 */
#ifndef DAEMON_ADMISSION_H
#define DAEMON_ADMISSION_H

#include "daemon/children.h"
#include "daemon/options.h"

#include <stdint.h>

/* So many sources that fail are remembered; the oldest is forgotten first. */
#define ADMISSION_SOURCES 1024

struct failing {
	struct source source;
	int64_t since; /* clock_now() moment of the first of these */
	unsigned int count;
};

/* The failed logins of a minute; zeros at the beginning. */
struct failures {
	struct failing rows[ADMISSION_SOURCES];
};

/* Notes a failed login at the clock_now() moment now. */
void admission_note_failure(
    struct failures *failures, const struct source *source, int64_t now);

/* True if the source has failed more than ten times in a minute; never for
 * family 0. */
bool admission_is_slow(
    const struct failures *failures, const struct source *source, int64_t now);

/* Why there is no room for one more, or NULL.  At random, the more connections
 * are before their login: from a quarter of all slots on, and always from one
 * half on. */
const char *admission_lack(const struct children *children);

/* Why there is no room for one more of this source, or NULL. */
const char *admission_lack_for(const struct children *children,
    const struct options *options, const struct source *source);

#endif
