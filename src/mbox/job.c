/*
 * An update under way: makes the file longer if it has to be, takes one step
 * after the other, each written down before it is taken, and cuts the file in
 * the end.
 */
#include "config.h"

#include "mbox/journal.h"
#include "support/fileio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* A journal that cannot have the usual portion tries halves of it. */
#define LEAST_PORTION ((off_t)64 * 1024)

int
job_sync(const struct job *job)
{
	return job->place->syncs ? fileio_sync(job->lock->fd) : 0;
}

static int
write_down(struct job *job, const struct step *step)
{
	switch (journal_write(job->place, step)) {
	case JOURNAL_WRITTEN:
		job->generation = step->generation;
		return 0;
	case JOURNAL_UNKNOWN:
		job->is_uncertain = true;
		break;
	case JOURNAL_REFUSED:
		job->is_refused = true;
		break;
	}
	return -1;
}

/* ---- making room in the journal ----------------------------------------- */

static bool
can_be_halved(off_t portion)
{
	return error_is_full(errno) && portion / 2 >= LEAST_PORTION;
}

/* A write that a limit cuts off in the middle of a block could not be told from
 * that of another program. */
static bool
is_within_limit(const struct mbox_place *place, off_t size)
{
	return place->file_limit == 0 || size < place->file_limit;
}

static int
reserve(struct job *job)
{
	off_t left = plan_left(&job->plan);
	off_t portion = job->place->journal_size;

	if (!is_within_limit(job->place, job->plan.end)) {
		job->is_refused = true;
		errno = EFBIG;
		return -1;
	}
	if (portion > left)
		portion = left;
	while (journal_reserve(job->place, record_room(&job->plan, portion)) ==
	    -1) {
		if (!can_be_halved(portion)) {
			job->is_refused = true;
			return -1;
		}
		portion /= 2;
	}
	job->portion = portion;
	return 0;
}

/* ---- making room behind the end ----------------------------------------- */

/* The blocks are taken first: the cheap way to find out that there are none.
 * Where a file system cannot do that, mailboxes do not grow. */
static int
take_blocks(const struct job *job)
{
	return fallocate(job->lock->fd, FALLOC_FL_KEEP_SIZE, job->plan.size,
	    job->plan.end - job->plan.size);
}

/* Up to here nothing but the journal has been written. */
static int
write_extension(struct job *job)
{
	struct step step;
	int result = step_describe_extension(job, &step);

	if (result == 0)
		result = write_down(job, &step);
	step_forget(&step);
	return result;
}

/* If the file has not become longer, recovery gives the update up. */
static int
extend(struct job *job)
{
	if (take_blocks(job) == -1 || write_extension(job) == -1)
		return -1;
	if (ftruncate(job->lock->fd, job->plan.end) == -1) {
		int error = errno;

		(void)journal_clear(job->place, job->generation);
		errno = error;
		return -1;
	}
	job->is_uncertain = true;
	if (job_sync(job) == -1)
		return -1;
	job->is_uncertain = false;
	job->is_committed = true;
	job->plan.size = job->plan.end;
	return 0;
}

/* ---- one after the other ------------------------------------------------ */

int
job_redo(struct job *job, const struct step *step)
{
	if (step_take(job, step) == -1)
		return -1;
	if (step_precedes_cut(&job->plan, step)) {
		if (journal_mark_copied(job->place, step) == -1)
			return -1;
		job->is_marked = true;
	}
	plan_advance(&job->plan, step->target, step->length);
	return 0;
}

static bool
can_be_forgotten(const struct job *job, const struct step *step)
{
	int fd = job->lock->fd;

	return error_is_full(errno) && step->is_first && !step->is_extension &&
	    step_is_untaken(step, fd) == 1 &&
	    (!step_precedes_cut(&job->plan, step) ||
		sentinel_is_at(fd, job->plan.end) == 0);
}

/* A full file system that copies what is overwritten refuses the first write.
 * Then nothing has changed, and the update can be forgotten. */
int
job_forget(struct job *job, const struct step *step)
{
	int error = errno;
	int result = -1;

	if (can_be_forgotten(job, step)) {
		result = journal_clear(job->place, step->generation);
		job->is_committed = false;
		job->is_uncertain = result == -1;
	}
	errno = error;
	return result;
}

static void
tell(struct job *job)
{
	const struct watcher *watcher = job->watcher;

	job->watcher = NULL;
	if (watcher != NULL && watcher->decided != NULL)
		watcher->decided(watcher->about);
}

static int
next_step(struct job *job)
{
	struct step step;
	int result = step_describe(job, &step);

	if (result == 0)
		result = write_down(job, &step);
	if (result == 0) {
		job->is_committed = true;
		result = job_redo(job, &step);
		if (result == -1)
			(void)job_forget(job, &step);
		else
			tell(job);
	}
	step_forget(&step);
	return result;
}

/* A cut is a step too, if no other one comes before it. */
static bool
is_done(const struct job *job)
{
	return job->plan.count == 0 &&
	    (job->is_marked || job->plan.end == job->plan.size);
}

/* Cuts the file, in which everything is in its place, and empties the
 * journal. */
static int
finish(const struct job *job)
{
	if (job->plan.end < job->plan.size &&
	    (ftruncate(job->lock->fd, job->plan.end) == -1 ||
		job_sync(job) == -1))
		return -1;
	return journal_clear(job->place, job->generation);
}

static int
take_steps(struct job *job)
{
	if (!is_done(job) && reserve(job) == -1)
		return -1;
	if (job->plan.end > job->plan.size && extend(job) == -1)
		return -1;
	while (!is_done(job)) {
		if (next_step(job) == -1)
			return -1;
		lock_renew(job->lock);
	}
	return finish(job);
}

/* What an update that was never begun has taken of the disk is given back. */
int
job_run(struct job *job)
{
	int result = take_steps(job);
	int error = errno;

	if (result == -1 && job->generation == 0 && !job->is_uncertain)
		(void)journal_clear(job->place, 0);
	free(job->data);
	job->data = NULL;
	errno = error;
	return result;
}
