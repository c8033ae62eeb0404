/* One mailbox: the file, and a lock beside it. */
#include "config.h"

#include "check/private.h"
#include "support/text.h"

#include <string.h>

static void
path_of(const struct mbox_place *place, const char *suffix, char *out)
{
	text_format(out, MBOX_PATH_SIZE + MBOX_NAME_SIZE, "%s/%s%s",
	    place->directory, place->name, suffix);
}

void
check_remedy_mailbox(struct check *check, const struct mbox_place *place,
    const struct mbox_view *view)
{
	struct report *report = &check->report;
	char path[MBOX_PATH_SIZE + MBOX_NAME_SIZE], word[QUOTED_SIZE];

	path_of(place, "", path);
	quote(word, path);
	switch (view->fault) {
	case MBOX_SOUND:
		report_remedy(report, "head -n 1 %s", word);
		return;
	case MBOX_NOT_REGULAR:
		report_remedy(
		    report, "ls -ld %s; put a plain file in its place", word);
		return;
	case MBOX_LINKED:
		report_remedy(report,
		    "find / -xdev -samefile %s; remove the other name", word);
		return;
	case MBOX_NOT_OWNED:
		report_remedy(report, "chown %u:%u %s",
		    (unsigned int)place->owner, (unsigned int)place->group,
		    word);
		return;
	case MBOX_WRITABLE:
	case MBOX_NOT_ACCESSIBLE:
		report_remedy(report, "chmod 600 %s", word);
		return;
	}
}

static void
check_file(struct check *check, const struct mbox_place *place)
{
	struct report *report = &check->report;
	char path[MBOX_PATH_SIZE + MBOX_NAME_SIZE];
	struct mbox_view view;

	mbox_look(place, &view);
	path_of(place, "", path);
	if (view.is_there && view.fault != MBOX_SOUND) {
		report_wrong(
		    report, "%s: %s", path, mbox_fault_text(view.fault));
		check_remedy_mailbox(check, place, &view);
	} else if (view.error != 0) {
		report_warning(report, "%s: cannot be looked at: %s", path,
		    strerror(view.error));
		report_remedy(report, "sudo gnu-pop3d --check");
	} else if (!view.is_mbox) {
		report_wrong(report,
		    "%s: not an mbox, shown as empty and left alone; its first "
		    "line must be a From_ line",
		    path);
		check_remedy_mailbox(check, place, &view);
	} else if (view.is_there) {
		report_ok(report, "%s: %lld octets", path,
		    (long long)view.status.st_size);
	} else {
		report_ok(report, "%s: no mail yet", path);
	}
}

static void
check_dotlock(struct check *check, const struct mbox_place *place)
{
	char path[MBOX_PATH_SIZE + MBOX_NAME_SIZE], word[QUOTED_SIZE];
	struct mbox_dotlock lock;

	mbox_look_at_dotlock(place, &lock);
	if (!lock.is_there || !lock.is_stale)
		return;
	path_of(place, ".lock", path);
	if (lock.holder != 0)
		report_warning(&check->report,
		    "%s: a stale lock, %lld s old, of process %d", path,
		    (long long)lock.age, (int)lock.holder);
	else
		report_warning(&check->report,
		    "%s: a stale lock, %lld s old, of nobody", path,
		    (long long)lock.age);
	report_remedy(&check->report, "rm %s", quote(word, path));
}

void
check_mailbox(struct check *check, const struct mbox_place *place)
{
	check_file(check, place);
	if ((place->methods & MBOX_LOCK_DOTLOCK) != 0)
		check_dotlock(check, place);
}
