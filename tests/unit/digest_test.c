/* mbox/digest: unique ids that stay (row 19). */
#include "config.h"

#include "box.h"
#include "mail.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

/* The ids of all messages of a mailbox with this content. */
static size_t
list_ids(const struct bytes *content, char ids[][MBOX_UIDL_SIZE], size_t most)
{
	struct mbox_place place = box_place("ids");
	struct mbox_reason reason;
	struct mbox *mbox;
	size_t count, i;

	box_write("ids", content);
	mbox = open_mailbox(&place);
	count = mbox_count(mbox);
	for (i = 0; i < count && i < most; i++)
		if (mbox_uidl(mbox, i, ids[i], &reason) == -1)
			bail_out(reason.text);
	mbox_close(&mbox);
	return count;
}

static void
id_of(const char *text, char id[MBOX_UIDL_SIZE])
{
	struct bytes content = { 0 };
	char ids[1][MBOX_UIDL_SIZE];

	bytes_add_text(&content, text);
	if (list_ids(&content, ids, 1) != 1)
		bail_out("one message expected");
	memcpy(id, ids[0], MBOX_UIDL_SIZE);
	bytes_free(&content);
}

/* ---- what readers add --------------------------------------------------- */

static const char *const header[] = { "Received: from a\n\tby b\n",
	"Subject: one\n", "Message-ID: <1@example.com>\n", "To: joe\n" };

#define LINES (sizeof(header) / sizeof(*header))

static void
id_with(const char *extra, size_t at, char id[MBOX_UIDL_SIZE])
{
	char text[2000] = FROM_LINE;
	size_t i;

	for (i = 0; i <= LINES; i++) {
		if (i == at)
			strcat(text, extra);
		if (i < LINES)
			strcat(text, header[i]);
	}
	strcat(text, "\nbody\n\n");
	id_of(text, id);
}

static const char *const volatile_lines[] = { "Status: RO\n", "Status: O\n",
	"status: R\n", "STATUS:\n", "X-Status: A\n", "X-UID: 1234\n",
	"X-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000\n",
	"X-Keywords: a\n b\n\tc\n", "x-anything: y\n", "Lines: 12\n",
	"Content-Length: 1234\n", "content-length: 5\n 6\n",
	"Status: RO\nX-Status: A\nLines: 1\nContent-Length: 9\n" };

static void
volatile_headers(void)
{
	char plain[MBOX_UIDL_SIZE];
	char id[MBOX_UIDL_SIZE];
	size_t i, at;

	id_with("", 0, plain);
	for (i = 0; i < sizeof(volatile_lines) / sizeof(*volatile_lines); i++) {
		int wrong = 0;

		for (at = 0; at <= LINES; at++) {
			/* Not between a field and its continuation. */
			id_with(volatile_lines[i], at, id);
			wrong += strcmp(id, plain) != 0;
		}
		is_number(wrong, 0, "the id stays when %.*s comes and goes",
		    (int)strcspn(volatile_lines[i], "\n"), volatile_lines[i]);
	}
}

static void
lasting_headers(void)
{
	static const char *const lines[] = { "Subject: two\n", "Statu: R\n",
		"Status-Of: R\n", "XY: 1\n", "Content-Type: text/plain\n",
		"Line: 1\n", " continued\n" };
	char plain[MBOX_UIDL_SIZE];
	char id[MBOX_UIDL_SIZE];
	size_t i;

	id_with("", 0, plain);
	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		id_with(lines[i], 2, id);
		ok(strcmp(id, plain) != 0, "another header, another id: %.*s",
		    (int)strcspn(lines[i], "\n"), lines[i]);
	}
	id_of(FROM_LINE "Subject: a\n\nStatus: RO\n\n", plain);
	id_of("From eve@example.com Sun Nov 22 07:00:00 2026\nSubject: a\n\n"
	      "Status: RO\n\n",
	    id);
	ok(strcmp(id, plain) != 0, "another From_ line, another id");
}

