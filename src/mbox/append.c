/*
 * Adding one message at the end of a mailbox.  The end is remembered first;
 * whatever fails, the file is cut back to it.  Success means that the message
 * is on disk.
 */
#include "config.h"

#include "mbox/private.h"
#include "support/fileio.h"
#include "support/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The line ends that a mailbox of this size needs before the next From_ line:
 * none if it is empty or ends in an empty line, as it should. */
static int
find_missing_end(int fd, off_t size, const char **missing)
{
	char tail[2] = { '\n', '\n' };
	size_t length = size < 2 ? (size_t)size : 2;

	if (fileio_read_at(fd, tail + 2 - length, length,
		size - (off_t)length) != (ssize_t)length)
		return -1;
	if (tail[1] != '\n')
		*missing = "\n\n";
	else if (tail[0] != '\n' && size > 1)
		*missing = "\n";
	else
		*missing = "";
	return 0;
}

static int
write_message(const struct lock *lock, struct spool *message, off_t size)
{
	const char *missing;

	if (find_missing_end(lock->fd, size, &missing) == -1)
		return -1;
	if (fileio_write(lock->fd, missing, strlen(missing)) == -1 ||
	    spool_copy(message, lock->fd) == -1)
		return -1;
	return lock->place->syncs ? fileio_sync(lock->fd) : 0;
}

/* A new file is only there after a crash if its directory is on disk too. */
static int
sync_directory(const struct lock *lock)
{
	int fd, result;

	if (!lock->was_created || !lock->place->syncs)
		return 0;
	fd = openat(lock->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return errno == EACCES ? 0 : -1;
	result = fileio_sync(fd);
	close(fd);
	return result;
}

static void
cut_back(const struct lock *lock, off_t size)
{
	int error = errno;

	if (ftruncate(lock->fd, size) == 0)
		(void)fileio_sync(lock->fd);
	errno = error;
}

/* All locks are held. */
static int
append(struct lock *lock, struct spool *message, struct mbox_reason *reason)
{
	struct stat status;

	if (fstat(lock->fd, &status) == -1)
		return reason_errno(reason, lock->place, "cannot be examined");
	if (write_message(lock, message, status.st_size) == 0 &&
	    sync_directory(lock) == 0)
		return 0;
	cut_back(lock, status.st_size);
	return reason_errno(reason, lock->place, "cannot be written");
}

int
mbox_append(const struct mbox_place *place, struct spool *message,
    int64_t deadline, struct mbox_reason *reason)
{
	struct lock lock;
	int result;

	lock_init(&lock, place, true);
	result = lock_acquire(&lock, deadline, reason);
	if (result == 0)
		result = append(&lock, message, reason);
	lock_close(&lock);
	return result;
}
