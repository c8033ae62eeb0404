/*
 * Removing the marked messages and bringing Status: headers up to date, in
 * place, so that it survives a crash at any moment.  The inode never changes: a
 * mail program that holds the file open still delivers into the mailbox that
 * its owner sees.
 *
 *  1. Nothing is written before the locks are held and the file was found to
 *     be the one that was indexed.
 *  2. Nothing to change: no write.  All to remove: one ftruncate(2) to 0, which
 *     is atomic.  Other cuts are not: a file system clears the rest of the
 *     block first, and a power cut may leave the old size with NULs behind the
 *     new end.  From some size on the cut to 0 is a step too, for to give back
 *     the blocks takes longer than to write that down, and who waits is told
 *     then.
 *  3. Octets before the first marked message and the first addition are never
 *     written, but for the value of a Status: header that has room: any mixture
 *     of its old and new octets is a Status: header (status.c).
 *  4. What was appended since the scan is one more piece that stays.
 *  5. Otherwise each step is in the journal, on disk, before it is taken, with
 *     all that is to do after it; so from the first step written on, the end is
 *     a function of what is on disk, whatever part of the writes to the mailbox
 *     has got there.
 *  6. A step writes only to its target, or, when it is the last before a cut,
 *     to the doomed octets right behind it; its sources are in the journal or
 *     elsewhere, and no source of a later step is in either (portion.c).  So it
 *     can be repeated.
 *  7. The next step is written down only after the mailbox was synced, into the
 *     other journal file; so one of them always describes the mailbox.
 *  8. No cut is made before the mark that says that the last step was taken;
 *     and when the mark is there, a NUL, the sentinel, is on disk behind the
 *     last octet that stays.  So after a crash: without a mark appended mail
 *     begins at the old size; with a mark, the sentinel tells whether the cut
 *     was made: it stays until then, and no mail begins with it.
 *  9. After the first step is written, an error leaves the journal for later
 *     and says so; before it, it leaves everything as it was.
 * 10. A file that gets longer does so by one ftruncate(2), which is a step of
 *     its own, before any octet moves.  So after a crash the octet at the old
 *     end tells: if it is NUL the file has got longer, and appended mail begins
 *     at the new end; if not, or if there is none, nothing was begun.
 * 11. That the update is decided is told when the first step was taken: until
 *     then a full disk may make it be forgotten.
 */
#include "config.h"

#include "mbox/journal.h"
#include "support/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Milliseconds that are spent on getting the locks for flags alone. */
#define STATUS_PATIENCE 2000

static size_t
first_marked(const struct index *index)
{
	size_t i;

	for (i = 0; i < index->count; i++)
		if (index->messages[i].is_deleted)
			break;
	return i;
}

static size_t
first_change(const struct mbox *mbox)
{
	size_t marked = first_marked(&mbox->index);
	size_t status = status_first_wanted(mbox);

	return marked < status ? marked : status;
}

/* ---- is it still the file that was indexed? ----------------------------- */

/* Looks at the messages that the update depends on: all from the first one on
 * that changes, or, when size and times say that nobody wrote, the two at the
 * edges. */
static int
check(const struct mbox *mbox, const struct stat *status,
    struct mbox_reason *reason)
{
	size_t i = first_change(mbox);
	size_t last = mbox->index.count - 1;
	size_t step = 1;

	if (!mbox->filing.is_assumed &&
	    is_untouched(&mbox->index.status, status) && last > i)
		step = last - i;
	for (; i <= last; i += step)
		if (message_verify(mbox, i, reason) == -1)
			return -1;
	return 0;
}

/* ---- changing it -------------------------------------------------------- */

/* Without this the shell and mutt would announce new mail. */
static void
restore_times(const struct mbox *mbox, const struct stat *before)
{
	struct timespec times[2] = { before->st_atim, before->st_mtim };

	if (before->st_size == mbox->index.size)
		(void)futimens(mbox->lock.fd, times);
}

static bool
is_begun(const struct job *job)
{
	return job->is_committed || job->is_uncertain;
}

/* Btrfs clears the rest of the block in memory, and then finds out that a quota
 * does not allow the cut: what is on disk is still right. */
static int
cut(struct job *job)
{
	if (ftruncate(job->lock->fd, job->plan.end) == -1) {
		int error = errno;

		(void)posix_fadvise(job->lock->fd, 0, 0, POSIX_FADV_DONTNEED);
		errno = error;
		return -1;
	}
	job->is_uncertain = true;
	return job_sync(job);
}

/* Others may have appended without fsync(2): no step may refer to octets that a
 * power cut could take away. */
