/*
 * Adding one message at the end of a mailbox.  The end is remembered first;
 * whatever fails, the file is cut back to it: by a second process, the guard,
 * if the first one is killed in the middle.  Success means that the message is
 * on disk.
 */
#include "config.h"

#include "mbox/private.h"
#include "support/fileio.h"
#include "support/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int
append_find_missing(int fd, off_t size, const char **missing)
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

	if (append_find_missing(lock->fd, size, &missing) == -1)
		return -1;
	if (fileio_write(lock->fd, missing, strlen(missing)) == -1 ||
	    spool_copy(message, lock->fd) == -1)
		return -1;
	return lock->place->syncs ? fileio_sync(lock->fd) : 0;
}

int
append_sync_directory(const struct lock *lock)
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

void
append_cut_back(const struct lock *lock, off_t size)
{
	int error = errno;

	if (ftruncate(lock->fd, size) == 0)
		(void)fileio_sync(lock->fd);
	errno = error;
}

/* ---- the guard ---------------------------------------------------------- */

struct guard {
	pid_t process;
	int line; /* an octet: done; closed without: the writer was killed */
};

/* Whoever kills the writer may mean its process group.  The locks are shared by
 * both processes, and held until this one has ended too. */
static void
stand_guard(struct lock *lock, int line, off_t size)
{
	char octet;

	(void)setsid();
	if (fileio_read(line, &octet, 1) != 0)
		_exit(EXIT_SUCCESS);
	append_cut_back(lock, size);
	lock_close(lock);
	_exit(EXIT_FAILURE);
}

static int
guard_start(struct guard *guard, struct lock *lock, off_t size)
{
	int line[2];
	int error;

	if (pipe2(line, O_CLOEXEC) == -1)
		return -1;
	guard->process = fork();
	error = errno;
	if (guard->process == 0) {
		close(line[1]);
		stand_guard(lock, line[0], size);
	}
	close(line[0]);
	guard->line = line[1];
	if (guard->process != -1)
		return 0;
	close(line[1]);
	errno = error;
	return -1;
}

/* Tells the guard that nothing is left to do.  -1 with errno if it has not
 * heard that, and has cut the file back. */
static int
guard_end(const struct guard *guard)
{
	int error, status = 0;

	(void)fileio_write(guard->line, "", 1);
	error = errno;
	close(guard->line);
	while (waitpid(guard->process, &status, 0) == -1 && errno == EINTR)
		continue;
	errno = error;
	return WIFEXITED(status) && WEXITSTATUS(status) != 0 ? -1 : 0;
}

/* ---- all of it ---------------------------------------------------------- */

/* Reading the end was not reading mail: by an access time before that of the
 * change shells and mail programs tell that there is new mail. */
static void
restore_access_time(int fd, const struct stat *before)
{
	struct timespec times[2] = { before->st_atim,
		{ .tv_nsec = UTIME_NOW } };

	(void)futimens(fd, times);
}

/* All locks are held. */
static int
append(struct lock *lock, struct spool *message, struct mbox_reason *reason)
{
	struct guard guard;
	struct stat status;
	int result, error;

	if (fstat(lock->fd, &status) == -1)
		return reason_errno(reason, lock->place, "cannot be examined");
	if (guard_start(&guard, lock, status.st_size) == -1)
		return reason_errno(reason, lock->place, "cannot be guarded");
	result = write_message(lock, message, status.st_size);
	if (result == 0)
		restore_access_time(lock->fd, &status);
	if (result == 0)
		result = append_sync_directory(lock);
	if (result == -1)
		append_cut_back(lock, status.st_size);
	error = errno;
	if (guard_end(&guard) == 0)
		errno = error;
	else
		result = -1;
	if (result == -1)
		return reason_errno(reason, lock->place, "cannot be written");
	return 0;
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