/* A header field longer than the piece that is read at once. */
static void
long_fields(void)
{
	struct bytes content = { 0 };
	char ids[4][MBOX_UIDL_SIZE];
	int i;

	for (i = 0; i < 4; i++) {
		bytes_add_text(&content, FROM_LINE);
		bytes_add_text(&content, i == 1 ? "X-Long: " : "To: ");
		bytes_fill(&content, i == 3 ? 'b' : 'a', 20000);
		bytes_add_text(&content, "\n a continuation\n");
		bytes_add_text(&content, i == 2 ? "Status: RO\n" : "");
		bytes_add_text(&content, "Subject: long\n\nbody\n\n");
	}
	is_number(list_ids(&content, ids, 4), 4, "four messages are there");
	is_number(strncmp(ids[0], ids[2], 32), 0,
	    "Status: behind a field of 20,000 octets does not count");
	ok(strncmp(ids[0], ids[1], 32) != 0, "an X- field is left out whole");
	ok(strncmp(ids[0], ids[3], 32) != 0, "a long field counts to its end");
	bytes_free(&content);
	id_of(FROM_LINE "Subject: long\n\nbody\n\n", ids[2]);
	is_text(ids[1], ids[2], "a long X- field is as if it were not there");
}

/* ---- copies and form ---------------------------------------------------- */

#define COPIES 12

static void
copies(void)
{
	struct bytes content = { 0 };
	char ids[COPIES][MBOX_UIDL_SIZE], again[COPIES + 1][MBOX_UIDL_SIZE];
	int equal = 0, changed = 0;
	int i, j;

	for (i = 0; i < COPIES; i++)
		bytes_add_text(&content,
		    i % 3 == 2 ? FROM_LINE "Subject: other\n\nb\n\n"
			       : FROM_LINE "Subject: same\n\nb\n\n");
	is_number(list_ids(&content, ids, COPIES), COPIES, "copies are there");
	for (i = 0; i < COPIES; i++)
		for (j = 0; j < i; j++)
			equal += strcmp(ids[i], ids[j]) == 0;
	is_number(equal, 0, "row 19: copies of a message have distinct ids");
	bytes_add_text(&content, FROM_LINE "Subject: same\n\nb\n\n");
	list_ids(&content, again, COPIES + 1);
	for (i = 0; i < COPIES; i++)
		changed += strcmp(ids[i], again[i]) != 0;
	is_number(changed, 0, "row 19: they stay when another copy arrives");
	bytes_free(&content);
}

static bool
is_well_formed(const char *id)
{
	size_t length = strlen(id);
	size_t i;

	for (i = 0; i < length; i++)
		if (id[i] < 0x21 || id[i] > 0x7e)
			return false;
	return length >= 1 && length <= 70;
}

static void
odd_messages(void)
{
	struct bytes content = { 0 };
	char ids[8][MBOX_UIDL_SIZE];
	int wrong = 0;
	size_t count, i;

	bytes_add_text(&content, FROM_LINE "Message-ID: <a b\tc>\n\n");
	bytes_add_text(&content, "\n" FROM_LINE "Message-ID: <\xff\x80>\n\n");
	bytes_add_text(&content, "\n" FROM_LINE "Message-ID: ");
	bytes_add(&content, "<\0>", 3);
	bytes_add_text(&content, "\n\n\n" FROM_LINE "Message-ID: <");
	bytes_fill(&content, 'm', 2048);
	bytes_add_text(&content, ">\n\n\n" FROM_LINE "\n" FROM_LINE);
	count = list_ids(&content, ids, 8);
	is_number(count, 6, "six odd messages are there");
	for (i = 0; i < count; i++)
		wrong += !is_well_formed(ids[i]);
	is_number(wrong, 0,
	    "row 19: ids are 1 to 70 octets of 0x21 to 0x7e whatever the "
	    "Message-ID");
	bytes_free(&content);
}

static void
line_ends(void)
{
	char a[MBOX_UIDL_SIZE], b[MBOX_UIDL_SIZE];

	id_of(FROM_LINE "A: 1\r\n\r\nbody\r\n", a);
	id_of(FROM_LINE "A: 1\r\nStatus: RO\r\n\r\nbody\r\n", b);
	is_text(b, a, "the id stays when Status: comes with CR LF");
}

int
main(void)
{
	box_open();
	volatile_headers();
	lasting_headers();
	long_fields();
	copies();
	odd_messages();
	line_ends();
	return done();
}
