/*
 * Files that are changed as a whole.  What is read, written and renamed is
 * named relative to one open directory: nobody who moves directories about can
 * lead us elsewhere in between.
 */
#include "config.h"

#include "support/rewrite.h"
#include "support/clock.h"
#include "support/fileio.h"
#include "support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define MOST_LINKS 8
#define RETRY	   20 /* ms */

static void
close_quietly(int fd)
{
	int error = errno;

	if (fd != -1)
		close(fd);
	errno = error;
}

/* ---- where the file is -------------------------------------------------- */

/* Opens the directory of path, seen from at, and copies the last name. */
static int
open_parent(int at, const char *path, char name[REWRITE_NAME_SIZE])
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX] = ".";

	if ((slash != NULL &&
		!text_format(parent, sizeof(parent), "%.*s",
		    slash == path ? 1 : (int)(slash - path), path)) ||
	    !text_copy(
		name, REWRITE_NAME_SIZE, slash == NULL ? path : slash + 1)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return openat(at, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The same behind all links: name is none, or is nothing yet. */
static int
find_directory(const char *path, char name[REWRITE_NAME_SIZE])
{
	char target[PATH_MAX];
	int links, at = AT_FDCWD, directory;
	ssize_t length;

	if (!text_copy(target, sizeof(target), path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (links = 0; links <= MOST_LINKS; links++) {
		directory = open_parent(at, target, name);
		close_quietly(at == AT_FDCWD ? -1 : at);
		if (directory == -1)
			return -1;
		length =
		    readlinkat(directory, name, target, sizeof(target) - 1);
		if (length == -1)
			return directory;
		target[length] = '\0';
		at = directory;
	}
	close(at);
	errno = ELOOP;
	return -1;
}

/* ---- the lock ----------------------------------------------------------- */

static int
lock(int fd, int64_t deadline)
{
	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -1;
		if (clock_now() >= deadline) {
			errno = ETIMEDOUT;
			return -1;
		}
		clock_sleep_until(clock_now() + RETRY);
	}
	return 0;
}

static int
judge(const struct stat *status, size_t most)
{
	if (!S_ISREG(status->st_mode))
		errno = EINVAL;
	else if (status->st_nlink > 1)
		errno = EMLINK;
	else if ((uintmax_t)status->st_size > most)
		errno = EFBIG;
	else
		return 0;
	return -1;
}

/* 1 when the file that the name leads to is open and locked, 0 when another one
 * has taken its place meanwhile, -1 with errno. */
static int
try_to_lock(struct rewrite *rewrite, const char *path, int64_t deadline)
{
	struct stat named;

	rewrite->directory = find_directory(path, rewrite->name);
	if (rewrite->directory == -1)
		return -1;
	rewrite->fd = openat(rewrite->directory, rewrite->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (rewrite->fd == -1 || lock(rewrite->fd, deadline) == -1 ||
	    fstat(rewrite->fd, &rewrite->status) == -1)
		return -1;
	if (fstatat(rewrite->directory, rewrite->name, &named,
		AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : -1;
	return named.st_dev == rewrite->status.st_dev &&
	    named.st_ino == rewrite->status.st_ino;
}

/* ---- reading ------------------------------------------------------------ */

static int
read_all(struct rewrite *rewrite, size_t most)
{
	size_t size = (size_t)rewrite->status.st_size;
	ssize_t length;

	if (judge(&rewrite->status, most) == -1)
		return -1;
	rewrite->text = malloc(size + 1);
	if (rewrite->text == NULL)
		return -1;
	length = fileio_read(rewrite->fd, rewrite->text, size);
	if (length == -1)
		return -1;
	rewrite->length = (size_t)length;
	rewrite->text[length] = '\0';
	return 0;
}

void
rewrite_close(struct rewrite *rewrite)
{
	if (rewrite->text != NULL)
		explicit_bzero(rewrite->text, rewrite->length);
	free(rewrite->text);
	close_quietly(rewrite->fd);
	close_quietly(rewrite->directory);
	memset(rewrite, 0, sizeof(*rewrite));
	rewrite->directory = rewrite->fd = -1;
}

int
rewrite_open(
    struct rewrite *rewrite, const char *path, size_t most, int64_t deadline)
{
	int result, error;

	memset(rewrite, 0, sizeof(*rewrite));
	rewrite->directory = rewrite->fd = -1;
	while ((result = try_to_lock(rewrite, path, deadline)) == 0 &&
	    clock_now() < deadline)
		rewrite_close(rewrite);
	if (result == 0)
		errno = ETIMEDOUT;
	if (result == 1 && read_all(rewrite, most) == 0)
		return 0;
	error = errno;
	rewrite_close(rewrite);
	errno = error;
	return -1;
}

/* ---- writing ------------------------------------------------------------ */

/* Of the old file.  Its group need not be one of ours; if the group may do
 * nothing, that does no harm. */
static int
give(int fd, const struct stat *status)
{
	struct stat now;

	if (fstat(fd, &now) == -1)
		return -1;
	if ((now.st_uid != status->st_uid || now.st_gid != status->st_gid) &&
	    fchown(fd, status->st_uid, status->st_gid) == -1 &&
	    (errno != EPERM || now.st_uid != status->st_uid ||
		(status->st_mode & S_IRWXG) != 0))
		return -1;
	return fchmod(fd, status->st_mode & 07777);
}

/* Writes a new file; owner may be NULL.  One that is there was left by somebody
 * who died. */
static int
write_draft(int directory, const char *name, const struct stat *owner,
    mode_t mode, const char *text, size_t length)
{
	int fd, result;

	if (unlinkat(directory, name, 0) == -1 && errno != ENOENT)
		return -1;
	fd = openat(directory, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	result = fileio_write(fd, text, length);
	if (result == 0)
		result = owner != NULL ? give(fd, owner) : fchmod(fd, mode);
	if (result == 0)
		result = fileio_sync(fd);
	if (result == -1) {
		close_quietly(fd);
		return -1;
	}
	return close(fd);
}

static int
put_in_place(int directory, const char *draft, const char *name)
{
	if (renameat(directory, draft, directory, name) == -1)
		return -1;
	return fileio_sync(directory);
}

static int
replace(int directory, const char *name, const struct stat *owner, mode_t mode,
    const char *text, size_t length)
{
	char draft[REWRITE_NAME_SIZE];
	int error;

	if (!text_format(draft, sizeof(draft), "%s.new", name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (write_draft(directory, draft, owner, mode, text, length) == 0 &&
	    put_in_place(directory, draft, name) == 0)
		return 0;
	error = errno;
	(void)unlinkat(directory, draft, 0);
	errno = error;
	return -1;
}

int
rewrite_commit(struct rewrite *rewrite, const char *text, size_t length)
{
	if (length == rewrite->length &&
	    memcmp(text, rewrite->text, length) == 0)
		return 0;
	return replace(rewrite->directory, rewrite->name, &rewrite->status, 0,
	    text, length);
}

int
rewrite_make(const char *path, mode_t mode, const char *text)
{
	char name[REWRITE_NAME_SIZE];
	struct stat status;
	int result = -1, directory = open_parent(AT_FDCWD, path, name);

	if (directory == -1)
		return -1;
	if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		errno = EEXIST;
	else if (errno == ENOENT)
		result =
		    replace(directory, name, NULL, mode, text, strlen(text));
	close_quietly(directory);
	return result;
}
