/*
 * delivery/message: from what an MTA hands over to what stands in the mailbox.
 * Golden cases: tests/golden/delivery/NAME.message becomes NAME.delivered, for
 * sender@example.com to joe@kvt.dk.
 */
#include "config.h"

#include "box.h"
#include "delivery/private.h"
#include "mail.h"
#include "tap.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ADDRESS "joe@kvt.dk"

/* What stands in the mailbox after input came through a descriptor. */
static void
deliver_from(int fd, const char *sender, struct bytes *delivered)
{
	struct spool spool;
	int copy = open("copy", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	spool_init(&spool);
	if (message_read(fd, sender, ADDRESS, &spool) == -1 ||
	    spool_copy(&spool, copy) == -1)
		bail_out("message_read");
	spool_free(&spool);
	close(copy);
	box_read("copy", delivered);
}

static void
deliver(
    const struct bytes *message, const char *sender, struct bytes *delivered)
{
	int fd;

	box_write("input", message);
	fd = open("input", O_RDONLY);
	deliver_from(fd, sender, delivered);
	close(fd);
}

/* The same through a pipe, in pieces that arrive one by one. */
static void
deliver_in_pieces(
    const struct bytes *message, size_t piece, struct bytes *delivered)
{
	size_t at = 0;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_DIRECT) == -1)
		bail_out("pipe");
	pid = box_fork();
	if (pid == 0) {
		close(ends[0]);
		while (at < message->length) {
			size_t left = message->length - at;
			size_t part = left < piece ? left : piece;

			if (write(ends[1], message->data + at, part) == -1)
				_exit(1);
			at += part;
		}
		_exit(0);
	}
	close(ends[1]);
	deliver_from(ends[0], "sender@example.com", delivered);
	close(ends[0]);
	box_wait(pid);
}

/* ---- golden ------------------------------------------------------------- */

/* A From_ line that was made carries the present time: the golden one says
 * DATE. */
static void
blank_date(struct bytes *delivered, const struct bytes *expected)
{
	static const char start[] = "From sender@example.com ";
	struct bytes changed = { 0 };
	const char *newline;

	if (!bytes_have(expected, "From sender@example.com DATE\n") ||
	    delivered->length < sizeof(start) ||
	    memcmp(delivered->data, start, sizeof(start) - 1) != 0)
		return;
	newline = memchr(delivered->data, '\n', delivered->length);
	ok(newline != NULL &&
		mbox_is_from_line(
		    delivered->data, (size_t)(newline - delivered->data)),
	    "the From_ line that was made is a good one");
	bytes_add_text(&changed, start);
	bytes_add_text(&changed, "DATE");
	bytes_add(&changed, newline,
	    delivered->length - (size_t)(newline - delivered->data));
	bytes_free(delivered);
	*delivered = changed;
}

static void
golden(const char *path)
{
	struct bytes message = { 0 }, expected = { 0 }, found = { 0 };
	struct bytes name = { 0 };
	static const size_t pieces[] = { 1, 2, 3, 7, 64 };
	size_t i;

	bytes_add(&name, path, strlen(path) - strlen(".message"));
	bytes_add_text(&name, ".delivered");
	box_read(path, &message);
	box_read(name.data, &expected);
	deliver(&message, "sender@example.com", &found);
	blank_date(&found, &expected);
	is_bytes(&found, &expected, "%s is delivered as expected",
	    strrchr(path, '/') + 1);
	for (i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		deliver_in_pieces(&message, pieces[i], &found);
		blank_date(&found, &expected);
		is_bytes(&found, &expected, "and in pieces of %zu", pieces[i]);
	}
	bytes_free(&message);
	bytes_free(&expected);
	bytes_free(&found);
	bytes_free(&name);
}

static void
all_golden(void)
{
	char pattern[4200];
	glob_t found;
	size_t i;

	snprintf(pattern, sizeof(pattern), "%s/tests/golden/delivery/*.message",
	    box_source());
	if (glob(pattern, 0, NULL, &found) != 0)
		bail_out(pattern);
	for (i = 0; i < found.gl_pathc; i++)
		golden(found.gl_pathv[i]);
	globfree(&found);
}

/* ---- senders ------------------------------------------------------------ */

