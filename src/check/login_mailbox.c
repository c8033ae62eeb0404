/* Where one login leads to: its mailbox, and who has that now. */
#include "config.h"

#include "check/login.h"
#include "daemon/lockkeeper.h"
#include "support/text.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static const char *
name_place(const struct visit *visit)
{
	if (!visit->place.needs_dotlock)
		return "the home mailbox";
	return visit->login.domain[0] != '\0' ? "in the virtual spool"
					      : "in the mail spool";
}

static void
explain_file(struct visit *visit)
{
	struct report *report = &visit->check->report;
	const struct mbox_place *place = &visit->place;
	char remedy[REPORT_LINE_SIZE];
	struct mbox_view view;

	mbox_look_through(place, &view);
	report_ok(report, "mailbox: %s/%s, %s", place->directory, place->name,
	    name_place(visit));
	if (view.error != 0) {
		visit_obstruct(visit, "sudo gnu-pop3d --check=USER",
		    "%s/%s: cannot be looked at: %s", place->directory,
		    place->name, strerror(view.error));
		return;
	}
	if (!view.is_there) {
		report_ok(report, "mailbox: is not there, so it is empty");
		return;
	}
	report_ok(report,
	    "mailbox: uid %u, mode %04o, %lld octets, "
	    "%lu message%s",
	    (unsigned int)view.status.st_uid,
	    (unsigned int)view.status.st_mode & 07777,
	    (long long)view.status.st_size, (unsigned long)view.count,
	    view.count == 1 ? "" : "s");
	mailbox_remedy(place, &view, remedy);
	if (view.fault != MBOX_SOUND) {
		visit_obstruct(visit, remedy, "%s/%s: %s", place->directory,
		    place->name, mbox_fault_text(view.fault));
	} else if (!view.is_mbox) {
		report_wrong(report,
		    "%s/%s: not an mbox, shown as empty and left alone",
		    place->directory, place->name);
		report_remedy(report, "%s", remedy);
	}
}

/* ---- locks -------------------------------------------------------------- */

static void
explain_locks(struct visit *visit)
{
	const struct mbox_place *place = &visit->place;
	struct report *report = &visit->check->report;
	bool has_dotlock = (place->methods & MBOX_LOCK_DOTLOCK) != 0;
	struct stat status;

	report_ok(report, "locks:%s%s%s", has_dotlock ? " dotlock" : "",
	    (place->methods & MBOX_LOCK_FCNTL) != 0 ? " fcntl" : "",
	    (place->methods & MBOX_LOCK_FLOCK) != 0 ? " flock" : "");
	if (has_dotlock && visit->check->is_root &&
	    stat(place->directory, &status) == 0 &&
	    !lockkeeper_is_spared(&status, place->owner, place->group))
		report_ok(report,
		    "locks: the dotlock is made by the lock keeper, as the "
		    "owner cannot write %s",
		    place->directory);
}

static void
explain_dotlock(struct visit *visit)
{
	const struct mbox_place *place = &visit->place;
	char remedy[REPORT_LINE_SIZE], path[MBOX_PATH_SIZE + MBOX_NAME_SIZE],
	    word[QUOTED_SIZE];
	struct mbox_dotlock lock;

	mbox_look_at_dotlock(place, &lock);
	if (!lock.is_there || (place->methods & MBOX_LOCK_DOTLOCK) == 0)
		return;
	text_format(
	    path, sizeof(path), "%s/%s.lock", place->directory, place->name);
	if (lock.is_stale) {
		report_ok(&visit->check->report,
		    "locks: %s is stale, and is removed by the login", path);
		return;
	}
	text_format(remedy, sizeof(remedy), "wait; if it stays, rm %s",
	    quote(word, path));
	if (lock.holder != 0)
		visit_obstruct(visit, remedy,
		    "%s: locked by process %d, %lld s ago", path,
		    (int)lock.holder, (long long)lock.age);
	else
		visit_obstruct(visit, remedy, "%s: locked, %lld s ago", path,
		    (long long)lock.age);
}

static void
explain_file_locks(struct visit *visit)
{
	struct mbox_holder holder;
	char remedy[64] = "wait; if it stays, lsof tells whose it is";

	mbox_look_at_file_locks(&visit->place, &holder);
	if (!holder.is_held)
		return;
	if (holder.process != 0)
		text_format(
		    remedy, sizeof(remedy), "ps -p %d", (int)holder.process);
	visit_obstruct(visit, remedy, "%s/%s: locked by another program",
	    visit->place.directory, visit->place.name);
}

static void
explain_session(struct visit *visit)
{
	struct report *report = &visit->check->report;
	struct mbox_holder holder;
	bool is_unfinished;
	char remedy[64] = "it ends by itself when its client has gone";

	if (!visit->check->has_state)
		return;
	mbox_look_at_claim(visit->check->state.directory, &visit->place,
	    &holder, &is_unfinished);
	if (holder.is_held && holder.process != 0) {
		text_format(remedy, sizeof(remedy), "wait, or kill -TERM %d",
		    (int)holder.process);
		visit_obstruct(visit, remedy, "open in another session, pid %d",
		    (int)holder.process);
	} else if (holder.is_held) {
		visit_obstruct(visit, remedy, "open in another session");
	} else {
		report_ok(report, "session: none");
	}
	if (is_unfinished && !holder.is_held)
		report_ok(report,
		    "journal: an update was interrupted; the login finishes "
		    "it");
	else if (!is_unfinished)
		report_ok(report, "journal: empty");
}

/* ---- all of it ---------------------------------------------------------- */

void
visit_mailbox(struct visit *visit)
{
	if (!check_find_place(
		visit->check, &visit->login.line.account, &visit->place)) {
		visit_obstruct(visit, "ls -ld of its home directory",
		    "cannot tell where the mailbox is: %s", strerror(errno));
		return;
	}
	report_section(&visit->check->report, "mailbox");
	explain_file(visit);
	report_section(&visit->check->report, "locks");
	explain_locks(visit);
	explain_session(visit);
	explain_dotlock(visit);
	explain_file_locks(visit);
}
