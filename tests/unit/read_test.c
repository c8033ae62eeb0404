/* mbox/read: whole messages and TOP, at every edge of the read buffer. */
#include "config.h"

#include "box.h"
#include "mail.h"
#include "mbox/private.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

/* The header, the empty line and so many lines of the body of stored. */
static void
top_naively(const struct bytes *stored, uint64_t lines, struct bytes *top)
{
	bool in_header = true;
	size_t at = 0;

	bytes_free(top);
	while (at < stored->length && (in_header || lines > 0)) {
		const char *line = stored->data + at;
		const char *newline = memchr(line, '\n', stored->length - at);
		size_t length = newline == NULL ? stored->length - at
						: (size_t)(newline + 1 - line);

		bytes_add(top, line, length);
		at += length;
		if (!in_header)
			lines--;
		else if (*line == '\n' ||
		    (length == 2 && memcmp(line, "\r\n", 2) == 0))
			in_header = false;
	}
}

/* Whether TOP of the message with this text is right for all small numbers. */
static int
wrong_tops(const struct bytes *stored)
{
	static const uint64_t lines[] = { 0, 1, 2, 3, 4, 5, 100,
		MBOX_ALL_LINES - 1, MBOX_ALL_LINES };
	struct mbox_place place = box_place("top");
	struct bytes mailbox = { 0 }, top = { 0 }, found = { 0 };
	struct bytes expected = { 0 };
	struct mbox *mbox;
	int wrong = 0;
	size_t i;

	bytes_add_text(&mailbox, FROM_LINE);
	bytes_add(&mailbox, stored->data, stored->length);
	bytes_add_text(&mailbox, "\n");
	box_write("top", &mailbox);
	mbox = open_mailbox(&place);
	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		top_naively(stored, lines[i], &top);
		convert_ends(&top, &expected);
		fetch(mbox, 0, lines[i], &found);
		wrong += !bytes_equal(&found, &expected);
	}
	mbox_close(&mbox);
	bytes_free(&mailbox);
	bytes_free(&top);
	bytes_free(&found);
	bytes_free(&expected);
	return wrong;
}

/* A header of that size, its end, and body lines of end. */
static void
build(struct bytes *stored, size_t header, const char *end)
{
	bytes_free(stored);
	bytes_add_text(stored, "X: ");
	bytes_fill(stored, 'h', header - 3);
	bytes_add_text(stored, end);
	bytes_add_text(stored, end);
	bytes_add_text(stored, "1");
	bytes_add_text(stored, end);
	bytes_add_text(stored, end);
	bytes_add_text(stored, "..3");
	bytes_add_text(stored, end);
	bytes_add_text(stored, "4");
	bytes_add_text(stored, end);
}

static void
edges(const char *end, const char *name)
{
	struct bytes stored = { 0 };
	int wrong = 0;
	size_t header;

	for (header = READ_SIZE - 20; header <= READ_SIZE + 4; header++) {
		build(&stored, header, end);
		wrong += wrong_tops(&stored);
	}
	is_number(wrong, 0,
	    "TOP 0 to 5 and more is right at every edge of the buffer, "
	    "line ends %s",
	    name);
	bytes_free(&stored);
}

static void
small_cases(void)
{
	static const char *const texts[] = { "", "\n", "\r\n", "H: x\n",
		"H: x\n\n", "H: x\n\nbody\n", "\nbody\n", "\n\n\nbody\n",
		"H: x\n\r\nbody\r\n", "H: x\r\n\nbody\n", "H: x\n\r\rbody\n",
		"H: x\n \n\nbody\n", "H: x\n\n\n\n\n\n" };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct bytes stored = { 0 };

		bytes_add_text(&stored, texts[i]);
		is_number(wrong_tops(&stored), 0,
		    "TOP is right for the small message %zu", i);
		bytes_free(&stored);
	}
}

/* The reader never gives more than one message. */
static void
neighbours(void)
{
	struct mbox_place place = box_place("two");
	struct bytes found = { 0 };
	struct mbox *mbox;

	box_write_text("two",
	    FROM_LINE "A: 1\n\none\n\n" FROM_LINE "B: 2\n\ntwo\nlines\n\n");
	mbox = open_mailbox(&place);
	fetch(mbox, 0, 100, &found);
	ok(bytes_are_text(&found, "A: 1\r\n\r\none\r\n"),
	    "TOP 1 100 ends where the message ends");
	fetch(mbox, 1, 1, &found);
	ok(bytes_are_text(&found, "B: 2\r\n\r\ntwo\r\n"),
	    "TOP 2 1 is header, empty line and one line");
	mbox_close(&mbox);
	bytes_free(&found);
}

