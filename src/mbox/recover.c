/*
 * Finishing an update that a crash has interrupted; the invariants are those of
 * update.c.  What is changed here is journalled in the same way, so a crash in
 * here is one more crash of the update.
 */
#include "config.h"

#include "mbox/journal.h"
#include "support/fileio.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
refuse(const struct mbox_place *place, struct mbox_reason *reason)
{
	return reason_set(reason, MBOX_CHANGED, place, 0,
	    "was rewritten by another program after an update was "
	    "interrupted; it is left as it is");
}

static int
fail(const struct mbox_place *place, struct mbox_reason *reason)
{
	if (errno == ESTALE)
		return refuse(place, reason);
	return reason_set(reason, MBOX_PENDING, place, errno,
	    "the interrupted update cannot be completed now");
}

/* What was appended since the step was written down stays too. */
static int
take_tail(struct job *job, off_t size)
{
	off_t from = job->plan.size;

	job->plan.size = size;
	return plan_keep(&job->plan, from, size);
}

/* ---- the three cases ---------------------------------------------------- */

/* There is nothing left to do, or nothing was begun. */
static int
clear(const struct job *job, struct mbox_reason *reason)
{
	if (journal_clear(job->place, job->generation) == -1)
		return fail(job->place, reason);
	return 0;
}

/* 1 if the file has got the octets that it was to grow by, which read as NUL, 0
 * if not, -1 with errno. */
static int
is_extended(const struct step *step, int fd, off_t size)
{
	return size < step->plan.end ? 0 : sentinel_is_at(fd, step->plan.size);
}

/* Refuses what is not sound; otherwise 0, or -1 with errno told in reason. */
static int
check_tail(const struct job *job, off_t from, struct mbox_reason *reason)
{
	int sound = tail_is_sound(job->lock->fd, from);

	if (sound == 0)
		return refuse(job->place, reason);
	return sound == -1 ? fail(job->place, reason) : 0;
}

static int
check_step(
    const struct job *job, const struct step *step, struct mbox_reason *reason)
{
	int verified = step_verify(step, job->lock->fd);

	if (verified == 0)
		return refuse(job->place, reason);
	return verified == -1 ? fail(job->place, reason) : 0;
}

/* The step that makes the file longer: it was not taken, and nothing else
 * either; or it was, and appended mail is where it belongs. */
static int
redo_extension(struct job *job, const struct step *step, off_t size,
    struct mbox_reason *reason)
{
	int extended = is_extended(step, job->lock->fd, size);

	if (extended == -1)
		return fail(job->place, reason);
	if (extended == 0)
		return clear(job, reason);
	if (check_step(job, step, reason) == -1 ||
	    check_tail(job, step->plan.end, reason) == -1)
		return -1;
	job->plan.size = step->plan.end;
	if (job_sync(job) == -1 || take_tail(job, size) == -1 ||
	    job_run(job) == -1)
		return fail(job->place, reason);
	return 0;
}

/* Without the mark: no cut was made, so all behind the old size was appended
 * since.  Takes the step again and goes on. */
static int
redo(struct job *job, const struct step *step, off_t size,
    struct mbox_reason *reason)
{
	if (size < step->plan.size)
		return refuse(job->place, reason);
	if (check_tail(job, step->plan.size, reason) == -1 ||
	    check_step(job, step, reason) == -1)
		return -1;
	if (take_tail(job, size) == -1)
		return fail(job->place, reason);
	if (job_redo(job, step) == -1)
		return job_forget(job, step) == 0 ? 0
						  : fail(job->place, reason);
	return job_run(job) == -1 ? fail(job->place, reason) : 0;
}

/* With the mark: everything is in its place, and the sentinel tells whether the
 * cut was made.  If not, appended mail is one more piece to move. */
static int
finish(struct job *job, const struct step *step, off_t size,
    struct mbox_reason *reason)
{
	off_t end = step->plan.end;
	int uncut;

	if (size < end)
		return refuse(job->place, reason);
	uncut = size < step->plan.size ? 0 : sentinel_is_at(job->lock->fd, end);
	if (uncut == -1)
		return fail(job->place, reason);
	if (uncut == 0)
		return clear(job, reason);
	if (check_tail(job, step->plan.size, reason) == -1)
		return -1;
	plan_advance(&job->plan, step->target, step->length);
	job->is_marked = true;
	if (take_tail(job, size) == -1 || job_run(job) == -1)
		return fail(job->place, reason);
	return 0;
}

/* ---- all of it ---------------------------------------------------------- */

static int
complete_as(struct job *job, const struct step *step, off_t size,
    struct mbox_reason *reason)
{
	if (step->is_extension)
		return redo_extension(job, step, size, reason);
	return step->is_copied ? finish(job, step, size, reason)
			       : redo(job, step, size, reason);
}

static int
complete(struct lock *lock, const struct step *step, struct mbox_reason *reason)
{
	struct job job = { .lock = lock,
		.place = lock->place,
		.generation = step->generation };
	struct stat status;
	int result;

	if (fstat(lock->fd, &status) == -1)
		return fail(lock->place, reason);
	if (status.st_ino != step->inode)
		return refuse(lock->place, reason);
	if (plan_copy(&job.plan, &step->plan) == -1)
		return fail(lock->place, reason);
	result = complete_as(&job, step, status.st_size, reason);
	plan_free(&job.plan);
	return result;
}

/* All locks are held. */
static int
read_and_complete(struct lock *lock, struct mbox_reason *reason)
{
	struct step step;
	int found = journal_read(lock->place, &step);
	int result;

	if (found == -1)
		return fail(lock->place, reason);
	if (found == 0) /* no step was ever taken */
		return journal_clear(lock->place, 0) == 0
		    ? 0
		    : fail(lock->place, reason);
	result = complete(lock, &step, reason);
	step_free(&step);
	return result;
}

bool
mbox_needs_recovery(const struct mbox_place *place)
{
	return journal_is_used(place);
}

int
mbox_recover(const struct mbox_place *place, int64_t deadline,
    struct mbox_reason *reason)
{
	struct lock lock;
	int result;

	index_file_drop(place->index);
	lock_init(&lock, place, false);
	result = lock_acquire(&lock, deadline, reason);
	if (result == 0 && lock.is_missing)
		result = refuse(place, reason);
	else if (result == 0)
		result = read_and_complete(&lock, reason);
	lock_close(&lock);
	return result;
}

int
mbox_rescue(const struct mbox_place *place, int out)
{
	struct step step;
	int found = journal_read(place, &step);
	int result = 0;

	if (found == -1)
		return -1;
	if (found == 1 && step.data != NULL)
		result = fileio_write(out, step.data, (size_t)step.length);
	if (result == 0)
		result = fileio_sync(out);
	if (result == 0)
		result = journal_clear(place, found == 1 ? step.generation : 0);
	if (found == 1)
		step_free(&step);
	return result;
}
