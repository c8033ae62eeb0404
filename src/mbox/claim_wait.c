/* Waiting for the session that has the mailbox.  Runs as root. */
#include "config.h"

#include "mbox/private.h"
#include "support/clock.h"
#include "support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#define TRY_EVERY 50 /* ms */

/* How much longer to wait, in ms, for a session that is updating the mailbox:
 * at most, and after its journal was last seen. */
#define UPDATE_PATIENCE 60000
#define UPDATE_END	5000

static int
is_used(int state, const char *base, const char *suffix)
{
	char name[MBOX_NAME_SIZE];
	struct stat status;

	text_format(name, sizeof(name), "%s.%s", base, suffix);
	if (fstatat(state, name, &status, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : -1;
	return status.st_size > 0;
}

int
claim_has_journal(int state, const char *base)
{
	int first = is_used(state, base, "j0");

	return first == 0 ? is_used(state, base, "j1") : first;
}

/* A client is told that its messages are deleted before all of the work is
 * done, and may come back at once. */
static int64_t
prolong(int state, const char *base, int64_t deadline, int64_t last)
{
	int64_t until = clock_now() + UPDATE_END;

	if (until <= deadline || claim_has_journal(state, base) != 1)
		return deadline;
	return until < last ? until : last;
}

int
claim_wait(int state, const char *base, int lock, int64_t deadline)
{
	int64_t last = deadline + UPDATE_PATIENCE;

	while (flock(lock, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK)
			return -1;
		deadline = prolong(state, base, deadline, last);
		if (clock_now() >= deadline) {
			errno = EWOULDBLOCK;
			return -1;
		}
		clock_sleep_until(clock_now() + TRY_EVERY);
	}
	return 0;
}
