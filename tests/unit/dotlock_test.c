/* mbox/dotlock: one lock file, stale ones, and what is no lock (33, 34). */
#include "config.h"

#include "box.h"
#include "mbox/private.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static int directory;

static struct dotlock
new_lock(void)
{
	return (struct dotlock){ .directory = directory, .name = "box" };
}

/* A stale lock is broken by the first try and taken by the next. */
static int
try_twice(struct dotlock *lock)
{
	return dotlock_try(lock) == 0 ? 0 : dotlock_try(lock);
}

static pid_t
dead_process(void)
{
	pid_t pid = box_fork();

	if (pid == 0)
		_exit(0);
	box_wait(pid);
	return pid;
}

/* ---- ours --------------------------------------------------------------- */

static void
take_and_release(void)
{
	struct dotlock lock = new_lock();
	struct dotlock other = new_lock();
	struct bytes found = { 0 };
	char pid[32];

	is_number(dotlock_try(&lock), 0, "a dotlock is taken");
	snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	box_read("box.lock", &found);
	ok(bytes_are_text(&found, pid), "in it stands the process id");
	is_number(
	    box_stat("box.lock").st_mode & 07777, 0444, "its mode is 0444");
	is_number(box_stat("box.lock").st_nlink, 1, "it has one link");
	is_number(box_entries("."), 1, "no temporary file is left");
	is_number(dotlock_try(&other), -1, "nobody gets it a second time");
	is_number(errno, EEXIST, "because it exists");
	is_number(box_entries("."), 1, "no temporary file is left then either");
	dotlock_release(&other);
	ok(box_has("box.lock"), "who has none releases none");
	box_age("box.lock", 100);
	dotlock_touch(&lock);
	ok(box_stat("box.lock").st_mtime > time(NULL) - 50,
	    "touching renews its time");
	dotlock_release(&lock);
	ok(!box_has("box.lock"), "it is released");
	dotlock_release(&lock);
	is_number(dotlock_try(&other), 0, "then another takes it");
	dotlock_release(&lock);
	ok(box_has("box.lock"), "releasing twice does not touch another's");
	dotlock_release(&other);
	bytes_free(&found);
}

static void
replaced(void)
{
	struct dotlock lock = new_lock();
	struct stat before;

	is_number(dotlock_try(&lock), 0, "a dotlock is taken");
	if (rename("box.lock", "mine") == -1)
		bail_out("rename");
	box_write_text("box.lock", "1\n");
	box_age("box.lock", 100);
	before = box_stat("box.lock");
	dotlock_touch(&lock);
	is_number(box_stat("box.lock").st_mtime, before.st_mtime,
	    "a lock file that took its place is not touched");
	dotlock_release(&lock);
	ok(box_has("box.lock"), "nor removed");
	unlink("box.lock");
	unlink("mine");
}

/* ---- stale ones --------------------------------------------------------- */

static void
judge(const char *content, long age, bool is_stale, const char *what)
{
	struct dotlock lock = new_lock();
	int result;

	box_write_text("box.lock", content);
	box_age("box.lock", age);
	result = try_twice(&lock);
	is_number(result, is_stale ? 0 : -1, "row 34: %s, %ld s old, is %s",
	    what, age, is_stale ? "stale" : "respected");
	is_number(box_entries("."), 1, "row 34: one file is there (%s)", what);
	is_number(box_stat("box.lock").st_size != (off_t)strlen(content) ||
		lock.is_held,
	    is_stale, "row 34: it is %s", is_stale ? "ours now" : "theirs");
	if (result == 0)
		dotlock_release(&lock);
	else
		unlink("box.lock");
}

static void
stale(void)
{
	char dead[32], alive[32], us[32];
	pid_t pid = dead_process();

	snprintf(dead, sizeof(dead), "%ld\n", (long)pid);
	snprintf(alive, sizeof(alive), "%ld\n", (long)getppid());
	snprintf(us, sizeof(us), "%ld", (long)getpid());
	judge(dead, 0, false, "the lock of a dead process");
	judge(dead, 3, false, "the lock of a dead process");
	judge(dead, 8, true, "the lock of a dead process");
	judge(alive, 8, false, "the lock of a living process");
	judge(us, 600, false, "the lock of a living process");
	judge(alive, 1780, false, "the lock of a living process");
	judge(alive, 1820, true, "the lock of a living process");
	judge("", 8, false, "an empty lock");
	judge("", 290, false, "an empty lock");
	judge("", 310, true, "an empty lock");
	judge("host.example.com:77\n", 290, false, "a lock with other text");
	judge("host.example.com:77\n", 310, true, "a lock with other text");
	judge("-1\n", 8, false, "a lock with a negative number");
	judge("0\n", 8, false, "a lock with the number 0");
	judge("99999999999999999999\n", 8, false, "a lock with a huge number");
	judge(dead, -1000, false, "a lock from the future");
	judge("", -1000, false, "an empty lock from the future");
}