static void
sender(const char *given, const char *from, const char *return_path)
{
	struct bytes message = { 0 }, found = { 0 };

	bytes_add_text(&message, "Subject: x\n\nbody\n");
	deliver(&message, given, &found);
	ok(found.length > strlen(from) &&
		memcmp(found.data, from, strlen(from)) == 0,
	    "sender %s makes the line %s...", given == NULL ? "?" : given,
	    from);
	if (return_path == NULL)
		ok(!bytes_have(&found, "Return-Path"),
		    "and no Return-Path, for nobody knows it");
	else
		ok(bytes_have(&found, return_path), "and %s", return_path);
	bytes_free(&message);
	bytes_free(&found);
}

static void
senders(void)
{
	sender("a@b", "From a@b ", "\nReturn-Path: <a@b>\n");
	sender("", "From MAILER-DAEMON ", "\nReturn-Path: <>\n");
	sender(NULL, "From MAILER-DAEMON ", NULL);
	sender("a b\n\tc", "From a_b__c ", "\nReturn-Path: <a_b__c>\n");
	sender("%n%s", "From %n%s ", "\nReturn-Path: <%n%s>\n");
}

/* ---- long lines --------------------------------------------------------- */

/* A body line of that many octets, with something behind that must not look
 * like the start of a line. */
static int
wrong_long_lines(size_t length, const char *end)
{
	struct bytes message = { 0 }, expected = { 0 }, found = { 0 };
	int wrong;

	bytes_add_text(&message, FROM_LINE "Delivered-To: " ADDRESS "\n");
	bytes_add_text(&message, "Return-Path: <a@b>\n\n");
	bytes_fill(&message, 'x', length);
	bytes_add(&expected, message.data, message.length);
	bytes_add_text(&message, "From ");
	bytes_add_text(&message, end);
	bytes_add_text(&message, "From y");
	bytes_add_text(&expected, "From \n>From y\n\n");
	deliver(&message, "a@b", &found);
	wrong = !bytes_equal(&found, &expected);
	bytes_free(&message);
	bytes_free(&expected);
	bytes_free(&found);
	return wrong;
}

static void
long_lines(void)
{
	static const size_t edges[] = { 65536, 131072 };
	int wrong = 0;
	size_t i, length;

	for (i = 0; i < 2; i++)
		for (length = edges[i] - 120; length < edges[i] + 4; length++)
			wrong += wrong_long_lines(length, "\n") +
			    wrong_long_lines(length, "\r\n");
	wrong += wrong_long_lines(1000000, "\r\n");
	is_number(wrong, 0,
	    "lines longer than the buffer pass whole, LF or CR LF behind");
}

/* A header line longer than the buffer. */
static void
long_header(void)
{
	struct bytes message = { 0 }, expected = { 0 }, found = { 0 };
	static const char top[] = FROM_LINE "Return-Path: <a@b>\n"
					    "Delivered-To: " ADDRESS "\n";

	bytes_add_text(&message, top);
	bytes_add_text(&message, "Subject: ");
	bytes_fill(&message, 'x', 200000);
	bytes_add_text(&message, "\nFrom joe\n\nFrom joe\n");
	bytes_add_text(&expected, top);
	bytes_add_text(&expected, "Subject: ");
	bytes_fill(&expected, 'x', 200000);
	bytes_add_text(&expected, "\nFrom joe\n\n>From joe\n\n");
	deliver(&message, "a@b", &found);
	is_bytes(&found, &expected, "a header line of 200,000 octets passes");
	bytes_free(&message);
	bytes_free(&expected);
	bytes_free(&found);
}

/* ---- one message in, one message out ------------------------------------ */

/* Whatever comes in, the mailbox has one message more, and it ends well. */
static void
always_one(void)
{
	int wrong = 0, badly_ended = 0;
	uint32_t state = 3;
	int i;

	for (i = 0; i < 300; i++) {
		struct mbox_place place = box_place("box");
		struct bytes message = { 0 }, found = { 0 };
		struct mbox *mbox;

		bytes_add(&message, "", 0);
		add_random_mailbox(&message, &state);
		deliver(&message, i % 2 == 0 ? "a@b" : NULL, &found);
		badly_ended += found.length < 2 ||
		    memcmp(found.data + found.length - 2, "\n\n", 2) != 0;
		bytes_add_text(&found, FROM_LINE "\nnext\n\n");
		box_write("box", &found);
		mbox = open_mailbox(&place);
		wrong += mbox_count(mbox) != 2 || !mbox_is_mbox(mbox);
		mbox_close(&mbox);
		bytes_free(&message);
		bytes_free(&found);
	}
	is_number(wrong, 0, "300 random inputs become one message each");
	is_number(badly_ended, 0, "each of them ends in an empty line");
}

int
main(void)
{
	box_open();
	all_golden();
	senders();
	long_lines();
	long_header();
	always_one();
	return done();
}
