/* mbox/lock: all locks of a mailbox, against other programs. */
#include "config.h"

#include "box.h"
#include "mail.h"
#include "mbox/private.h"
#include "support/clock.h"
#include "tap.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define MAILBOX FROM_LINE "\nbody\n\n"

/* ---- another program ---------------------------------------------------- */

/* Tries the lock in another process: 0 granted, 1 refused. */
static int
try_elsewhere(bool with_flock)
{
	struct flock request = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	pid_t pid = box_fork();
	int fd;

	if (pid != 0)
		return box_wait(pid);
	fd = open("box", O_RDWR);
	if (with_flock)
		_exit(flock(fd, LOCK_EX | LOCK_NB) == -1);
	_exit(fcntl(fd, F_SETLK, &request) == -1);
}

/* A process that holds a lock on box until it is killed. */
static pid_t
hold_elsewhere(bool with_flock)
{
	struct flock request = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char octet;
	int ready[2];
	pid_t pid;

	if (pipe(ready) == -1)
		bail_out("pipe");
	pid = box_fork();
	if (pid == 0) {
		int fd = open("box", O_RDWR);
		int result = with_flock ? flock(fd, LOCK_EX)
					: fcntl(fd, F_SETLK, &request);

		if (result == -1 || write(ready[1], "x", 1) != 1)
			_exit(1);
		alarm(60);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &octet, 1) != 1)
		bail_out("the other process has no lock");
	close(ready[0]);
	return pid;
}

/* ---- refusals ----------------------------------------------------------- */

static void
check_busy(const struct mbox_place *place, const char *what)
{
	struct mbox_reason reason = { 0 };
	struct mbox *mbox;
	int64_t start = clock_now();

	is_number(mbox_open(&mbox, place, start + 400, &reason), -1,
	    "%s keeps the mailbox closed", what);
	is_number(reason.failure, MBOX_BUSY, "%s: it is busy", what);
	ok(clock_now() - start >= 400, "%s: it was tried to the deadline",
	    what);
	ok(clock_now() - start < 20000, "%s: and not much longer", what);
}

static void
open_and_close(const struct mbox_place *place)
{
	struct mbox *mbox = open_mailbox(place);

	is_number(mbox_count(mbox), 1, "the mailbox opens");
	mbox_close(&mbox);
}

static void
foreign_dotlock(void)
{
	struct mbox_place place = box_place("box");
	struct bytes found = { 0 };

	box_write_text("box.lock", "");
	check_busy(&place, "another's dotlock");
	box_read("box.lock", &found);
	is_number(found.length, 0, "another's dotlock is left alone");
	place.methods = MBOX_LOCK_FCNTL;
	open_and_close(&place);
	ok(box_has("box.lock"), "without the method it does not count");
	unlink("box.lock");
	bytes_free(&found);
}

static void
foreign_file_lock(bool with_flock)
{
	const char *what = with_flock ? "another's flock" : "another's fcntl";
	struct mbox_place place = box_place("box");
	pid_t pid = hold_elsewhere(with_flock);

	place.methods |= with_flock ? MBOX_LOCK_FLOCK : 0;
	check_busy(&place, what);
	ok(!box_has("box.lock"), "%s: our dotlock was given back", what);
	kill(pid, SIGKILL);
	is_number(box_wait(pid), 128 + SIGKILL, "%s: the holder dies", what);
	open_and_close(&place);
	ok(!box_has("box.lock"), "%s: then the mailbox opens", what);
}

/* ---- our own locks ------------------------------------------------------ */

static void
held_and_released(unsigned int methods, bool with_flock, const char *what)
{
	struct mbox_place place = box_place("box");
	struct mbox_reason reason;
	struct lock lock;
	pid_t pid;
	int other;

	place.methods = methods;
	lock_init(&lock, &place, false);
	is_number(lock_acquire(&lock, in_ms(1000), &reason), 0,
	    "%s: locks are taken", what);
	is_number(
	    try_elsewhere(with_flock), 1, "%s: nobody else gets one", what);
	is_number(box_has("box.lock"), (methods & MBOX_LOCK_DOTLOCK) != 0,
	    "%s: the dotlock is there if it is wanted", what);
	other = open("box", O_RDWR);
	close(other);
	is_number(try_elsewhere(with_flock), 1,
	    "row 37: %s: closing another descriptor does not lose it", what);
	pid = box_fork();
	if (pid == 0)
		_exit(0);
	is_number(box_wait(pid), 0, "%s: a child comes and goes", what);
	is_number(try_elsewhere(with_flock), 1,
	    "row 37: %s: the end of a child does not lose it", what);
	lock_release(&lock);
	is_number(try_elsewhere(with_flock), 0, "%s: it is given back", what);
	ok(!box_has("box.lock"), "%s: the dotlock is gone", what);
	is_number(lock_acquire(&lock, in_ms(1000), &reason), 0,
	    "%s: it can be taken again", what);
	lock_close(&lock);
	is_number(try_elsewhere(with_flock), 0, "%s: closing releases", what);
	ok(!box_has("box.lock"), "%s: the dotlock is gone again", what);
}

