/*
 * Checksums of the parts of a mailbox that a step of an update touches, block
 * by block: so recovery can tell what is old, what is new, and what is foreign.
 */
#include "config.h"

#include "mbox/journal.h"
#include "support/checksum.h"
#include "support/fileio.h"

#include <errno.h>
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

/* How much of left octets at position is in the same block. */
static size_t
part_of_block(off_t position, size_t left)
{
	size_t part = BLOCK_SIZE - (size_t)(position % BLOCK_SIZE);

	return part < left ? part : left;
}

size_t
blocks_sum(const char *data, size_t length, off_t position, uint64_t *sums)
{
	size_t count = 0;

	while (length > 0) {
		size_t part = part_of_block(position, length);

		sums[count++] = checksum(0, data, part);
		data += part;
		position += (off_t)part;
		length -= part;
	}
	return count;
}

bool
blocks_check(
    const char *data, size_t length, off_t position, const uint64_t *sums)
{
	while (length > 0) {
		size_t part = part_of_block(position, length);

		if (checksum(0, data, part) != *sums++)
			return false;
		data += part;
		position += (off_t)part;
		length -= part;
	}
	return true;
}

size_t
blocks_chunk(off_t position, off_t left)
{
	off_t most = (off_t)BLOCKS_CHUNK_SIZE - position % BLOCK_SIZE;

	return (size_t)(left < most ? left : most);
}

int
blocks_read(int fd, off_t position, char *buffer, size_t length)
{
	ssize_t n = fileio_read_at(fd, buffer, length, position);

	if (n >= 0 && (size_t)n < length)
		errno = EIO;
	return n >= 0 && (size_t)n == length ? 0 : -1;
}

int
blocks_sum_file(int fd, off_t position, off_t length, uint64_t *sums)
{
	char *chunk = malloc(BLOCKS_CHUNK_SIZE);
	off_t end = position + length;

	if (chunk == NULL)
		return -1;
	while (position < end) {
		size_t part = blocks_chunk(position, end - position);

		if (blocks_read(fd, position, chunk, part) == -1)
			break;
		sums += blocks_sum(chunk, part, position, sums);
		position += (off_t)part;
	}
	free(chunk);
	return position < end ? -1 : 0;
}

int
blocks_sum_range(int fd, off_t from, off_t to, uint64_t *sum)
{
	char *chunk = malloc(BLOCKS_CHUNK_SIZE);

	if (chunk == NULL)
		return -1;
	*sum = 0;
	while (from < to) {
		size_t part = blocks_chunk(from, to - from);

		if (blocks_read(fd, from, chunk, part) == -1)
			break;
		*sum = checksum(*sum, chunk, part);
		from += (off_t)part;
	}
	free(chunk);
	return from < to ? -1 : 0;
}
