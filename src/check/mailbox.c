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

const char *
mailbox_remedy(const struct mbox_place *place, const struct mbox_view *view,
    char out[REPORT_LINE_SIZE])
{
	char path[MBOX_PATH_SIZE + MBOX_NAME_SIZE], word[QUOTED_SIZE];

	path_of(place, "", path);
	quote(word, path);
	switch (view->fault) {
	case MBOX_SOUND:
		text_format(out, REPORT_LINE_SIZE, "head -n 1 %s", word);
		break;
	case MBOX_NOT_REGULAR:
		text_format(out, REPORT_LINE_SIZE,
		    "ls -ld %s; put a plain file in its place", word);
		break;
	case MBOX_LINKED:
		text_format(out, REPORT_LINE_SIZE,
		    "find / -xdev -samefile %s; remove the other name", word);
		break;
	case MBOX_NOT_OWNED:
		text_format(out, REPORT_LINE_SIZE, "chown %u:%u %s",
		    (unsigned int)place->owner, (unsigned int)place->group,
		    word);
		break;
	case MBOX_WRITABLE:
	case MBOX_NOT_ACCESSIBLE:
		text_format(out, REPORT_LINE_SIZE, "chmod 600 %s", word);
		break;
	}
	return out;
}

static void
check_file(struct check *check, const struct mbox_place *place)
{
	struct report *report = &check->report;
	char path[MBOX_PATH_SIZE + MBOX_NAME_SIZE], remedy[REPORT_LINE_SIZE];
	struct mbox_view view;

	mbox_look(place, &view);
	path_of(place, "", path);
	if (view.is_there && view.fault != MBOX_SOUND) {
		report_wrong(
		    report, "%s: %s", path, mbox_fault_text(view.fault));
		report_remedy(
		    report, "%s", mailbox_remedy(place, &view, remedy));
	} else if (view.error != 0) {
		report_warning(report, "%s: cannot be looked at: %s", path,
		    strerror(view.error));
		report_remedy(report, "sudo gnu-pop3d --check");
	} else if (!view.is_mbox) {
		report_wrong(report,
		    "%s: not an mbox, shown as empty and left alone; its first "
		    "line must be a From_ line",
		    path);
		report_remedy(
		    report, "%s", mailbox_remedy(place, &view, remedy));
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
