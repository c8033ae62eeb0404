/* Who is let in.  Runs as root, in the listener only. */
#include "config.h"

#include "daemon/admission.h"
#include "pop3/reply.h"
#include "support/log.h"
#include "support/often.h"
#include "support/secret.h"

#include <stddef.h>
#include <sys/socket.h>

#define WINDOW	      60000 /* ms in which failures count */
#define MOST_FAILURES 10    /* ... until a source has to wait */

/* ---- failed logins ------------------------------------------------------ */

static bool
is_current(const struct failing *row, int64_t now)
{
	return row->count > 0 && now - row->since < WINDOW;
}

static bool
is_row_of(const struct failing *row, const struct source *source, int64_t now)
{
	return is_current(row, now) && source_equal(&row->source, source);
}

/* The number of the row of the source, or of the one that is longest ago. */
static size_t
find_row(
    const struct failures *failures, const struct source *source, int64_t now)
{
	const struct failing *oldest = &failures->rows[0];
	const struct failing *row = oldest;
	const struct failing *end = row + ADMISSION_SOURCES;

	for (; row < end && !is_row_of(row, source, now); row++)
		if (row->count == 0 ||
		    (oldest->count > 0 && row->since < oldest->since))
			oldest = row;
	return (size_t)((row < end ? row : oldest) - failures->rows);
}

void
admission_note_failure(
    struct failures *failures, const struct source *source, int64_t now)
{
	struct failing *row;

	if (source->family == 0)
		return;
	row = &failures->rows[find_row(failures, source, now)];
	if (!is_row_of(row, source, now)) {
		row->source = *source;
		row->since = now;
		row->count = 0;
	}
	row->count++;
}

bool
admission_is_slow(
    const struct failures *failures, const struct source *source, int64_t now)
{
	const struct failing *row =
	    &failures->rows[find_row(failures, source, now)];

	return source->family != 0 && is_row_of(row, source, now) &&
	    row->count > MOST_FAILURES;
}

/* ---- room --------------------------------------------------------------- */

static bool
must_drop(size_t waiting, size_t share)
{
	size_t safe = share / 2;

	if (waiting >= share)
		return true;
	return waiting > safe &&
	    secret_between(1, (unsigned int)(share - safe)) <= waiting - safe;
}

const char *
admission_lack(const struct children *children)
{
	return children->count >= children->most ? "too many sessions" : NULL;
}

struct child *
admission_victim(struct children *children)
{
	size_t waiting = children_before_login(children);

	return must_drop(waiting, (children->most + 1) / 2)
	    ? children_longest(children)
	    : NULL;
}

void
admission_make_room(struct children *children)
{
	struct child *victim = admission_victim(children);

	if (victim == NULL)
		return;
	often_log(LOG_WARNING,
	    "too many connections before their login, the oldest are dropped");
	children_drop(victim);
}

const char *
admission_lack_for(const struct children *children,
    const struct options *options, const struct source *source)
{
	if (source->family != 0 &&
	    children_of(children, source) >= options->most_per_source)
		return "too many sessions from this source";
	return NULL;
}

/* ---- no room ------------------------------------------------------------ */

void
admission_log_refusal(const char *why, const struct address *peer)
{
	char text[ADDRESS_TEXT_SIZE];

	address_text(peer, text);
	often_log(
	    LOG_WARNING, "connection refused reason=\"%s\" addr=%s", why, text);
}

void
admission_refuse(const struct options *options, int client, const char *why,
    const struct address *peer)
{
	char line[WIRE_LINE_SIZE];
	size_t length =
	    reply_line(options->language, REPLY_TOO_MANY_CONNECTIONS, line);

	(void)send(client, line, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	admission_log_refusal(why, peer);
}