static int
move_and_cut(struct job *job)
{
	return job_sync(job) == -1 ? -1 : job_run(job);
}

/* Where the journal has no room not even for a cut, the cut is made all the
 * same: a full disk must not keep its owner from emptying it. */
static int
carry_out(struct job *job)
{
	bool only_cuts = job->plan.count == 0;

	if (only_cuts && job->plan.end == job->plan.size)
		return 0;
	if (only_cuts && job->plan.end == 0 &&
	    job->plan.size <= job->place->journal_size)
		return cut(job);
	if (move_and_cut(job) == 0)
		return 0;
	return only_cuts && job->is_refused && !is_begun(job) ? cut(job) : -1;
}

static int
change(const struct mbox *mbox, const struct additions *additions, off_t size,
    struct job *job)
{
	int result;

	if (plan_make(&job->plan, &mbox->index, additions, size) == -1)
		return -1;
	result = carry_out(job);
	plan_free(&job->plan);
	return result;
}

static int
explain(
    const struct mbox *mbox, const struct job *job, struct mbox_reason *reason)
{
	if (job->is_committed)
		return reason_set(reason, MBOX_PENDING, &mbox->place, errno,
		    "the update will be completed later");
	if (job->is_uncertain)
		return reason_set(reason, MBOX_UNCERTAIN, &mbox->place, errno,
		    "it is not certain that the update is on disk");
	return reason_errno(
	    reason, &mbox->place, "cannot be updated, nothing deleted");
}

/* Additions that cannot be made do not keep the marked messages. */
static int
mark_and_expunge(
    struct mbox *mbox, const struct stat *status, struct mbox_reason *reason)
{
	struct job job = { .lock = &mbox->lock,
		.place = &mbox->place,
		.watcher = &mbox->watcher };
	struct additions *additions = &mbox->additions;
	int result;

	index_file_drop(mbox->place.index);
	free(additions->list);
	status_mark(mbox, additions);
	result = change(mbox, additions, status->st_size, &job);
	if (result == -1 && additions->count > 0 && !is_begun(&job)) {
		additions->count = 0;
		result = change(mbox, additions, status->st_size, &job);
	}
	if (result == -1)
		explain(mbox, &job, reason);
	else
		restore_times(mbox, status);
	mbox->is_updated =
	    result == 0 && fstat(mbox->lock.fd, &mbox->index.status) == 0;
	mbox->filing.is_void = !mbox->is_updated;
	return result;
}

/* All locks are held. */
static int
check_and_expunge(struct mbox *mbox, struct mbox_reason *reason)
{
	struct stat status;

	if (fstat(mbox->lock.fd, &status) == -1)
		return reason_errno(reason, &mbox->place, "cannot be examined");
	if (check(mbox, &status, reason) == -1) {
		index_distrust(mbox);
		return -1;
	}
	return mark_and_expunge(mbox, &status, reason);
}

static int
update(struct mbox *mbox, int64_t deadline, struct mbox_reason *reason)
{
	int result;

	if (lock_acquire(&mbox->lock, deadline, reason) == -1)
		return -1;
	if (mbox->lock.is_missing)
		return reason_set(reason, MBOX_CHANGED, &mbox->place, 0,
		    "has gone; nothing deleted");
	result = check_and_expunge(mbox, reason);
	lock_release(&mbox->lock);
	return result;
}

/* Before any message was looked at, only an O can be wanted. */
static bool
wants_any(struct mbox *mbox, struct mbox_reason *reason)
{
	return !mbox->place.leaves_status && mbox->index.wants_seen > 0 &&
	    mbox_load(mbox, reason) == 0;
}

/* Nobody has asked for this: where it cannot be done it is left out. */
static int
update_status(struct mbox *mbox, int64_t deadline, struct mbox_reason *reason)
{
	int64_t patience = clock_now() + STATUS_PATIENCE;

	if (!index_is_loaded(&mbox->index) && !wants_any(mbox, reason))
		return 0;
	if (status_first_wanted(mbox) == mbox->index.count)
		return 0;
	if (deadline > patience)
		deadline = patience;
	if (update(mbox, deadline, reason) == 0)
		return 0;
	return reason->failure == MBOX_PENDING ? -1 : 0;
}

int
mbox_update(struct mbox *mbox, int64_t deadline, struct mbox_reason *reason)
{
	if (mbox->marked == 0)
		return update_status(mbox, deadline, reason);
	if (update(mbox, deadline, reason) == -1)
		return -1;
	(void)copies_remember(mbox);
	return 0;
}
