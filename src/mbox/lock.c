/*
 * All locks of a mailbox, in the one order that cannot deadlock with the mail
 * programs in the field: dotlock first, then fcntl, then flock, every step
 * without blocking, and on any refusal everything is given back before the
 * next try.  procmail and maildrop hold the dotlock while they block in fcntl:
 * whoever waits for the dotlock with fcntl in his hand waits for ever.
 *
 * fcntl locks are "open file description" locks where the system has them: a
 * POSIX lock vanishes when any other descriptor of the file is closed.
 */
#include "config.h"

#include "mbox/private.h"
#include "support/clock.h"
#include "support/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAUSE_LEAST 50U /* ms between tries, growing ... */
#define PAUSE_MOST  250U
#define PAUSE_LIMIT 2000U /* ... up to this */
#define RENEW_AFTER 30000

enum attempt { ATTEMPT_GRANTED, ATTEMPT_AGAIN, ATTEMPT_FAILED };

void
lock_init(struct lock *lock, const struct mbox_place *place, bool may_create)
{
	memset(lock, 0, sizeof(*lock));
	lock->place = place;
	lock->directory = -1;
	lock->fd = -1;
	lock->flags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_RDWR;
	if (may_create)
		lock->flags |= O_APPEND | O_CREAT;
}

/* The directory stays open: what happens to its path later is of no
 * consequence. */
