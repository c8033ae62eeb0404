/* support/rewrite: the old file or the new one, and one writer at a time. */
#include "config.h"

#include "box.h"
#include "support/fileio.h"
#include "support/rewrite.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST	1000000
#define WRITERS 4
#define ROUNDS	50

static void
has(const char *name, const char *text, const char *what)
{
	struct bytes found = { 0 };

	box_read(name, &found);
	ok(bytes_are_text(&found, text), "%s", what);
	bytes_free(&found);
}

/* 0 or errno. */
static int
change(const char *name, const char *text)
{
	struct rewrite rewrite;
	int error = 0;

	if (rewrite_open(&rewrite, name, MOST, in_ms(2000)) == -1)
		return errno;
	if (rewrite_commit(&rewrite, text, strlen(text)) == -1)
		error = errno;
	rewrite_close(&rewrite);
	rewrite_close(&rewrite);
	return error;
}

static void
replaces(void)
{
	struct stat before, after;

	box_write_text("file", "old\n");
	chmod("file", 0640);
	if (is_root() && chown("file", STRANGER, STRANGER) == -1)
		bail_out("chown");
	before = box_stat("file");
	is_number(change("file", "new text\n"), 0, "a file is replaced");
	after = box_stat("file");
	has("file", "new text\n", "by the new text");
	ok(before.st_ino != after.st_ino, "which is another file");
	is_number(after.st_mode & 07777, 0640, "of the same mode");
	is_number(after.st_uid, before.st_uid, "of the same owner");
	is_number(after.st_gid, before.st_gid, "of the same group");
	is_number(change("file", "new text\n"), 0, "the same text is fine");
	is_number(box_stat("file").st_ino, after.st_ino,
	    "and nothing is written then");
	is_number(box_entries("."), 1, "nothing else is left");
	box_write_text("file.new", "of somebody who died");
	is_number(change("file", "a"), 0, "a draft that was left is no harm");
	has("file", "a", "the new text is there");
	ok(!box_has("file.new"), "and the draft is gone");
	is_number(change("file", ""), 0, "a file can become empty");
	has("file", "", "and is");
	unlink("file");
}

static void
follows_links(void)
{
	box_directory("a", 0755);
	box_directory("b", 0755);
	box_write_text("b/real", "old");
	ok(symlink("../b/middle", "a/link") == 0 &&
		symlink("real", "b/middle") == 0,
	    "a link to a link to a file");
	is_number(change("a/link", "new"), 0, "can be changed");
	has("b/real", "new", "the file at the end has the text");
	ok(S_ISLNK(box_stat("a/link").st_mode), "the first link stays");
	ok(S_ISLNK(box_stat("b/middle").st_mode), "the second link stays");
	ok(symlink("loop", "loop") == 0, "a link to itself");
	is_number(change("loop", "x"), ELOOP, "is refused");
}

static void
refuses(void)
{
	struct rewrite rewrite;

	is_number(change("nothing", "x"), ENOENT, "no file");
	is_number(change("nowhere/x", "x"), ENOENT, "no directory");
	is_number(change("a", "x"), EINVAL, "a directory is no file");
	ok(mkfifo("fifo", 0600) == 0, "a FIFO");
	is_number(change("fifo", "x"), EINVAL, "is not waited for");
	box_write_text("one", "1");
	ok(link("one", "two") == 0, "a file with two names");
	is_number(change("one", "x"), EMLINK, "is left alone");
	is_number(rewrite_open(&rewrite, "b/real", 2, in_ms(0)), -1, "3 of 2");
	is_number(errno, EFBIG, "octets are too many");
}

static void
makes(void)
{
	mode_t old = umask(077);

	is_number(rewrite_make("made", 0644, "text"), 0, "a file is made");
	umask(old);
	has("made", "text", "with its text");
	is_number(box_stat("made").st_mode & 07777, 0644, "and its mode");
	is_number(rewrite_make("made", 0600, "x"), -1, "but not again");
	is_number(errno, EEXIST, "since it is there");
	ok(symlink("nothing", "dangling") == 0, "nor through a link");
	is_number(rewrite_make("dangling", 0600, "x"), -1, "to nothing");
	is_number(errno, EEXIST, "since that is there too");
	unlink("made");
}

static void
locks(void)
{
	struct rewrite first;
	struct rewrite second;

	box_write_text("shared", "0");
	is_number(
	    rewrite_open(&first, "shared", MOST, in_ms(0)), 0, "one has it");
	is_number(rewrite_open(&second, "shared", MOST, in_ms(60)), -1,
	    "another one waits, in vain");
	is_number(errno, ETIMEDOUT, "for a while");
	is_number(rewrite_commit(&first, "1", 1), 0, "the first changes it");
	is_number(rewrite_open(&second, "shared", MOST, in_ms(2000)), 0,
	    "the new file is free");
	is_text(second.text, "1", "and is what the next one reads");
	rewrite_close(&second);
	rewrite_close(&first);
}

/* Adds a line, many times. */
static void
write_lines(int writer)
{
	struct rewrite rewrite;
	char text[20000];
	int i, length;

	for (i = 0; i < ROUNDS; i++) {
		if (rewrite_open(&rewrite, "shared", MOST, in_ms(30000)) == -1)
			_exit(1);
		length = snprintf(
		    text, sizeof(text), "%s%d.%d\n", rewrite.text, writer, i);
		if (rewrite_commit(&rewrite, text, (size_t)length) == -1)
			_exit(2);
		rewrite_close(&rewrite);
	}
	_exit(0);
}

/* Reads until it is killed: the file is there, and ends in a whole line. */
static void
read_lines(void)
{
	char text[20000];
	ssize_t length;
	int fd;

	for (;;) {
		fd = open("shared", O_RDONLY);
		if (fd == -1)
			_exit(1);
		length = fileio_read(fd, text, sizeof(text));
		close(fd);
		if (length < 0 || (length > 0 && text[length - 1] != '\n'))
			_exit(2);
	}
}

static void
loses_nothing(void)
{
	struct bytes found = { 0 };
	char line[40];
	pid_t pids[WRITERS], reader;
	int i, j, missing = 0;

	box_write_text("shared", "");
	reader = box_fork();
	if (reader == 0)
		read_lines();
	for (i = 0; i < WRITERS; i++) {
		pids[i] = box_fork();
		if (pids[i] == 0)
			write_lines(i);
	}
	for (i = 0; i < WRITERS; i++)
		is_number(box_wait(pids[i]), 0, "writer %d has ended", i);
	kill(reader, SIGKILL);
	is_number(box_wait(reader), 128 + SIGKILL,
	    "a reader has never seen a part of a file, nor none");
	box_read("shared", &found);
	for (i = 0; i < WRITERS; i++)
		for (j = 0; j < ROUNDS; j++) {
			snprintf(line, sizeof(line), "%d.%d\n", i, j);
			missing += !bytes_have(&found, line);
		}
	is_number(missing, 0, "%d writers have lost no line", WRITERS);
	bytes_free(&found);
}

int
main(void)
{
	box_open();
	replaces();
	follows_links();
	refuses();
	makes();
	locks();
	loses_nothing();
	return done();
}
