/*
 * Checksums of the parts of a mailbox that a step of an update touches, block
 * by block: so recovery can tell what is old, what is new, and what is foreign.
 */
#include "config.h"

#include "mbox/journal.h"
#include "support/checksum.h"

#include <stdlib.h>

size_t
blocks_count(off_t position, off_t length)
{
	off_t end = position + length;

	if (length == 0)
		return 0;
	return (size_t)((end + BLOCK_SIZE - 1) / BLOCK_SIZE -
	    position / BLOCK_SIZE);
}

size_t
blocks_sum(const char *data, size_t length, off_t position, uint64_t *sums)
{
	size_t count = 0;

	while (length > 0) {
		size_t part = BLOCK_SIZE - (size_t)(position % BLOCK_SIZE);

		if (part > length)
			part = length;
		sums[count++] = checksum(0, data, part);
		data += part;
		position += (off_t)part;
		length -= part;
	}
	return count;
}

size_t
blocks_chunk(off_t position, off_t left)
{
	off_t most = (off_t)BLOCKS_CHUNK_SIZE - position % BLOCK_SIZE;

	return (size_t)(left < most ? left : most);
}

int
blocks_sum_plan(const struct plan *plan, int fd, off_t position, off_t length,
    uint64_t *sums)
{
	char *chunk = malloc(BLOCKS_CHUNK_SIZE);
	off_t done = 0;

	if (chunk == NULL)
		return -1;
	while (done < length) {
		size_t part = blocks_chunk(position + done, length - done);

		if (plan_read(plan, fd, position + done, chunk, part) == -1)
			break;
		sums += blocks_sum(chunk, part, position + done, sums);
		done += (off_t)part;
	}
	free(chunk);
	return done < length ? -1 : 0;
}

/* A plan for octets that are where they belong. */
static struct plan
plan_in_place(struct piece *piece, off_t from, off_t length)
{
	struct plan plan = { .count = 1, .pieces = piece };

	piece->target = piece->from = from;
	piece->length = length;
	return plan;
}

int
blocks_sum_file(int fd, off_t position, off_t length, uint64_t *sums)
{
	struct piece piece;
	struct plan plan = plan_in_place(&piece, position, length);

	return blocks_sum_plan(&plan, fd, position, length, sums);
}

int
blocks_sum_range(int fd, off_t from, off_t to, uint64_t *sum)
{
	char *chunk = malloc(BLOCKS_CHUNK_SIZE);
	struct piece piece;
	struct plan plan = plan_in_place(&piece, from, to - from);

	if (chunk == NULL)
		return -1;
	*sum = 0;
	while (from < to) {
		size_t part = blocks_chunk(from, to - from);

		if (plan_read(&plan, fd, from, chunk, part) == -1)
			break;
		*sum = checksum(*sum, chunk, part);
		from += (off_t)part;
	}
	free(chunk);
	return from < to ? -1 : 0;
}
