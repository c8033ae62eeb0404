/* mbox/quiet: a mailbox that nobody writes is read without a dotlock. */
#include "config.h"

#include "box.h"
#include "mail.h"
#include "mbox/private.h"
#include "support/clock.h"
#include "tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ONE   FROM_LINE "\nbody\n\n"
#define QUIET 10
#define LATER 1000 /* s, by which the clock of this program is ahead */
#define TICK  50   /* ms, after which a time stamp is another one */

/* ---- what the system does ----------------------------------------------- */

static time_t ahead, uptime;
static unsigned int links, reads;
static void (*disturbance)(void);

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	int result = (int)syscall(SYS_clock_gettime, clock, now);

	if (clock == CLOCK_REALTIME)
		now->tv_sec += ahead;
	if (clock == CLOCK_BOOTTIME)
		now->tv_sec = uptime;
	return result;
}

int
linkat(int from, const char *old, int to, const char *new, int flags)
{
	links++;
	return (int)syscall(SYS_linkat, from, old, to, new, flags);
}

/* Before the first octet is read something else happens. */
ssize_t
pread(int fd, void *buffer, size_t length, off_t position)
{
	void (*happens)(void) = disturbance;

	disturbance = NULL;
	reads++;
	if (happens != NULL)
		happens();
	return syscall(SYS_pread64, fd, buffer, length, position);
}

static void
pass_time(void)
{
	clock_sleep_until(in_ms(TICK));
}

static struct mbox_place
quiet_place(void)
{
	struct mbox_place place = box_place("box");

	place.quiet = QUIET;
	box_write_text("box", ONE);
	pass_time();
	ahead = LATER;
	uptime = 2 * LATER;
	links = 0;
	return place;
}

/* ---- with and without --------------------------------------------------- */

static void
opens(const struct mbox_place *place, unsigned int dotlocks, const char *what)
{
	struct mbox *mbox;

	links = 0;
	mbox = open_mailbox(place);
	is_number(mbox_count(mbox), 1, "%s: it is opened", what);
	is_number(links, dotlocks, "%s: dotlocks that were made", what);
	is_number(box_entries("."), 1, "%s: nothing is left", what);
	mbox_close(&mbox);
}

static void
when_it_is_quiet(void)
{
	struct mbox_place place = quiet_place();

	opens(&place, 0, "a quiet mailbox");
	place.quiet = 0;
	opens(&place, 1, "a quiet mailbox where that does not count");
	place.quiet = QUIET;
	place.methods = MBOX_LOCK_DOTLOCK;
	opens(&place, 1, "where the dotlock is the only method");
	place.methods = MBOX_LOCK_FCNTL;
	opens(&place, 0, "where it is none");
	place.methods = MBOX_LOCK_DEFAULT;
	ahead = QUIET - 1;
	opens(&place, 1, "a mailbox that was changed nine seconds ago");
	ahead = QUIET + 2;
	opens(&place, 0, "a mailbox that was changed twelve seconds ago");
	ahead = LATER;
	box_age("box", -LATER - 100);
	opens(&place, 1, "a mailbox of the future");
	box_age("box", 100);
	ahead = QUIET / 2;
	opens(&place, 1, "an old mailbox that was touched just now");
}

/* A clock that goes back makes files of the future. */
static void
when_the_clock_is_set(void)
{
	struct mbox_place place = quiet_place();

	ahead = -LATER;
	opens(&place, 1, "after the clock was set back");
	ahead = 0;
	opens(&place, 1, "when it is right again");
}

static void
nothing_there(void)
{
	struct mbox_place place = quiet_place();
	struct mbox *mbox;

	unlink("box");
	mbox = open_mailbox(&place);
	is_number(mbox_count(mbox), 0, "no mailbox is an empty one");
	is_number(links, 0, "and no dotlock was made for it");
	mbox_close(&mbox);
}

/* ---- others ------------------------------------------------------------- */

static void
stays_closed(const struct mbox_place *place, const char *what)
{
	struct mbox_reason reason = { 0 };
	struct mbox *mbox;

	is_number(mbox_open(&mbox, place, in_ms(100), &reason), -1,
	    "%s keeps a quiet mailbox closed", what);
	is_number(reason.failure, MBOX_BUSY, "%s: it is busy", what);
}

static void
with_a_dotlock(void)
{
	struct mbox_place place = quiet_place();
	char pid[32];

	snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	box_write_text("box.lock", pid);
	stays_closed(&place, "a dotlock");
	box_age("box.lock", 3600);
	opens(&place, 2, "with a stale dotlock");
}

