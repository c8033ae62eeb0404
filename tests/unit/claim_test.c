/* mbox/claim: one session per mailbox. */
#include "config.h"

#include "box.h"
#include "support/clock.h"
#include "tap.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int
claim(struct mbox_place *place, int64_t wait, struct mbox_reason *reason)
{
	return mbox_claim("state", place, in_ms(wait), reason);
}

static void
second_claim(void)
{
	struct mbox_place place = box_place("joe");
	struct mbox_place other = box_place("ann");
	struct mbox_reason reason = { 0 };
	int64_t start;
	int first = claim(&place, 0, &reason);
	int fd;

	ok(first >= 0, "a mailbox is claimed");
	start = clock_now();
	is_number(claim(&place, 200, &reason), -1, "no second session gets it");
	is_number(reason.failure, MBOX_BUSY, "it is busy");
	ok(clock_now() - start >= 200, "it was tried to the deadline");
	fd = claim(&other, 0, &reason);
	ok(fd >= 0, "another mailbox is free");
	close(fd);
	strcat(other.directory, "/sub");
	strcpy(other.name, "joe");
	fd = claim(&other, 0, &reason);
	ok(fd >= 0, "the same name in another directory is free");
	close(fd);
	strcpy(other.directory, place.directory);
	*strrchr(other.directory, '/') = '%';
	fd = claim(&other, 0, &reason);
	ok(fd >= 0,
	    "a path with a percent sign for a slash is another mailbox");
	close(fd);
	close(first);
	fd = claim(&place, 0, &reason);
	ok(fd >= 0, "a claim ends when its descriptor is closed");
	close(fd);
	ok(!box_has("joe") && !box_has("joe.lock"),
	    "the mailbox is not touched");
}

/* A process with the claim that nothing but a signal ends. */
static pid_t
hold_elsewhere(struct mbox_place *place)
{
	struct mbox_reason reason;
	char octet;
	int ready[2];
	pid_t pid;

	if (pipe(ready) == -1)
		bail_out("pipe");
	pid = box_fork();
	if (pid == 0) {
		if (claim(place, 0, &reason) == -1 ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		alarm(60);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &octet, 1) != 1)
		bail_out("the other process has no claim");
	close(ready[0]);
	return pid;
}

static void
killed_holder(void)
{
	struct mbox_place place = box_place("joe");
	struct mbox_reason reason = { 0 };
	pid_t pid = hold_elsewhere(&place);
	int fd;

	is_number(claim(&place, 0, &reason), -1, "another process has it");
	is_number(reason.failure, MBOX_BUSY, "it is busy");
	kill(pid, SIGKILL);
	is_number(box_wait(pid), 128 + SIGKILL, "that process is killed");
	fd = claim(&place, 0, &reason);
	ok(fd >= 0, "then the claim is free");
	close(fd);
}

/* Paths too long for a file name are told apart all the same. */
static void
long_paths(void)
{
	struct mbox_place a = box_place("joe"), b = a;
	struct mbox_reason reason = { 0 };
	int first, second;

	memset(a.directory, 'd', 600);
	memset(b.directory, 'd', 600);
	a.directory[0] = b.directory[0] = '/';
	a.directory[600] = b.directory[600] = '\0';
	b.directory[599] = 'e';
	first = claim(&a, 0, &reason);
	ok(first >= 0, "a mailbox with a very long path is claimed");
	second = claim(&b, 0, &reason);
	ok(second >= 0, "a path with another end is another one");
	is_number(claim(&a, 0, &reason), -1, "the same path is busy");
	is_number(reason.failure, MBOX_BUSY, "because of the claim");
	close(first);
	close(second);
}

static void
change_time(const char *path, time_t seconds)
{
	struct timespec times[2] = { { .tv_sec = seconds },
		{ .tv_sec = seconds } };

	if (utimensat(AT_FDCWD, path, times, 0) == -1)
		bail_out("utimensat");
}

/* Claims the mailbox of tom, opens it if opens, and gives it back. */
static bool
visit(unsigned int pause, bool opens, struct mbox_reason *reason)
{
	struct mbox_place place = box_place("tom");
	struct mbox *mbox = NULL;
	int fd;

	place.pause = pause;
	fd = claim(&place, 0, reason);
	if (fd == -1)
		return false;
	if (opens && mbox_open(&mbox, &place, in_ms(0), reason) == -1)
		bail_out("mbox_open");
	mbox_close(&mbox);
	mbox_unclaim(&place, fd);
	return true;
}

static void
pauses(void)
{
	struct mbox_place place = box_place("tom");
	struct mbox_reason reason = { 0 };
	char path[sizeof(place.directory) + 32], *p;

	snprintf(path, sizeof(path), "%s/tom.last", place.directory);
	for (p = path; *p != '\0'; p++)
		if (*p == '/')
			*p = '%';
	memmove(path + 6, path, strlen(path) + 1);
	memcpy(path, "state/", 6);

	ok(visit(0, true, &reason) && !box_has(path),
	    "without a pause no time is kept");
	ok(visit(100, false, &reason), "the first session is not too soon");
	ok(visit(100, true, &reason),
	    "a claim that never opened the mailbox does not count");
	reason.failure = MBOX_SYSTEM;
	ok(!visit(100, true, &reason), "a session at once is too soon");
	is_number(reason.failure, MBOX_TOO_SOON, "and that is why");
	ok(visit(0, true, &reason), "unless there is no pause");
	change_time(path, time(NULL) - 95);
	ok(!visit(100, true, &reason), "after 95 s of 100 it is too soon");
	change_time(path, time(NULL) - 101);
	ok(visit(100, false, &reason), "after 101 s of 100 it is not");
	change_time(path, time(NULL) + 50);
	ok(visit(100, true, &reason), "a time to come keeps nobody out");
	ok(!visit(100, true, &reason), "and is corrected");
}

static void
bad_state(void)
{
	struct mbox_place place = box_place("joe");
	struct mbox_reason reason = { 0 };

	is_number(mbox_claim("nowhere", &place, in_ms(0), &reason), -1,
	    "without a state directory nothing is claimed");
	is_number(reason.failure, MBOX_SYSTEM, "it is trouble of the system");
}

int
main(void)
{
	box_open();
	box_directory("state", 0700);
	second_claim();
	killed_holder();
	long_paths();
	pauses();
	bad_state();
	return done();
}
