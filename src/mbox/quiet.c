/*
 * Reading a mailbox without a dotlock.  Most sessions find nothing new, and
 * two lock files made and removed for that would cost more than the rest.
 *
 * 1. It is done only if fcntl or flock is a method too, and its lock is held;
 *    if no NAME.lock is there; if neither time of the file is younger than some
 *    seconds, or in the future; and if no other machine can write it.
 * 2. What was read counts if NAME.lock is still not there, the path still names
 *    the file, and its size and both times are as before.
 * 3. Who writes while we read, with a dotlock alone or with no lock at all,
 *    changes the ctime, which nobody can put back: it was seconds ago, so the
 *    clock has moved on.
 * 4. If the clock is set, a time may be wrong by as much.  A file then seems
 *    younger, or in the future, and a dotlock is made; or it seems older, and
 *    only rule 2 is left.
 * 5. Nothing is written so.  Who changes the mailbox takes all locks.
 * 6. By rule 3 a message of a mailbox that was opened so is still what was
 *    indexed as long as size and times are the same: it is not looked at again
 *    before it is read.  But a power cut can take octets away and leave the
 *    times, so that holds only for what was changed since the system began.
 */
#include "config.h"

#include "mbox/private.h"

#include <time.h>

/* By so much the clock may have been wrong when the system began. */
#define BOOT_SECONDS 60

static bool
is_allowed(const struct mbox_place *place)
{
	return place->quiet > 0 && (place->methods & MBOX_LOCK_DOTLOCK) != 0 &&
	    (place->methods & ~(unsigned int)MBOX_LOCK_DOTLOCK) != 0;
}

static bool
is_long_past(const struct timespec *time, time_t now, unsigned int seconds)
{
	return time->tv_sec < now - (time_t)seconds;
}

/* The clock that stamps files may be a little behind: so the whole seconds are
 * compared, and one more must have gone by. */
static bool
is_quiet(const struct stat *status, unsigned int seconds)
{
	struct timespec now;

	return clock_gettime(CLOCK_REALTIME, &now) == 0 &&
	    is_long_past(&status->st_mtim, now.tv_sec, seconds) &&
	    is_long_past(&status->st_ctim, now.tv_sec, seconds);
}

bool
quiet_begin(struct lock *lock, struct stat *status)
{
	if (!is_allowed(lock->place) || !lock_without_dotlock(lock))
		return false;
	if (fstat(lock->fd, status) == 0 &&
	    is_quiet(status, lock->place->quiet) &&
	    dotlock_is_absent(&lock->dotlock) && !network_may_share(lock->fd))
		return true;
	lock_release(lock);
	lock_close(lock);
	return false;
}

bool
quiet_since_boot(const struct stat *status)
{
	struct timespec now, uptime;

	return clock_gettime(CLOCK_REALTIME, &now) == 0 &&
	    clock_gettime(CLOCK_BOOTTIME, &uptime) == 0 &&
	    now.tv_sec - status->st_ctim.tv_sec < uptime.tv_sec - BOOT_SECONDS;
}

bool
quiet_was_kept(const struct lock *lock, const struct stat *status)
{
	struct stat now;

	return dotlock_is_absent(&lock->dotlock) && lock_is_current(lock) &&
	    fstat(lock->fd, &now) == 0 && is_untouched(status, &now);
}
