/* A message in memory or in a temporary file.  Runs without root. */
#include "config.h"

#include "support/spool.h"
#include "support/fileio.h"
#include "support/text.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM_AT_FIRST ((size_t)16 * 1024)
#define ROOM_AT_MOST  ((size_t)1024 * 1024)
#define COPY_SIZE     ((size_t)64 * 1024)

void
spool_init(struct spool *spool)
{
	memset(spool, 0, sizeof(*spool));
	spool->fd = -1;
}

void
spool_free(struct spool *spool)
{
	free(spool->memory);
	if (spool->fd != -1)
		close(spool->fd);
	spool_init(spool);
}

static int
open_temporary(void)
{
	const char *directory = getenv("TMPDIR");
	char name[PATH_MAX];
	int fd;

	if (directory == NULL || directory[0] != '/')
		directory = "/tmp";
	fd = open(directory, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (fd != -1)
		return fd;
	if (!text_format(name, sizeof(name), "%s/spool.XXXXXX", directory))
		return -1;
	fd = mkostemp(name, O_CLOEXEC);
	if (fd != -1)
		unlink(name);
	return fd;
}

/* Moves what is in memory to the file. */
static int
flush(struct spool *spool)
{
	if (spool->fd == -1)
		spool->fd = open_temporary();
	if (spool->fd == -1 ||
	    fileio_write(spool->fd, spool->memory, spool->length) == -1)
		return -1;
	spool->length = 0;
	return 0;
}

static int
grow(struct spool *spool, size_t wanted)
{
	size_t room = spool->room == 0 ? ROOM_AT_FIRST : spool->room;
	char *larger;

	while (room < wanted)
		room *= 2;
	if (room == spool->room)
		return 0;
	larger = realloc(spool->memory, room);
	if (larger == NULL)
		return -1;
	spool->memory = larger;
	spool->room = room;
	return 0;
}

int
spool_write(struct spool *spool, const void *data, size_t length)
{
	if (length > ROOM_AT_MOST - spool->length && flush(spool) == -1)
		return -1;
	if (length > ROOM_AT_MOST)
		return fileio_write(spool->fd, data, length);
	if (grow(spool, spool->length + length) == -1)
		return -1;
	memcpy(spool->memory + spool->length, data, length);
	spool->length += length;
	return 0;
}

static int
copy_file(struct spool *spool, int fd)
{
	char *buffer = malloc(COPY_SIZE);
	off_t position = 0;
	ssize_t n;

	if (buffer == NULL)
		return -1;
	while (
	    (n = fileio_read_at(spool->fd, buffer, COPY_SIZE, position)) > 0) {
		if (fileio_write(fd, buffer, (size_t)n) == -1) {
			n = -1;
			break;
		}
		position += n;
	}
	free(buffer);
	return n == 0 ? 0 : -1;
}

int
spool_copy(struct spool *spool, int fd)
{
	if (spool->fd == -1)
		return fileio_write(fd, spool->memory, spool->length);
	return flush(spool) == -1 ? -1 : copy_file(spool, fd);
}

int
spool_file(struct spool *spool)
{
	if (flush(spool) == -1 || lseek(spool->fd, 0, SEEK_SET) == -1)
		return -1;
	return spool->fd;
}
