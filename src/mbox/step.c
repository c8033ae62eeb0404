/*
 * One step of an update: describing it, taking it, and telling after a crash
 * whether its target is still its own.
 *
 * Where the gap before the next piece is wide, a step writes only where none of
 * its own sources are, so it can be repeated from the file itself.  Elsewhere
 * the new octets go into the journal first, in bounded portions.
 */
#include "config.h"

#include "mbox/journal.h"
#include "support/fileio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* So many octets before the target must be the same at recovery. */
#define PREFIX_LENGTH 4096

/* ---- describing --------------------------------------------------------- */

static int
begin(const struct job *job, struct step *step)
{
	struct stat status;

	memset(step, 0, sizeof(*step));
	if (fstat(job->lock->fd, &status) == -1)
		return -1;
	step->generation = job->generation + 1;
	step->inode = status.st_ino;
	step->plan = job->plan;
	step->is_first = !job->is_committed;
	return 0;
}

static int
sum_prefix(int fd, off_t target, off_t end, uint64_t *sum)
{
	off_t start = target < PREFIX_LENGTH ? 0 : target - PREFIX_LENGTH;

	return blocks_sum_range(fd, start, end, sum);
}

static int
make_blocks(struct step *step)
{
	step->block_count = blocks_count(step->target, step->length);
	step->old_blocks = calloc(step->block_count + 1, sizeof(uint64_t));
	step->new_blocks = calloc(step->block_count + 1, sizeof(uint64_t));
	return step->old_blocks == NULL || step->new_blocks == NULL ? -1 : 0;
}

/* All steps of a job use the same room: to get it from the system again takes
 * longer than to fill it. */
static int
borrow_room(struct job *job, struct step *step)
{
	if (job->data == NULL)
		job->data = malloc((size_t)job->portion);
	step->data = job->data;
	return job->data == NULL ? -1 : 0;
}

/* Sums the octets at the target and brings the new ones together, chunk by
 * chunk: what a chunk of both has in common is then still at hand. */
static int
sum_chunks(struct step *step, int fd, char *chunk)
{
	uint64_t *old_sums = step->old_blocks;
	uint64_t *new_sums = step->new_blocks;
	off_t done = 0;

	while (done < step->length) {
		off_t position = step->target + done;
		size_t part = blocks_chunk(position, step->length - done);
		char *octets = step->data == NULL ? chunk : step->data + done;

		if (blocks_read(fd, position, chunk, part) == -1)
			return -1;
		old_sums += blocks_sum(chunk, part, position, old_sums);
		if (plan_read(&step->plan, fd, position, octets, part) == -1)
			return -1;
		new_sums += blocks_sum(octets, part, position, new_sums);
		done += (off_t)part;
	}
	return 0;
}

static int
sum_step(struct step *step, int fd)
{
	char *chunk = malloc(BLOCKS_CHUNK_SIZE);
	int result = chunk == NULL ? -1 : sum_chunks(step, fd, chunk);

	free(chunk);
	return result;
}

int
step_describe(struct job *job, struct step *step)
{
	struct portion portion = portion_choose(&job->plan, job->portion);
	int fd = job->lock->fd;

	if (begin(job, step) == -1)
		return -1;
	if (portion.length <= 0 && job->plan.count > 0) {
		errno = EINVAL;
		return -1;
	}
	step->target = portion.target;
	step->length = portion.length;
	if (make_blocks(step) == -1 ||
	    sum_prefix(fd, step->target, step->target, &step->prefix) == -1 ||
	    (portion.has_data && portion.length > 0 &&
		borrow_room(job, step) == -1))
		return -1;
	return sum_step(step, fd);
}

int
step_describe_extension(const struct job *job, struct step *step)
{
	if (begin(job, step) == -1)
		return -1;
	step->is_extension = true;
	step->target = plan_target(&job->plan);
	return sum_prefix(
	    job->lock->fd, step->target, job->plan.size, &step->prefix);
}

void
step_forget(struct step *step)
{
	int error = errno;

	memset(&step->plan, 0, sizeof(step->plan));
	step->data = NULL;
	step_free(step);
	errno = error;
}

/* ---- taking it ---------------------------------------------------------- */

/* Copies from the sources to the target, which lie apart. */
static int
copy(const struct job *job, const struct step *step, char *chunk)
{
	const uint64_t *sums = step->new_blocks;
	off_t done = 0;

	while (done < step->length) {
		off_t position = step->target + done;
		size_t part = blocks_chunk(position, step->length - done);

		if (plan_read(&step->plan, job->lock->fd, position, chunk,
			part) == -1)
			return -1;
		if (!blocks_check(chunk, part, position, sums)) {
			errno = ESTALE;
			return -1;
		}
		if (fileio_write_at(job->lock->fd, chunk, part, position) == -1)
			return -1;
		sums += blocks_count(position, (off_t)part);
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
		    (size_t)step->length, step->target);
	chunk = malloc(BLOCKS_CHUNK_SIZE);
	if (chunk == NULL)
		return -1;
	result = copy(job, step, chunk);
	free(chunk);
	return result;
}

/* Mail that was appended since the step was described is in the plan of the
 * job, not in that of the step; then something comes after it. */
bool
step_precedes_cut(const struct plan *plan, const struct step *step)
{
	return plan->end < plan->size && plan_target(plan) == step->target &&
	    plan->end == step->target + step->length;
}

int
sentinel_is_at(int fd, off_t position)
{
	char found;
	ssize_t n = fileio_read_at(fd, &found, 1, position);

	return n == -1 ? -1 : n == 1 && found == SENTINEL;
}

int
step_take(const struct job *job, const struct step *step)
{
	char sentinel = SENTINEL;

	if (write_target(job, step) == -1)
		return -1;
	if (step_precedes_cut(&job->plan, step) &&
	    fileio_write_at(job->lock->fd, &sentinel, 1, job->plan.end) == -1)
		return -1;
	return job_sync(job);
}

/* ---- after a crash ------------------------------------------------------ */

static bool
are_old(const struct step *step, const uint64_t *found)
{
	return memcmp(found, step->old_blocks,
		   step->block_count * sizeof(*found)) == 0;
}

static bool
are_old_or_new(const struct step *step, const uint64_t *found)
{
	size_t i;

	for (i = 0; i < step->block_count; i++)
		if (found[i] != step->old_blocks[i] &&
		    found[i] != step->new_blocks[i])
			return false;
	return true;
}

/* Asks judge about the blocks that are in the file now. */
static int
compare(const struct step *step, int fd,
    bool (*judge)(const struct step *step, const uint64_t *found))
{
	uint64_t *found = calloc(step->block_count + 1, sizeof(*found));
	int result = -1;

	if (found == NULL)
		return -1;
	if (blocks_sum_file(fd, step->target, step->length, found) == 0)
		result = judge(step, found);
	free(found);
	return result;
}

int
step_is_untaken(const struct step *step, int fd)
{
	return compare(step, fd, are_old);
}

int
step_verify(const struct step *step, int fd)
{
	off_t end = step->is_extension ? step->plan.size : step->target;
	uint64_t prefix;

	if (step->block_count != blocks_count(step->target, step->length))
		return 0;
	if (sum_prefix(fd, step->target, end, &prefix) == -1)
		return -1;
	return prefix == step->prefix ? compare(step, fd, are_old_or_new) : 0;
}
