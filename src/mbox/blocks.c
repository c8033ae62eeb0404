/*
 * Checksums of the parts of a mailbox that a step of an update touches, block
 * by block: so recovery can tell what is old, what is new, and what is foreign.
 */
#include "config.h"

#include "mbox/journal.h"
#include "support/checksum.h"
#include "support/fileio.h"

#include <stdlib.h>

#define PREFIX_LENGTH 4096

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

		if (plan_read(plan, fd, done, chunk, part) == -1)
			break;
		sums += blocks_sum(chunk, part, position + done, sums);
		done += (off_t)part;
	}
	free(chunk);
	return done < length ? -1 : 0;
}

int
blocks_sum_file(int fd, off_t position, off_t length, uint64_t *sums)
{
	struct piece piece = { .from = position, .to = position + length };
	struct plan plan = { .count = 1, .pieces = &piece };

	return blocks_sum_plan(&plan, fd, position, length, sums);
}

int
blocks_sum_prefix(int fd, off_t target, uint64_t *sum)
{
	char prefix[PREFIX_LENGTH];
	size_t length = target < PREFIX_LENGTH ? (size_t)target : PREFIX_LENGTH;

	if (fileio_read_at(fd, prefix, length, target - (off_t)length) !=
	    (ssize_t)length)
		return -1;
	*sum = checksum(0, prefix, length);
	return 0;
}