static void
not_held_while_open(void)
{
	struct mbox_place place = box_place("box");
	struct mbox *mbox = open_mailbox(&place);

	is_number(try_elsewhere(false), 0,
	    "during a session the mailbox is free for delivery");
	ok(!box_has("box.lock"), "and has no dotlock");
	mbox_close(&mbox);
}

/* ---- missing files, directories without write permission ---------------- */

static void
missing(void)
{
	struct mbox_place place = box_place("none");
	struct mbox *mbox = open_mailbox(&place);

	is_number(mbox_count(mbox), 0, "a missing mailbox is an empty one");
	ok(mbox_is_mbox(mbox), "and counts as an mbox");
	ok(!box_has("none"), "and is not made");
	mbox_close(&mbox);
	strcat(place.directory, "/nowhere");
	mbox = open_mailbox(&place);
	is_number(mbox_count(mbox), 0,
	    "a mailbox in a missing directory is an empty one");
	mbox_close(&mbox);
}

/* Opens closed/box as somebody who cannot write the directory: 0, or 10 and
 * the failure. */
static int
open_without_permission(bool needs_dotlock)
{
	struct mbox_place place = box_place("box");
	struct mbox_reason reason = { 0 };
	struct mbox *mbox;
	pid_t pid = box_fork();

	if (pid != 0)
		return box_wait(pid);
	become_stranger();
	strcat(place.directory, "/closed");
	place.owner = geteuid();
	place.needs_dotlock = needs_dotlock;
	if (mbox_open(&mbox, &place, in_ms(300), &reason) == -1)
		_exit(10 + (int)reason.failure);
	_exit(mbox_count(mbox) == 1 ? 0 : 1);
}

static void
unwritable_directory(void)
{
	box_directory("closed", 0700);
	box_write_text("closed/box", MAILBOX);
	if (is_root() && chown("closed/box", STRANGER, STRANGER) == -1)
		bail_out("chown");
	if (chmod("closed", 0555) == -1)
		bail_out("chmod");
	is_number(open_without_permission(true), 10 + MBOX_SYSTEM,
	    "where a dotlock is needed and cannot be made, opening fails");
	is_number(open_without_permission(false), 0,
	    "where it is not needed, fcntl is enough");
	chmod("closed", 0755);
}

/* ---- the words of --lock ------------------------------------------------ */

static void
word(const char *text, bool is_good, unsigned int expected)
{
	unsigned int methods = 0;

	is_number(mbox_parse_lock_methods(text, &methods), is_good,
	    "--lock=%s is %s", text, is_good ? "good" : "refused");
	if (is_good)
		is_number(methods, expected, "--lock=%s means that", text);
}

static void
words(void)
{
	word("dotlock,fcntl", true, MBOX_LOCK_DOTLOCK | MBOX_LOCK_FCNTL);
	word("fcntl,dotlock", true, MBOX_LOCK_DOTLOCK | MBOX_LOCK_FCNTL);
	word("dotlock", true, MBOX_LOCK_DOTLOCK);
	word("fcntl", true, MBOX_LOCK_FCNTL);
	word("dotlock,fcntl,flock", true,
	    MBOX_LOCK_DOTLOCK | MBOX_LOCK_FCNTL | MBOX_LOCK_FLOCK);
	word("flock", false, 0);
	word("", false, 0);
	word("none", false, 0);
	word("dotlock,", false, 0);
	word("dotlock fcntl", false, 0);
	word("dotlock,lockf", false, 0);
}

int
main(void)
{
	box_open();
	box_write_text("box", MAILBOX);
	foreign_dotlock();
	foreign_file_lock(false);
	foreign_file_lock(true);
	held_and_released(MBOX_LOCK_DEFAULT, false, "dotlock and fcntl");
	held_and_released(MBOX_LOCK_FCNTL, false, "fcntl alone");
	held_and_released(
	    MBOX_LOCK_DEFAULT | MBOX_LOCK_FLOCK, true, "with flock");
	not_held_while_open();
	missing();
	unwritable_directory();
	words();
	return done();
}
