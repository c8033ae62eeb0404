/*
 * One dotlock: NAME.lock, made as a temporary file and linked into place, so
 * that it is atomic on NFS too.  Inside stands the process id.
 *
 * Runs as the mailbox owner, or with the rights of the lock keeper in a spool
 * directory that the owner cannot write.  It never follows or opens what it
 * finds under the lock's name, except to read a process id from a plain file.
 *
 * A lock is stale when its process is gone (older than 5 s, on a file system
 * that no other machine uses, whose process it could be) or when it names no
 * such process and is older than 300 s, by the clock of the file system.  After
 * 30 minutes without renewal it is stale whatever it names: process ids are
 * used again.  It is broken by renaming it away and looking at what was
 * renamed, so that two breakers cannot remove a third one's fresh lock.
 */
#include "config.h"

#include "mbox/private.h"
#include "support/fileio.h"
#include "support/secret.h"
#include "support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Clocks that were set at boot may be off by as much. */
#define BOOT_SECONDS	      10

#define STALE_SECONDS_DEAD    5
#define STALE_SECONDS_UNKNOWN 300
#define STALE_SECONDS_ANY     1800

/* "NAME.lock", and ".NAME.PID.RANDOM" for temporary files. */
#define LOCK_NAME_SIZE (MBOX_NAME_SIZE + 64)

