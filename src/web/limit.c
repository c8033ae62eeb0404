/*
 * How often a login may fail, for each domain alone.  An attempt is noted
 * before the password is looked at: who tries many at the same time gains
 * nothing.
 */
#include "config.h"

#include "support/log.h"
#include "support/text.h"
#include "web/notes.h"
#include "web/visit.h"

#include <errno.h>

#define FILE_NAME   "attempts"
#define WINDOW	    600 /* s */
#define MOST_USER   10	/* attempts in it */
#define MOST_DOMAIN 30

/* True if as many are noted as may be; waits until the first of them ends. */
static bool
is_full(const struct notes *notes, const char *user, size_t most, int64_t now,
    struct attempt *attempt)
{
	int64_t first;

	if (notes_count(notes, user, &first) < most)
		return false;
	attempt->wait = first - now;
	errno = EAGAIN;
	return true;
}

static int
note(const struct visit *visit, struct notes *notes, struct attempt *attempt)
{
	int64_t first;

	if (is_full(notes, NULL, MOST_DOMAIN, visit->now, attempt) ||
	    is_full(notes, attempt->user, MOST_USER, visit->now, attempt) ||
	    notes_add(notes, attempt->until, attempt->user) == -1 ||
	    notes_commit(notes) == -1)
		return -1;
	if (notes_count(notes, NULL, &first) == MOST_DOMAIN)
		log_event(LOG_WARNING,
		    "too many failed logins to the pages of %s; no more until "
		    "%d minutes after the first",
		    attempt->domain, WINDOW / 60);
	return 0;
}

int
attempt_begin(const struct visit *visit, struct attempt *attempt)
{
	struct notes notes;
	int result;

	attempt->until = visit->now + WINDOW;
	if (notes_open(&notes, &visit->site->admin, attempt->domain, FILE_NAME,
		visit->now) == -1)
		return -1;
	result = note(visit, &notes, attempt);
	notes_close(&notes);
	return result;
}

int
attempt_succeed(const struct visit *visit, const struct attempt *attempt)
{
	struct notes notes;
	int result;

	if (notes_open(&notes, &visit->site->admin, attempt->domain, FILE_NAME,
		visit->now) == -1)
		return -1;
	notes_remove(&notes, attempt->until, attempt->user);
	result = notes_commit(&notes);
	notes_close(&notes);
	return result;
}
