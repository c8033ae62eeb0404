/* The state directory: updates that a crash has interrupted, and mail that was
 * saved from one. */
#include "config.h"

#include "check/private.h"
#include "support/text.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the directories ---------------------------------------------------- */

/* True if it is there and may be used. */
static bool
check_directory(struct check *check, const char *path)
{
	struct report *report = &check->report;
	char word[QUOTED_SIZE];
	struct stat status;

	quote(word, path);
	if (stat(path, &status) == -1) {
		report_warning(report, "%s: %s", path, strerror(errno));
		report_remedy(report,
		    "gnu-pop3d makes it when it starts, or install -d -m 700 "
		    "%s",
		    word);
		return false;
	}
	if (!state_is_safe(&status)) {
		report_wrong(
		    report, "%s: " STATE_RULE, path, (unsigned int)geteuid());
		report_remedy(report, "chown %u %s && chmod go-w %s",
		    (unsigned int)geteuid(), word, word);
		return false;
	}
	report_ok(
	    report, "%s: belongs to uid %u", path, (unsigned int)status.st_uid);
	return true;
}

/* It is made by the first start; the login process is shut into it. */
static void
check_empty(struct check *check)
{
	const char *path = check->state.empty;
	struct entries entries;
	char word[QUOTED_SIZE];
	struct stat status;

	if (stat(path, &status) == -1 && errno == ENOENT)
		return;
	if (!check_directory(check, path) || entries_read(&entries, path) == -1)
		return;
	if (entries.count > 0) {
		report_warning(&check->report,
		    "%s: is not empty, and strangers' input is read in it",
		    path);
		report_remedy(&check->report, "ls -la %s", quote(word, path));
	}
	entries_free(&entries);
}

/* ---- interrupted updates ------------------------------------------------ */

/* A mailbox may have two journals. */
static bool
is_the_same(const struct mbox_place *a, const struct mbox_place *b)
{
	return strcmp(a->directory, b->directory) == 0 &&
	    strcmp(a->name, b->name) == 0;
}

static void
check_update(struct check *check, const struct mbox_place *place)
{
	struct report *report = &check->report;
	struct mbox_holder holder;
	char word[QUOTED_SIZE];
	bool is_unfinished;

	mbox_look_at_claim(
	    check->state.directory, place, &holder, &is_unfinished);
	if (holder.is_held) {
		report_ok(report, "%s/%s: is being updated by pid %d",
		    place->directory, place->name, (int)holder.process);
		return;
	}
	report_warning(report,
	    "%s/%s: an update was interrupted, and is to be finished",
	    place->directory, place->name);
	report_remedy(report, "gnu-pop3d --recover --state-dir=%s",
	    quote(word, check->state.directory));
}

static void
check_updates(struct check *check)
{
	DIR *state = opendir(check->state.directory);
	struct mbox_place places[2];
	bool is_over = state == NULL;
	unsigned int i = 0;

	memset(places, 0, sizeof(places));
	while (!is_over) {
		struct mbox_place *place = &places[i % 2];
		int found = mbox_next_unfinished(state, place, &is_over);

		if (found == 1 && !is_the_same(&places[0], &places[1])) {
			check_update(check, place);
			i++;
		} else if (found == -1) {
			report_warning(&check->report,
			    "%s: a journal cannot be read: %s",
			    check->state.directory, strerror(errno));
			report_remedy(&check->report, "sudo gnu-pop3d --check");
		}
	}
	if (state != NULL)
		closedir(state);
}

/* ---- what was saved ----------------------------------------------------- */

static void
check_rescue(struct check *check)
{
	char directory[MBOX_PATH_SIZE], path[MBOX_PATH_SIZE];
	char word[QUOTED_SIZE];
	struct entries entries;
	size_t i;

	if (!text_format(directory, sizeof(directory), "%s/rescue",
		check->state.directory) ||
	    entries_read(&entries, directory) == -1)
		return;
	for (i = 0; i < entries.count; i++) {
		if (!text_format(path, sizeof(path), "%s/%s", directory,
			entries.names[i]))
			continue;
		report_warning(&check->report,
		    "%s: mail saved from the journal of a mailbox that was "
		    "rewritten",
		    path);
		report_remedy(&check->report,
		    "look whether mail in it is missing in the mailbox, then "
		    "rm %s",
		    quote(word, path));
	}
	entries_free(&entries);
}

void
check_state(struct check *check)
{
	report_section(&check->report, "state directory");
	if (!check->has_state) {
		report_wrong(
		    &check->report, "no place for the state directory");
		report_remedy(&check->report, "--state-dir=DIR");
		return;
	}
	if (!check_directory(check, check->state.directory))
		return;
	check_empty(check);
	check_updates(check);
	check_rescue(check);
}
