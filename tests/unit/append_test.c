/* mbox/append: all of a message is on disk, or the file is as before. */
#include "config.h"

#include "box.h"
#include "mail.h"
#include "support/spool.h"
#include "tap.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE FROM_LINE "Subject: new\n\nnew\n\n"

static int
append(const struct mbox_place *place, const struct bytes *message,
    struct mbox_reason *reason)
{
	struct spool spool;
	int result;

	spool_init(&spool);
	if (spool_write(&spool, message->data, message->length) == -1)
		bail_out("spool");
	result = mbox_append(place, &spool, in_ms(2000), reason);
	spool_free(&spool);
	return result;
}

static int
append_text(const char *name, const char *text)
{
	struct mbox_place place = box_place(name);
	struct bytes message = { 0 };
	struct mbox_reason reason;
	int result;

	bytes_add_text(&message, text);
	result = append(&place, &message, &reason);
	if (result == -1)
		note("%s", reason.text);
	bytes_free(&message);
	return result;
}

static void
completes(const char *before, const char *missing, const char *what)
{
	struct bytes expected = { 0 }, found = { 0 };

	box_write_text("box", before);
	bytes_add_text(&expected, before);
	bytes_add_text(&expected, missing);
	bytes_add_text(&expected, MESSAGE);
	is_number(
	    append_text("box", MESSAGE), 0, "mail is appended to %s", what);
	box_read("box", &found);
	is_bytes(&found, &expected, "row 39: %s gets %zu line ends first", what,
	    strlen(missing));
	is_number(box_entries("."), 1, "no lock is left");
	bytes_free(&expected);
	bytes_free(&found);
}

static void
creates(void)
{
	struct bytes found = { 0 };
	mode_t old = umask(0);
	struct stat status;

	unlink("box");
	is_number(append_text("box", MESSAGE), 0, "a missing mailbox is made");
	umask(old);
	status = box_stat("box");
	is_number(status.st_mode & 07777, 0600, "with mode 0600");
	is_number(status.st_uid, geteuid(), "for its owner");
	box_read("box", &found);
	ok(bytes_are_text(&found, MESSAGE), "with nothing before the message");
	bytes_free(&found);
}

/* A limit on the size of files stands for a full disk. */
static int
append_under_limit(const char *name, rlim_t limit, size_t length)
{
	struct mbox_place place = box_place(name);
	struct rlimit most = { limit, limit };
	struct bytes message = { 0 };
	struct mbox_reason reason = { 0 };
	pid_t pid = box_fork();

	if (pid != 0)
		return box_wait(pid);
	signal(SIGXFSZ, SIG_IGN);
	bytes_add_text(&message, FROM_LINE "\n");
	bytes_fill(&message, 'x', length);
	setrlimit(RLIMIT_FSIZE, &most);
	if (append(&place, &message, &reason) == 0)
		_exit(0);
	_exit(reason.failure == MBOX_FULL ? 1 : 2);
}

static void
full(size_t before, rlim_t limit, size_t length)
{
	struct bytes content = { 0 }, found = { 0 };

	bytes_add_text(&content, FROM_LINE "\n");
	bytes_fill(&content, 'y', before - content.length);
	box_write("box", &content);
	is_number(append_under_limit("box", limit, length), 1,
	    "row 43: %zu octets behind %zu, where %ju fit: MBOX_FULL", length,
	    before, (uintmax_t)limit);
	box_read("box", &found);
	is_bytes(&found, &content, "row 43: the file is as before");
	ok(!box_has("box.lock"), "row 43: no lock is left");
	bytes_free(&content);
	bytes_free(&found);
}

static void
full_when_new(void)
{
	unlink("box");
	is_number(append_under_limit("box", 100, 1000), 1,
	    "row 43: a new mailbox cannot be filled: MBOX_FULL");
	ok(!box_has("box") || box_stat("box").st_size == 0,
	    "row 43: nothing of the message is left");
}

static void
large_message(void)
{
	struct bytes message = { 0 }, found = { 0 };
	struct mbox_place place = box_place("box");
	struct mbox_reason reason;

	unlink("box");
	bytes_add_text(&message, FROM_LINE "\n");
	bytes_fill(&message, 'z', 3000000);
	bytes_add_text(&message, "\n\n");
	place.syncs = true;
	is_number(append(&place, &message, &reason), 0,
	    "a message of 3 MB is appended and synced");
	box_read("box", &found);
	is_bytes(&found, &message, "whole");
	bytes_free(&message);
	bytes_free(&found);
}

static void
news(void)
{
	time_t now = time(NULL);

	box_write_text("box", MESSAGE);
	box_age("box", 100000);
	append_text("box", MESSAGE);
	is_number(box_stat("box").st_atime <= now - 100000, 1,
	    "a delivery is no reading: shells and mail programs see news");
	is_number(box_stat("box").st_mtime >= now, 1,
	    "the mailbox has been changed now");
}

static void
nowhere(void)
{
	struct mbox_place place = box_place("box");
	struct bytes message = { 0 };
	struct mbox_reason reason = { 0 };

	strcat(place.directory, "/nowhere");
	bytes_add_text(&message, MESSAGE);
	is_number(append(&place, &message, &reason), -1,
	    "mail for a directory that is missing is not delivered");
	is_number(reason.failure, MBOX_SYSTEM, "it is trouble of the system");
	ok(strstr(reason.text, "nowhere/box") != NULL,
	    "the reason has the path");
	ok(strstr(reason.text, "No such file") != NULL, "and the error");
	bytes_free(&message);
}

int
main(void)
{
	box_open();
	completes("", "", "an empty file");
	completes("\n", "", "a file with one empty line");
	completes("\n\n", "", "a file with two empty lines");
	completes("x", "\n\n", "a file of one letter");
	completes("x\n", "\n", "a file of one line");
	completes(MESSAGE, "", "a whole mailbox");
	completes(FROM_LINE "\nbody\n", "\n", "a mailbox without empty line");
	completes(FROM_LINE "\nbo", "\n\n", "a mailbox cut in a line");
	completes(FROM_LINE "\nbody\r\n\r\n", "\n", "a mailbox with CR LF");
	creates();
	news();
	full(1000, 1500, 2000);
	full(1000, 1000, 10);
	full(70000, 70001, 300000);
	full_when_new();
	large_message();
	nowhere();
	return done();
}