static int
lock_name(const struct dotlock *lock, char name[LOCK_NAME_SIZE])
{
	if (text_format(name, LOCK_NAME_SIZE, "%s.lock", lock->name))
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

static int
temporary_name(const struct dotlock *lock, char name[LOCK_NAME_SIZE])
{
	uint32_t random;

	if (secret_random(&random, sizeof(random)) == -1)
		return -1;
	if (text_format(name, LOCK_NAME_SIZE, ".%s.%ld.%08x", lock->name,
		(long)getpid(), random))
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

static int
create(const struct dotlock *lock, const char *name)
{
	return openat(lock->directory, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
}

/* Writes the process id into a new temporary file.  Returns its descriptor. */
static int
create_temporary(const struct dotlock *lock, const char *name)
{
	char pid[24];
	int length = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	int fd = create(lock, name);

	if (fd == -1)
		return -1;
	if (fileio_write(fd, pid, (size_t)length) == 0)
		return fd;
	length = errno;
	close(fd);
	unlinkat(lock->directory, name, 0);
	errno = length;
	return -1;
}

static void
note_held(struct dotlock *lock, const struct stat *status)
{
	lock->is_held = true;
	lock->device = status->st_dev;
	lock->inode = status->st_ino;
}

/* The process id in the lock file, or 0 when there is none to be believed. */
static pid_t
holder(const struct dotlock *lock, const char *name)
{
	char text[24];
	uint64_t pid;
	ssize_t length;
	int fd = openat(lock->directory, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd == -1)
		return 0;
	length = fileio_read(fd, text, sizeof(text) - 1);
	if (network_may_share(fd))
		length = 0;
	close(fd);
	if (length <= 0)
		return 0;
	text[length] = '\0';
	text[strcspn(text, "\r\n \t")] = '\0';
	if (!text_to_number(text, INT32_MAX, &pid))
		return 0;
	return (pid_t)pid;
}

/* Then the process in it is another one, if it lives. */
static bool
is_older_than_boot(time_t age)
{
	struct timespec uptime;

	return clock_gettime(CLOCK_BOOTTIME, &uptime) == 0 &&
	    age > uptime.tv_sec + BOOT_SECONDS;
}

static bool
is_stale(const struct dotlock *lock, const char *name, const struct stat *found,
    time_t now)
{
	time_t age = now - found->st_mtime;
	pid_t pid;

	if (!S_ISREG(found->st_mode))
		return false;
	if (age > STALE_SECONDS_ANY)
		return true;
	pid = holder(lock, name);
	if (pid == 0)
		return age > STALE_SECONDS_UNKNOWN;
	return (age > STALE_SECONDS_DEAD && kill(pid, 0) == -1 &&
		   errno == ESRCH) ||
	    is_older_than_boot(age);
}

/* Removes the stale lock that was found, and only that one. */
static void
break_lock(
    const struct dotlock *lock, const char *name, const struct stat *found)
{
	char aside[LOCK_NAME_SIZE];
	struct stat moved;

	if (temporary_name(lock, aside) == -1 ||
	    renameat(lock->directory, name, lock->directory, aside) == -1)
		return;
	if (fstatat(lock->directory, aside, &moved, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (moved.st_ino != found->st_ino || moved.st_dev != found->st_dev) &&
	    linkat(lock->directory, aside, lock->directory, name, 0) == -1 &&
	    errno != EEXIST)
		return;
	unlinkat(lock->directory, aside, 0);
}

/* Looks at the lock of somebody else and breaks it if it is stale.  now is the
 * time by the clock of the file system. */
static void
judge_holder(const struct dotlock *lock, const char *name, time_t now)
{
	struct stat found;

	if (fstatat(lock->directory, name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
	    is_stale(lock, name, &found, now))
		break_lock(lock, name, &found);
}

/*
 * For a full disk or quota, and for file systems without hard links: an empty
 * file needs no data block, and O_EXCL alone is atomic everywhere but on NFS
 * version 2.
 */
static int
try_without_link(struct dotlock *lock, const char *name)
{
	struct stat status;
	int fd = create(lock, name);
	int result;

	if (fd == -1)
		return -1;
	result = fstat(fd, &status);
	close(fd);
	if (result == 0)
		note_held(lock, &status);
	else
		unlinkat(lock->directory, name, 0);
	return result;
}

/* Links the temporary file into place.  Where link(2) fails, the link count
 * tells the truth: on NFS the answer to a link that was made may be lost. */
static int
link_temporary(
    struct dotlock *lock, int fd, const char *temporary, const char *name)
{
	struct stat status;
	int error;

	if (fstat(fd, &status) == -1)
		return -1;
	if (linkat(lock->directory, temporary, lock->directory, name, 0) == 0) {
		note_held(lock, &status);
		return 0;
	}
	error = errno;
	if (fstat(fd, &status) == 0 && status.st_nlink == 2) {
		note_held(lock, &status);
		return 0;
	}
	if (error == EEXIST)
		judge_holder(lock, name, status.st_mtime);
	errno = error;
	return -1;
}

int
dotlock_try(struct dotlock *lock)
{
	char name[LOCK_NAME_SIZE];
	char temporary[LOCK_NAME_SIZE];
	int fd, result, error;

	if (lock_name(lock, name) == -1 ||
	    temporary_name(lock, temporary) == -1)
		return -1;
	fd = create_temporary(lock, temporary);
	if (fd == -1 && (errno == ENOSPC || errno == EDQUOT))
		return try_without_link(lock, name);
	if (fd == -1)
		return -1;
	result = link_temporary(lock, fd, temporary, name);
	error = errno;
	close(fd);
	unlinkat(lock->directory, temporary, 0);
	if (result == -1 && (error == EPERM || error == EOPNOTSUPP))
		return try_without_link(lock, name);
	errno = error;
	return result;
}

/* An error of the file system may pass; a lock that is left stays for long. */
static int
look_at(const struct dotlock *lock, const char *name, struct stat *found)
{
	int tries = 3;
	int result;

	do
		result =
		    fstatat(lock->directory, name, found, AT_SYMLINK_NOFOLLOW);
	while (result == -1 && errno != ENOENT && --tries > 0);
	return result;
}

bool
dotlock_is_absent(const struct dotlock *lock)
{
	char name[LOCK_NAME_SIZE];
	struct stat status;

	return lock_name(lock, name) == 0 &&
	    fstatat(lock->directory, name, &status, AT_SYMLINK_NOFOLLOW) ==
	    -1 &&
	    errno == ENOENT;
}

/* True while the lock file is the one that we made. */
static bool
is_ours(const struct dotlock *lock, const char *name)
{
	struct stat found;

	return look_at(lock, name, &found) == 0 &&
	    found.st_ino == lock->inode && found.st_dev == lock->device;
}

void
dotlock_look(const struct dotlock *lock, time_t now, struct mbox_dotlock *found)
{
	char name[LOCK_NAME_SIZE];
	struct stat status;

	memset(found, 0, sizeof(*found));
	if (lock_name(lock, name) == -1 ||
	    fstatat(lock->directory, name, &status, AT_SYMLINK_NOFOLLOW) == -1)
		return;
	found->is_there = true;
	found->age = now - status.st_mtime;
	if (!S_ISREG(status.st_mode))
		return;
	found->holder = holder(lock, name);
	found->is_stale = is_stale(lock, name, &status, now);
}

void
dotlock_touch(const struct dotlock *lock)
{
	char name[LOCK_NAME_SIZE];

	if (lock->is_held && lock_name(lock, name) == 0 && is_ours(lock, name))
		(void)utimensat(
		    lock->directory, name, NULL, AT_SYMLINK_NOFOLLOW);
}

void
dotlock_release(struct dotlock *lock)
{
	char name[LOCK_NAME_SIZE];

	if (lock->is_held && lock_name(lock, name) == 0 && is_ours(lock, name))
		unlinkat(lock->directory, name, 0);
	lock->is_held = false;
}
