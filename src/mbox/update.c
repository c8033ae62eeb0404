/*
 * Removing the marked messages, in place, so that it survives a crash at any
 * moment.  The inode never changes: a mail program that holds the file open
 * still delivers into the mailbox that its owner sees.
 *
 *  1. Nothing is written before the locks are held and the file was found to
 *     be the one that was indexed.
 *  2. Nothing to remove: no write.  Only a suffix to remove: one ftruncate(2),
 *     which is atomic.
 *  3. Octets before the first marked message are never written.
 *  4. What was appended since the scan is one more piece that stays.
 *  5. Otherwise each step is in the journal, on disk, before it is taken, with
 *     all that is to do after it; so from the first step written on, the end is
 *     a function of what is on disk, whatever part of the writes to the mailbox
 *     has got there.
 *  6. A step writes only to its target, or, when it is the last, to the doomed
 *     octets right behind it; its sources are in the journal or elsewhere, and
 *     the sources of later steps lie behind both.  So it can be repeated.
 *  7. The next step is written down only after the mailbox was synced, into the
 *     other journal file; so one of them always describes the mailbox.
 *  8. No cut is made before the mark that says that the last step was taken;
 *     and when the mark is there, the nonce is on disk behind the last octet
 *     that stays.  So after a crash: without a mark appended mail begins at the
 *     old size; with a mark, the nonce tells whether the cut was made: no mail
 *     begins with its NUL.
 *  9. After the first step is written, an error leaves the journal for later
 *     and says so; before it, it leaves everything as it was.
 */
#include "config.h"

#include "mbox/journal.h"
#include "support/fileio.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t
first_marked(const struct index *index)
{
	size_t i;

	for (i = 0; i < index->count; i++)
		if (index->messages[i].is_deleted)
			break;
	return i;
}

/* ---- is it still the file that was indexed? ----------------------------- */

static bool
is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool
is_untouched(const struct index *index, const struct stat *status)
{
	return status->st_size == index->size &&
	    is_same_time(&status->st_mtim, &index->modified) &&
	    is_same_time(&status->st_ctim, &index->changed);
}

/* Looks at the messages that the update depends on: all from the first marked
 * one, or, when size and times say that nobody wrote, the two at the edges. */
static int
check(const struct mbox *mbox, const struct stat *status,
    struct mbox_reason *reason)
{
	size_t i = first_marked(&mbox->index);
	size_t last = mbox->index.count - 1;
	size_t step = 1;

	if (is_untouched(&mbox->index, status) && last > i)
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

static int
cut(const struct mbox *mbox, struct job *job)
{
	if (ftruncate(mbox->lock.fd, job->plan.target) == -1)
		return -1;
	job->is_uncertain = true;
	return mbox->place.syncs ? fileio_sync(mbox->lock.fd) : 0;
}

/* Others may have appended without fsync(2): no step may refer to octets that a
 * power cut could take away. */
static int
move_and_cut(struct mbox *mbox, struct job *job)
{
	if (mbox->place.syncs && fileio_sync(mbox->lock.fd) == -1)
		return -1;
	return job_run(job);
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

static int
expunge(
    struct mbox *mbox, const struct stat *status, struct mbox_reason *reason)
{
	struct job job = { .lock = &mbox->lock, .place = &mbox->place };
	int result;

	if (plan_make(&job.plan, &mbox->index, status->st_size) == -1)
		return reason_errno(reason, &mbox->place, "no memory");
	result =
	    job.plan.count == 0 ? cut(mbox, &job) : move_and_cut(mbox, &job);
	if (result == -1)
		explain(mbox, &job, reason);
	else
		restore_times(mbox, status);
	plan_free(&job.plan);
	return result;
}

/* All locks are held. */
static int
check_and_expunge(struct mbox *mbox, struct mbox_reason *reason)
{
	struct stat status;

	if (fstat(mbox->lock.fd, &status) == -1)
		return reason_errno(reason, &mbox->place, "cannot be examined");
	if (check(mbox, &status, reason) == -1)
		return -1;
	return expunge(mbox, &status, reason);
}

int
mbox_update(struct mbox *mbox, int64_t deadline, struct mbox_reason *reason)
{
	int result;

	if (first_marked(&mbox->index) == mbox->index.count)
		return 0;
	if (lock_acquire(&mbox->lock, deadline, reason) == -1)
		return -1;
	if (mbox->lock.is_missing)
		return reason_set(reason, MBOX_CHANGED, &mbox->place, 0,
		    "has gone; nothing deleted");
	result = check_and_expunge(mbox, reason);
	lock_release(&mbox->lock);
	if (result == 0)
		(void)copies_remember(mbox);
	return result;
}
