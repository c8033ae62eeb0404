/* Who is let in.  Runs as root, in the listener only. */
#include "config.h"

#include "daemon/admission.h"
#include "support/secret.h"

#include <stddef.h>

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

/* The row of the source, or the one that is longest ago. */
static struct failing *
find_row(struct failures *failures, const struct source *source, int64_t now)
{
	struct failing *oldest = &failures->rows[0];
	size_t i;

	for (i = 0; i < ADMISSION_SOURCES; i++) {
		struct failing *row = &failures->rows[i];

		if (is_row_of(row, source, now))
			return row;
		if (row->count == 0 ||
		    (oldest->count > 0 && row->since < oldest->since))
			oldest = row;
	}
	return oldest;
}

void
admission_note_failure(
    struct failures *failures, const struct source *source, int64_t now)
{
	struct failing *row;

	if (source->family == 0)
		return;
	row = find_row(failures, source, now);
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
	size_t i;

	for (i = 0; source->family != 0 && i < ADMISSION_SOURCES; i++)
		if (is_row_of(&failures->rows[i], source, now))
			return failures->rows[i].count > MOST_FAILURES;
	return false;
}

/* ---- room --------------------------------------------------------------- */

/* Early drop: who floods the door loses connections in proportion, and a
 * client that tries again comes in. */
static bool
is_dropped(size_t waiting, size_t share)
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
	if (children->count >= children->most)
		return "too many sessions";
	if (is_dropped(
		children_before_login(children), (children->most + 1) / 2))
		return "too many connections before their login";
	return NULL;
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