static int
open_directory(struct lock *lock)
{
	if (lock->directory == -1)
		lock->directory = open(
		    lock->place->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	lock->dotlock.directory = lock->directory;
	lock->dotlock.name = lock->place->name;
	return lock->directory == -1 ? -1 : 0;
}

/* ---- dotlock ------------------------------------------------------------ */

static int
dotlock_once(struct lock *lock)
{
	if (lock->place->keeper != -1)
		return keeper_try(lock->place->keeper);
	return dotlock_try(&lock->dotlock);
}

/* A user over quota must still be able to delete, and a home directory may be
 * one where nobody else would look for a dotlock: fcntl carries the day. */
static bool
may_go_without(const struct lock *lock, int error)
{
	if ((lock->place->methods & MBOX_LOCK_FCNTL) == 0)
		return false;
	if (error == ENOSPC || error == EDQUOT)
		return true;
	return !lock->place->needs_dotlock &&
	    (error == EACCES || error == EPERM || error == EROFS);
}

static enum attempt
take_dotlock(struct lock *lock, struct mbox_reason *reason)
{
	if ((lock->place->methods & MBOX_LOCK_DOTLOCK) == 0)
		return ATTEMPT_GRANTED;
	if (dotlock_once(lock) == 0) {
		lock->has_dotlock = true;
		lock->touched = clock_now();
		return ATTEMPT_GRANTED;
	}
	if (may_go_without(lock, errno))
		return ATTEMPT_GRANTED;
	if (errno == EEXIST) {
		reason_set(reason, MBOX_BUSY, lock->place, 0,
		    "locked by another program (remove the .lock file beside "
		    "it if that program is dead)");
		return ATTEMPT_AGAIN;
	}
	reason_errno(reason, lock->place,
	    "cannot make the .lock file beside it; the directory must be "
	    "writable for the mailbox owner");
	return ATTEMPT_FAILED;
}

static void
drop_dotlock(struct lock *lock)
{
	if (!lock->has_dotlock)
		return;
	if (lock->place->keeper != -1)
		keeper_release(lock->place->keeper);
	else
		dotlock_release(&lock->dotlock);
	lock->has_dotlock = false;
}

/* ---- the file ----------------------------------------------------------- */

static int
open_mailbox(struct lock *lock)
{
	lock->was_created = false;
	lock->fd =
	    openat(lock->directory, lock->place->name, lock->flags & ~O_CREAT);
	if (lock->fd != -1 || errno != ENOENT || (lock->flags & O_CREAT) == 0)
		return lock->fd == -1 ? -1 : 0;
	lock->fd = openat(
	    lock->directory, lock->place->name, lock->flags | O_EXCL, 0600);
	lock->was_created = lock->fd != -1;
	return lock->fd == -1 ? -1 : 0;
}

static enum attempt
judge_open_error(struct lock *lock, struct mbox_reason *reason)
{
	if (errno == ENOENT) {
		lock->is_missing = true;
		return ATTEMPT_GRANTED;
	}
	if (errno == EEXIST) /* made by somebody else just now */
		return ATTEMPT_AGAIN;
	if (errno == ELOOP || errno == ENXIO || errno == EISDIR) {
		reason_set(reason, MBOX_UNSAFE, lock->place, 0,
		    mbox_fault_text(MBOX_NOT_REGULAR));
		return ATTEMPT_FAILED;
	}
	if (errno == EACCES || errno == EPERM)
		reason_set(reason, MBOX_UNSAFE, lock->place, errno,
		    mbox_fault_text(MBOX_NOT_ACCESSIBLE));
	else
		reason_errno(reason, lock->place, "cannot be opened");
	return ATTEMPT_FAILED;
}

static enum attempt
check_mailbox(struct lock *lock, struct mbox_reason *reason)
{
	struct stat status;
	enum mbox_fault fault;

	if (fstat(lock->fd, &status) == -1) {
		reason_errno(reason, lock->place, "cannot be examined");
		return ATTEMPT_FAILED;
	}
	if (status.st_nlink == 0)
		return ATTEMPT_AGAIN;
	fault = fault_find(&status, lock->place);
	if (fault == MBOX_SOUND)
		return ATTEMPT_GRANTED;
	reason_set(reason, MBOX_UNSAFE, lock->place, 0, mbox_fault_text(fault));
	return ATTEMPT_FAILED;
}

/* ---- fcntl and flock ---------------------------------------------------- */

static int
set_fcntl(int fd, short type)
{
	struct flock request = { .l_type = type, .l_whence = SEEK_SET };

#ifdef F_OFD_SETLK
	return fcntl(fd, F_OFD_SETLK, &request);
#else
	return fcntl(fd, F_SETLK, &request);
#endif
}

static enum attempt
take_file_locks(struct lock *lock, struct mbox_reason *reason)
{
	unsigned int methods = lock->place->methods;

	if ((methods & MBOX_LOCK_FCNTL) != 0 &&
	    set_fcntl(lock->fd, F_WRLCK) == -1) {
		if (errno != EAGAIN && errno != EACCES) {
			reason_errno(reason, lock->place, "fcntl lock");
			return ATTEMPT_FAILED;
		}
		reason_set(reason, MBOX_BUSY, lock->place, 0,
		    "locked by another program (fcntl)");
		return ATTEMPT_AGAIN;
	}
	if ((methods & MBOX_LOCK_FLOCK) != 0 &&
	    flock(lock->fd, LOCK_EX | LOCK_NB) == -1) {
		reason_set(reason, MBOX_BUSY, lock->place, errno, "flock");
		return ATTEMPT_AGAIN;
	}
	return ATTEMPT_GRANTED;
}

static void
drop_file_locks(struct lock *lock)
{
	if (lock->fd == -1)
		return;
	if ((lock->place->methods & MBOX_LOCK_FCNTL) != 0)
		(void)set_fcntl(lock->fd, F_UNLCK);
	if ((lock->place->methods & MBOX_LOCK_FLOCK) != 0)
		(void)flock(lock->fd, LOCK_UN);
}

/* True when the path still names the open file, which alone is safe: a mail
 * reader may have renamed a new file over it while we waited. */
bool
lock_is_current(const struct lock *lock)
{
	struct stat opened, named;

	return fstat(lock->fd, &opened) == 0 &&
	    fstatat(lock->directory, lock->place->name, &named,
		AT_SYMLINK_NOFOLLOW) == 0 &&
	    opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

/* ---- all of it ---------------------------------------------------------- */

static enum attempt
open_and_lock(struct lock *lock, struct mbox_reason *reason)
{
	enum attempt attempt;

	if (lock->fd == -1 && open_mailbox(lock) == -1)
		return judge_open_error(lock, reason);
	attempt = check_mailbox(lock, reason);
	if (attempt == ATTEMPT_GRANTED)
		attempt = take_file_locks(lock, reason);
	if (attempt == ATTEMPT_GRANTED && !lock_is_current(lock))
		attempt = ATTEMPT_AGAIN;
	return attempt;
}

static void
close_mailbox(struct lock *lock)
{
	if (lock->fd != -1)
		close(lock->fd);
	lock->fd = -1;
}

static enum attempt
try_once(struct lock *lock, struct mbox_reason *reason)
{
	bool was_open = lock->fd != -1;
	enum attempt attempt = take_dotlock(lock, reason);

	if (attempt == ATTEMPT_GRANTED)
		attempt = open_and_lock(lock, reason);
	if (attempt == ATTEMPT_GRANTED && !lock->is_missing)
		return attempt;
	lock_release(lock);
	if (was_open && attempt == ATTEMPT_AGAIN && !lock_is_current(lock)) {
		reason_set(reason, MBOX_CHANGED, lock->place, 0,
		    "was replaced by another program during the session; "
		    "nothing deleted");
		return ATTEMPT_FAILED;
	}
	if (!was_open)
		close_mailbox(lock);
	return attempt;
}

static void
pause_before_retry(unsigned int round, int64_t deadline)
{
	unsigned int grow = round < 3 ? round : 3;
	unsigned int most = PAUSE_MOST << grow;
	int64_t until = clock_now() +
	    secret_between(
		PAUSE_LEAST << grow, most < PAUSE_LIMIT ? most : PAUSE_LIMIT);

	clock_sleep_until(until < deadline ? until : deadline);
}

/* The look at the path first spares the many polls of an empty maildrop the
 * making of a dotlock. */
static bool
is_absent(const struct lock *lock)
{
	struct stat status;

	return (lock->flags & O_CREAT) == 0 && lock->fd == -1 &&
	    fstatat(lock->directory, lock->place->name, &status,
		AT_SYMLINK_NOFOLLOW) == -1 &&
	    errno == ENOENT;
}

int
lock_acquire(struct lock *lock, int64_t deadline, struct mbox_reason *reason)
{
	unsigned int round;

	lock->is_missing = false;
	reason_set(reason, MBOX_BUSY, lock->place, 0, "locked");
	if (open_directory(lock) == -1 && errno != ENOENT)
		return reason_errno(
		    reason, lock->place, "cannot open the directory");
	if (lock->directory == -1 && (lock->flags & O_CREAT) != 0)
		return reason_errno(
		    reason, lock->place, "the directory is missing");
	if (lock->directory == -1 || is_absent(lock)) {
		lock->is_missing = true;
		return 0;
	}
	for (round = 0;; round++) {
		enum attempt attempt = try_once(lock, reason);

		if (attempt != ATTEMPT_AGAIN)
			return attempt == ATTEMPT_GRANTED ? 0 : -1;
		if (clock_now() >= deadline)
			return -1;
		pause_before_retry(round, deadline);
	}
}

bool
lock_without_dotlock(struct lock *lock)
{
	struct mbox_reason unsaid;

	lock->is_missing = false;
	if (open_directory(lock) == 0 &&
	    open_and_lock(lock, &unsaid) == ATTEMPT_GRANTED &&
	    !lock->is_missing)
		return true;
	drop_file_locks(lock);
	close_mailbox(lock);
	return false;
}

void
lock_renew(struct lock *lock)
{
	int64_t now = clock_now();

	if (!lock->has_dotlock || now - lock->touched < RENEW_AFTER)
		return;
	lock->touched = now;
	if (lock->place->keeper != -1)
		keeper_touch(lock->place->keeper);
	else
		dotlock_touch(&lock->dotlock);
}

void
lock_release(struct lock *lock)
{
	drop_file_locks(lock);
	drop_dotlock(lock);
}

void
lock_close(struct lock *lock)
{
	close_mailbox(lock);
	drop_dotlock(lock);
	if (lock->directory != -1)
		close(lock->directory);
	lock->directory = -1;
}