/* Postfix makes its lock with mode 0. */
static void
unreadable(void)
{
	struct dotlock lock = new_lock();

	box_write_text("box.lock", "");
	chmod("box.lock", 0);
	box_age("box.lock", 100);
	is_number(
	    try_twice(&lock), -1, "row 34: a lock of mode 0 is respected");
	box_age("box.lock", 310);
	is_number(try_twice(&lock), 0, "row 34: until it is 300 s old");
	dotlock_release(&lock);
}

/* ---- what was planted --------------------------------------------------- */

static void
planted(const char *what)
{
	struct dotlock lock = new_lock();
	struct stat before = box_stat("box.lock");
	struct stat after;

	box_age("box.lock", 5000);
	is_number(try_twice(&lock), -1, "row 33: %s keeps us out", what);
	is_number(errno, EEXIST, "row 33: %s counts as a lock", what);
	dotlock_touch(&lock);
	dotlock_release(&lock);
	after = box_stat("box.lock");
	ok(before.st_ino == after.st_ino && before.st_mode == after.st_mode,
	    "row 33: %s is left as it is", what);
	is_number(remove("box.lock"), 0, "row 33: (%s is removed)", what);
}

static void
all_planted(void)
{
	struct bytes found = { 0 };

	box_write_text("victim", "precious");
	if (symlink("victim", "box.lock") == -1)
		bail_out("symlink");
	planted("a symbolic link");
	if (symlink("nowhere", "box.lock") == -1)
		bail_out("symlink");
	planted("a symbolic link to nothing");
	ok(!box_has("nowhere"), "row 33: nothing is made behind it");
	box_directory("box.lock", 0700);
	planted("a directory");
	if (mkfifo("box.lock", 0600) == -1)
		bail_out("mkfifo");
	planted("a FIFO");
	box_read("victim", &found);
	ok(bytes_are_text(&found, "precious"), "row 33: no target is touched");
	bytes_free(&found);
	unlink("victim");
}

/* ---- a full disk -------------------------------------------------------- */

/* In a mount namespace of its own, on a file system of one page. */
static int
lock_on_full_disk(void)
{
	struct dotlock lock = new_lock();
	struct dotlock other;
	struct stat status;
	int fd;

	if (unshare(CLONE_NEWNS) == -1 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("tiny", "disk", "tmpfs", 0, "size=4k") == -1)
		return 99;
	fd = open("disk/box", O_WRONLY | O_CREAT, 0600);
	while (write(fd, "xxxxxxxxxxxxxxxx", 16) > 0)
		;
	lock.directory = open("disk", O_PATH | O_DIRECTORY);
	other = lock;
	if (dotlock_try(&lock) == -1)
		return 1;
	if (stat("disk/box.lock", &status) == -1 || status.st_size != 0)
		return 2;
	if (dotlock_try(&other) == 0 || errno != EEXIST)
		return 3;
	if (box_entries("disk") != 2)
		return 4;
	dotlock_release(&lock);
	return box_entries("disk") == 1 ? 0 : 5;
}

static void
full_disk(void)
{
	static const char name[] =
	    "row 43: on a full disk the lock is an empty file";
	int result;
	pid_t pid;

	if (!is_root()) {
		skip("needs root to mount a small file system", "%s", name);
		return;
	}
	box_directory("disk", 0755);
	pid = box_fork();
	if (pid == 0)
		_exit(lock_on_full_disk());
	result = box_wait(pid);
	if (result == 99)
		skip("this container forbids mount(2)", "%s", name);
	else
		is_number(result, 0, "%s", name);
	remove("disk");
}

int
main(void)
{
	box_open();
	directory = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	take_and_release();
	replaced();
	stale();
	unreadable();
	all_planted();
	full_disk();
	close(directory);
	return done();
}