static void
with_fcntl(void)
{
	struct mbox_place place = quiet_place();
	struct flock request = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open("box", O_RDWR | O_CLOEXEC);

	if (fd == -1 || fcntl(fd, F_OFD_SETLK, &request) == -1)
		bail_out("fcntl");
	stays_closed(&place, "an fcntl lock");
	close(fd);
	opens(&place, 0, "without it");
}

/* ---- while we read ------------------------------------------------------ */

static void
append(void)
{
	box_append_text("box", ONE);
}

static void
overwrite(void)
{
	int fd = open("box", O_WRONLY | O_CLOEXEC);

	if (fd == -1 || pwrite(fd, "From ann", 8, 0) != 8)
		bail_out("box");
	close(fd);
	box_age("box", 100); /* as some put the time back */
}

static void
replace(void)
{
	box_write_text("new", ONE ONE);
	if (rename("new", "box") == -1)
		bail_out("rename");
}

static void
lock_for_good(void)
{
	box_write_text("box.lock", "");
}

/* The other one has its dotlock for a moment only. */
static void
lock_and_append(void)
{
	box_write_text("box.lock", "");
	append();
	unlink("box.lock");
}

static void
disturbed(void (*happens)(void), size_t messages, const char *what)
{
	struct mbox_place place = quiet_place();
	struct mbox *mbox;

	disturbance = happens;
	mbox = open_mailbox(&place);
	is_number(mbox_count(mbox), messages,
	    "%s while it is read: all is read again", what);
	is_number(links, 1, "... with a dotlock");
	mbox_close(&mbox);
}

static void
locked_meanwhile(void)
{
	struct mbox_place place = quiet_place();

	disturbance = lock_for_good;
	stays_closed(&place, "a dotlock that appears while it is read");
	unlink("box.lock");
}

/* A message is looked at before it is read, unless nothing can have changed. */
static void
looked_at(void (*happens)(void), int result, bool is_looked_at,
    const struct mbox_place *place, const char *what)
{
	struct mbox_reason reason = { 0 };
	struct mbox_reader reader;
	struct mbox *mbox;

	mbox = open_mailbox(place);
	if (mbox_load(mbox, &reason) == -1)
		bail_out("mbox_load");
	if (happens != NULL)
		happens();
	reads = 0;
	is_number(mbox_read(mbox, 0, MBOX_ALL_LINES, &reader, &reason), result,
	    "%s: it can be read, or not", what);
	ok((reads > 0) == is_looked_at, "%s: it is looked at, or not", what);
	if (result == -1)
		is_number(
		    reason.failure, MBOX_CHANGED, "%s: that is why", what);
	mbox_close(&mbox);
}

static void
before_it_is_read(void)
{
	struct mbox_place place = quiet_place();

	looked_at(NULL, 0, false, &place, "a quiet mailbox");
	uptime = LATER;
	looked_at(NULL, 0, true, &place, "a quiet one, older than the boot");
	uptime = 2 * LATER;
	place.quiet = 0;
	looked_at(NULL, 0, true, &place, "another one");
	place = quiet_place();
	looked_at(append, 0, true, &place, "a quiet one with new mail");
	place = quiet_place();
	looked_at(overwrite, -1, true, &place, "a quiet one with other text");
}

/* Even if there was nothing to read. */
static void
judged(void)
{
	struct mbox_place place = quiet_place();
	struct stat before;
	struct lock lock;

	lock_init(&lock, &place, false);
	ok(quiet_begin(&lock, &before), "a quiet time begins");
	ok(quiet_was_kept(&lock, &before), "nothing has happened");
	lock_for_good();
	ok(!quiet_was_kept(&lock, &before), "a dotlock ends it");
	unlink("box.lock");
	ok(quiet_was_kept(&lock, &before), "it was not more than that");
	overwrite();
	ok(!quiet_was_kept(&lock, &before),
	    "a change in place ends it, though size and time are as before");
	lock_release(&lock);
	lock_close(&lock);
}

int
main(void)
{
	box_open();
	when_it_is_quiet();
	when_the_clock_is_set();
	with_a_dotlock();
	with_fcntl();
	disturbed(append, 2, "a message is appended");
	disturbed(overwrite, 1, "a message is overwritten");
	disturbed(replace, 2, "another file is put there");
	disturbed(lock_and_append, 2, "a message is appended under a dotlock");
	locked_meanwhile();
	before_it_is_read();
	judged();
	nothing_there();
	return done();
}
