/*
 * Who is let in, and who has to make room: the limits on the number of
 * sessions, on those before the login, and on one source.  And what those are
 * told who are not.
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

/* Why there is no room for one more, or NULL. */
const char *admission_lack(const struct children *children);

/*
 * Who must go before his login when one more comes, or NULL.  Those before
 * their login have half of the slots.  From half of these on it is, at random
 * and the more likely the more they are, the one that has waited longest; if
 * all are taken it always is.  So who does not log in makes room for who does.
 */
struct child *admission_victim(struct children *children);

/* Drops that one, if there is one. */
void admission_make_room(struct children *children);

/* Why there is no room for one more of this source, or NULL. */
const char *admission_lack_for(const struct children *children,
    const struct options *options, const struct source *source);

/* Logs that this peer was turned away. */
void admission_log_refusal(const char *why, const struct address *peer);

/* Tells the client, if that does not make us wait, and logs it. */
void admission_refuse(const struct options *options, int client,
    const char *why, const struct address *peer);

#endif
