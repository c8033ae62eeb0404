/*
 * Steps of an update: choosing one, describing it, taking it, and taking it
 * again after a crash.
 *
 * Where the gap before the next piece is wide, a step writes only where none of
 * its own sources are, so it can be repeated from the file itself.  Where it is
 * narrow, the new octets go into the journal first, in bounded portions.
 */
#include "config.h"

#include "mbox/journal.h"
#include "support/fileio.h"
#include "support/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A gap from here on is worth steps of its width without data. */
#define WIDE_GAP ((off_t)8 * 1024 * 1024)

/* The most octets of a step without data: its block checksums are in memory
 * and in the journal. */
#define LONGEST_STEP ((off_t)1024 * 1024 * 1024)

/* A journal that cannot have the usual portion tries halves of it. */
#define LEAST_PORTION ((off_t)64 * 1024)

/* ---- describing a step -------------------------------------------------- */

static off_t
choose_length(const struct plan *plan, off_t portion, bool *has_data)
{
	off_t left = plan_length(plan);
	off_t gap = plan->pieces[0].from - plan->target - NONCE_LENGTH;

	*has_data = gap < left && gap < WIDE_GAP;
	if (*has_data)
		return left < portion ? left : portion;
	if (left > gap)
		left = gap;
	return left < LONGEST_STEP ? left : LONGEST_STEP;
}

static int
make_nonce(unsigned char nonce[NONCE_LENGTH])
{
	nonce[0] = '\0'; /* no mail begins like this */
	return secret_random(nonce + 1, NONCE_LENGTH - 1);
}

static int
read_new(struct step *step, int fd, bool has_data)
{
	size_t length = (size_t)step->length;

	if (!has_data)
		return blocks_sum_plan(&step->plan, fd, step->plan.target,
		    step->length, step->new_blocks);
	step->data = malloc(length);
	if (step->data == NULL ||
	    plan_read(&step->plan, fd, 0, step->data, length) == -1)
		return -1;
	blocks_sum(step->data, length, step->plan.target, step->new_blocks);
	return 0;
}

/* Fills a step that borrows the plan of the job. */
static int
describe(const struct job *job, struct step *step, off_t portion)
{
	int fd = job->lock->fd;
	struct stat status;
	bool has_data;

	memset(step, 0, sizeof(*step));
	if (fstat(fd, &status) == -1)
		return -1;
	step->generation = job->generation + 1;
	step->device = status.st_dev;
	step->inode = status.st_ino;
	step->plan = job->plan;
	step->length = choose_length(&job->plan, portion, &has_data);
	step->is_last = step->length == plan_length(&job->plan);
	step->block_count = blocks_count(step->plan.target, step->length);
	step->old_blocks = calloc(step->block_count, sizeof(uint64_t));
	step->new_blocks = calloc(step->block_count, sizeof(uint64_t));
	if (step->old_blocks == NULL || step->new_blocks == NULL ||
	    make_nonce(step->nonce) == -1 ||
	    blocks_sum_prefix(fd, step->plan.target, &step->prefix) == -1 ||
	    blocks_sum_file(
		fd, step->plan.target, step->length, step->old_blocks) == -1)
		return -1;
	return read_new(step, fd, has_data);
}

/* The plan stays with the job. */
static void
forget(struct step *step)
{
	int error = errno;

	memset(&step->plan, 0, sizeof(step->plan));
	step_free(step);
	errno = error;
}

/* ---- taking it ---------------------------------------------------------- */

static int
sync_mailbox(const struct job *job)
{
	return job->place->syncs ? fileio_sync(job->lock->fd) : 0;
}

/* Copies from the sources to the target, which lie apart. */
static int
copy(const struct job *job, const struct step *step, char *chunk)
{
	uint64_t sums[BLOCKS_CHUNK_SIZE / BLOCK_SIZE];
	const uint64_t *expected = step->new_blocks;
	off_t done = 0;

	while (done < step->length) {
		off_t position = step->plan.target + done;
		size_t part = blocks_chunk(position, step->length - done);
		size_t count;

		if (plan_read(&step->plan, job->lock->fd, done, chunk, part) ==
		    -1)
			return -1;
		count = blocks_sum(chunk, part, position, sums);
		if (memcmp(sums, expected, count * sizeof(*sums)) != 0) {
			errno = ESTALE;
			return -1;
		}
		if (fileio_write_at(job->lock->fd, chunk, part, position) == -1)
			return -1;
		expected += count;
		done += (off_t)part;
		lock_renew(job->lock);
	}
	return 0;
}