static void
check_changed(const char *content, const char *what)
{
	struct mbox_place place = box_place("changed");
	struct mbox_reason reason = { 0 };
	struct mbox_reader reader;
	struct mbox *mbox;

	box_write_text("changed", FROM_LINE "A: 1\n\none\n\n");
	mbox = open_mailbox(&place);
	box_write_text("changed", content);
	is_number(mbox_read(mbox, 0, MBOX_ALL_LINES, &reader, &reason), -1,
	    "a message is not read from a mailbox that was %s", what);
	is_number(reason.failure, MBOX_CHANGED, "the reason is the change");
	mbox_close(&mbox);
}

/* Somebody cuts the file while the message is on its way. */
static void
cut_while_reading(void)
{
	struct mbox_place place = box_place("cut");
	struct mbox_reason reason = { 0 };
	struct bytes mailbox = { 0 };
	struct mbox_reader reader;
	struct mbox *mbox;
	const char *data;
	size_t length;
	int result;

	bytes_add_text(&mailbox, FROM_LINE);
	bytes_fill(&mailbox, 'x', 3 * READ_SIZE);
	box_write("cut", &mailbox);
	mbox = open_mailbox(&place);
	result = mbox_read(mbox, 0, MBOX_ALL_LINES, &reader, &reason);
	is_number(result, 0, "a message begins to be read");
	result = mbox_read_next(&reader, &data, &length, &reason);
	ok(result == 0 && length == READ_SIZE, "its first piece comes");
	box_write_text("cut", FROM_LINE);
	result = mbox_read_next(&reader, &data, &length, &reason);
	is_number(result, -1,
	    "row 42: a file cut while it is read gives an error, no signal");
	is_number(reason.failure, MBOX_CHANGED, "the reason is the change");
	mbox_close(&mbox);
	bytes_free(&mailbox);
}

/* A mail reader writes the mailbox anew while the message is on its way. */
static void
edit_while_reading(const char *edited, int expected, const char *what)
{
	struct mbox_place place = box_place("edited");
	struct mbox_reason reason = { 0 };
	struct mbox_reader reader;
	struct mbox *mbox;
	const char *data;
	size_t length;

	box_write_text("edited", FROM_LINE "A: 1\n\none\n\n");
	mbox = open_mailbox(&place);
	is_number(mbox_read(mbox, 0, MBOX_ALL_LINES, &reader, &reason), 0,
	    "a message begins to be read");
	(void)mbox_read_next(&reader, &data, &length, &reason);
	box_write_text("edited", edited);
	is_number(mbox_read_next(&reader, &data, &length, &reason), expected,
	    "the end of the message is %s", what);
	mbox_close(&mbox);
}

int
main(void)
{
	box_open();
	small_cases();
	edges("\n", "LF");
	edges("\r\n", "CR LF");
	neighbours();
	check_changed("", "emptied");
	check_changed(FROM_LINE "A: 1\n", "made shorter");
	check_changed("From eve@example.com Sun Nov 22 07:00:00 2026\nA: 1\n\n"
		      "one\n\n",
	    "rewritten");
	check_changed(FROM_LINE "A: 2\n\none\n\n", "edited in its header");
	check_changed(
	    FROM_LINE "Status: O\nA: 1\n\none\n\n", "given a header line");
	check_changed(FROM_LINE "A: 1\nStatus: RO\n\none\n\n",
	    "given a header line at the end");
	check_changed(FROM_LINE "A: 1\n\none\nand more\n\n",
	    "made longer, but by no message");
	check_changed(FROM_LINE "A:\n1\n\none\n\n", "broken in its header");
	cut_while_reading();
	edit_while_reading(FROM_LINE "A: 1\nStatus: R\n\none\n\n", -1,
	    "refused when it was rewritten meanwhile");
	edit_while_reading(FROM_LINE "A: 1\n\none\n\n" FROM_LINE
				     "A: 2\n\ntwo\n\n",
	    0, "good when mail was appended meanwhile");
	return done();
}
