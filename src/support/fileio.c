/* Whole reads and writes.  Runs in every process. */
#include "config.h"

#include "support/fileio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

ssize_t
fileio_read(int fd, void *buffer, size_t length)
{
	char *p = buffer;
	size_t done = 0;

	while (done < length) {
		ssize_t n = read(fd, p + done, length - done);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

ssize_t
fileio_read_at(int fd, void *buffer, size_t length, off_t position)
{
	char *p = buffer;
	size_t done = 0;

	while (done < length) {
		ssize_t n =
		    pread(fd, p + done, length - done, position + (off_t)done);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int
fileio_write(int fd, const void *buffer, size_t length)
{
	const char *p = buffer;

	while (length > 0) {
		ssize_t n = write(fd, p, length);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		p += n;
		length -= (size_t)n;
	}
	return 0;
}

int
fileio_write_at(int fd, const void *buffer, size_t length, off_t position)
{
	const char *p = buffer;

	while (length > 0) {
		ssize_t n = pwrite(fd, p, length, position);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		p += n;
		position += n;
		length -= (size_t)n;
	}
	return 0;
}

int
fileio_sync(int fd)
{
	while (fsync(fd) == -1)
		if (errno != EINTR)
			return -1;
	return 0;
}

int
fileio_fill_standard(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
		if (fd == -1)
			return -1;
	} while (fd <= STDERR_FILENO);
	return close(fd);
}

int
fileio_move_down(int *fd, int target)
{
	if (*fd == target)
		return 0;
	if (dup2(*fd, target) == -1)
		return -1;
	close(*fd);
	*fd = target;
	return 0;
}

void
fileio_close_from(int lowest)
{
#ifdef HAVE_CLOSE_RANGE
	if (close_range((unsigned int)lowest, UINT_MAX, 0) == 0)
		return;
#endif
	for (long fd = sysconf(_SC_OPEN_MAX) - 1; fd >= lowest; fd--)
		close((int)fd);
}