static int
write_target(const struct job *job, const struct step *step)
{
	char *chunk;
	int result;

	if (step->data != NULL)
		return fileio_write_at(job->lock->fd, step->data,
		    (size_t)step->length, step->plan.target);
	chunk = malloc(BLOCKS_CHUNK_SIZE);
	if (chunk == NULL)
		return -1;
	result = copy(job, step, chunk);
	free(chunk);
	return result;
}

static int
take(const struct job *job, const struct step *step, bool puts_nonce)
{
	if (write_target(job, step) == -1)
		return -1;
	if (puts_nonce &&
	    fileio_write_at(job->lock->fd, step->nonce, NONCE_LENGTH,
		step->plan.target + step->length) == -1)
		return -1;
	return sync_mailbox(job);
}

/* ---- one after the other ------------------------------------------------ */

static bool
may_be_smaller(const struct step *step, off_t portion)
{
	return error_is_full(errno) && step->data != NULL &&
	    portion / 2 >= LEAST_PORTION;
}

/* Describes the next step and writes it down; in smaller portions where the
 * journal has no room for the usual one. */
static int
prepare_step(struct job *job, struct step *step)
{
	off_t portion = job->place->journal_size;

	while (describe(job, step, portion) == 0) {
		switch (journal_write(job->place, step)) {
		case JOURNAL_WRITTEN:
			return 0;
		case JOURNAL_UNKNOWN:
			job->is_uncertain = true;
			return -1;
		case JOURNAL_REFUSED:
			break;
		}
		if (!may_be_smaller(step, portion))
			return -1;
		forget(step);
		portion /= 2;
	}
	return -1;
}

static int
next_step(struct job *job)
{
	struct step step;
	off_t length;
	int result;

	if (prepare_step(job, &step) == -1) {
		forget(&step);
		return -1;
	}
	job->generation = step.generation;
	job->is_committed = true;
	length = step.length;
	result = take(job, &step, step.is_last);
	if (result == 0 && step.is_last)
		result = journal_mark_copied(job->place, &step);
	forget(&step);
	if (result == 0)
		plan_advance(&job->plan, length);
	return result;
}

/* Cuts the file, in which everything is in its place, and empties the
 * journal. */
static int
finish(const struct job *job, off_t size)
{
	if (ftruncate(job->lock->fd, size) == -1 || sync_mailbox(job) == -1)
		return -1;
	return journal_clear(job->place, job->generation);
}

int
job_run(struct job *job)
{
	while (job->plan.count > 0) {
		if (next_step(job) == -1)
			return -1;
		lock_renew(job->lock);
	}
	return finish(job, job->plan.target);
}

/* ---- after a crash ------------------------------------------------------ */

/* The nonce belongs behind the last octet only if nothing comes behind. */
int
job_redo(struct job *job, const struct step *step)
{
	bool ends_here = plan_length(&job->plan) == step->length;

	if (take(job, step, ends_here) == -1)
		return -1;
	if (ends_here && journal_mark_copied(job->place, step) == -1)
		return -1;
	plan_advance(&job->plan, step->length);
	return 0;
}

static bool
is_old_or_new(const struct step *step, const uint64_t *found)
{
	size_t i;

	for (i = 0; i < step->block_count; i++)
		if (found[i] != step->old_blocks[i] &&
		    found[i] != step->new_blocks[i])
			return false;
	return true;
}

static int
compare(const struct step *step, int fd, uint64_t *found)
{
	uint64_t prefix;

	if (blocks_sum_prefix(fd, step->plan.target, &prefix) == -1 ||
	    blocks_sum_file(fd, step->plan.target, step->length, found) == -1)
		return -1;
	return prefix == step->prefix && is_old_or_new(step, found);
}

int
step_verify(const struct step *step, int fd)
{
	uint64_t *found;
	int result;

	if (step->block_count != blocks_count(step->plan.target, step->length))
		return 0;
	found = calloc(step->block_count + 1, sizeof(*found));
	if (found == NULL)
		return -1;
	result = compare(step, fd, found);
	free(found);
	return result;
}
