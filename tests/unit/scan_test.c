/*
 * mbox/scan: the index is the same in whatever pieces a mailbox comes, and the
 * octets it announces are those that are sent (rows 16, 17, 18).
 */
#include "config.h"

#include "box.h"
#include "mail.h"
#include "mbox/private.h"
#include "tap.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

#define MOST_PIECE 64

static void
scan_pieces(const struct bytes *mailbox, size_t piece, struct index *index)
{
	struct scan scan;
	size_t at = 0;
	int result = 0;

	scan_init(&scan, index);
	while (result == 0 && at < mailbox->length) {
		size_t left = mailbox->length - at;
		size_t part = left < piece ? left : piece;

		result = scan_feed(&scan, mailbox->data + at, part);
		at += part;
	}
	if (result == -1 || scan_finish(&scan) == -1)
		bail_out("scan");
}

static bool
is_same_message(const struct message *a, const struct message *b)
{
	return a->start == b->start && a->end == b->end &&
	    a->octets == b->octets &&
	    a->separator_length == b->separator_length &&
	    a->header_length == b->header_length &&
	    a->header_sum == b->header_sum && a->was_seen == b->was_seen &&
	    a->is_deleted == b->is_deleted && a->was_read == b->was_read;
}

static bool
is_same_index(const struct index *a, const struct index *b)
{
	size_t i;

	if (a->count != b->count || a->is_foreign != b->is_foreign)
		return false;
	if (!a->is_foreign && a->size != b->size)
		return false;
	for (i = 0; i < a->count; i++)
		if (!is_same_message(&a->messages[i], &b->messages[i]))
			return false;
	return true;
}

/* In how many piece sizes the index is another one. */
static int
differences(const struct bytes *mailbox, const struct index *whole)
{
	int wrong = 0;
	size_t piece;

	for (piece = 1; piece <= MOST_PIECE; piece++) {
		struct index index;

		scan_pieces(mailbox, piece, &index);
		wrong += !is_same_index(&index, whole);
		index_free(&index);
	}
	return wrong;
}

static struct bytes
stored_text(const struct bytes *mailbox, const struct message *message)
{
	struct bytes text = { 0 };
	off_t start = message->start + (off_t)message->separator_length;

	if (message->end > start)
		bytes_add(&text, mailbox->data + start,
		    (size_t)(message->end - start));
	return text;
}

/* Whether message is sent as stored with CR LF, in as many octets as said. */
static bool
is_sent_well(
    const struct bytes *mailbox, const struct message *message, size_t piece)
{
	struct bytes stored = stored_text(mailbox, message);
	struct bytes sent = { 0 };
	struct bytes text = { 0 };
	struct bytes expected = { 0 };
	bool is_good;

	send_stored(&stored, piece, &sent);
	convert_ends(&stored, &expected);
	is_good = unstuff(&sent, &text) && bytes_equal(&text, &expected) &&
	    text.length == message->octets;
	bytes_free(&stored);
	bytes_free(&sent);
	bytes_free(&text);
	bytes_free(&expected);
	return is_good;
}

static int
badly_sent(const struct bytes *mailbox, const struct index *index)
{
	int wrong = 0;
	size_t i;

	for (i = 0; i < index->count; i++)
		wrong += !is_sent_well(
		    mailbox, &index->messages[i], 1 + i * 7 % MOST_PIECE);
	return wrong;
}

/* True for our mailboxes with notes of Pine in front, which are not shown. */
static bool
has_notes(const struct bytes *mailbox)
{
	static const char daemon[] = "From MAILER-DAEMON ";

	return mailbox->length > sizeof(daemon) &&
	    memcmp(mailbox->data, daemon, sizeof(daemon) - 1) == 0 &&
	    strstr(mailbox->data, "\nX-IMAP") != NULL;
}

/* No octet belongs to two messages, and none gets lost but blank lines. */
static int
badly_laid_out(const struct bytes *mailbox, const struct index *index)
{
	off_t before = 0;
	int wrong = 0;
	size_t i;

	if (has_notes(mailbox) && index->count > 0)
		before = index->messages[0].start;
	for (i = 0; i < index->count; i++) {
		const struct message *message = &index->messages[i];

		for (; before < message->start; before++)
			wrong += strchr("\r\n", mailbox->data[before]) == NULL;
		wrong += message->start < before;
		wrong += message->end <
		    message->start + (off_t)message->separator_length;
		before = message->end;
	}
	for (; index->count > 0 && before < index->size; before++)
		wrong += strchr("\r\n", mailbox->data[before]) == NULL;
	return wrong;
}

/* ---- the naive truth ---------------------------------------------------- */

/* How many messages there are, by looking at whole lines. */
static size_t
count_naively(const struct bytes *mailbox)
{
	const char *p = mailbox->data;
	const char *end = p + mailbox->length;
	bool after_blank = true;
	size_t count = 0;

	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t length =
		    (size_t)((newline == NULL ? end : newline + 1) - p);
		bool is_blank = (length == 1 && *p == '\n') ||
		    (length == 1 && *p == '\r' && newline == NULL) ||
		    (length == 2 && *p == '\r' && p[1] == '\n');

		if (after_blank && length <= SCAN_LINE_SIZE &&
		    mbox_is_from_line(p, length))
			count++;
		else if (count == 0 && !is_blank)
			return 0;
		after_blank = is_blank;
		p += length;
	}
	return has_notes(mailbox) ? count - 1 : count;
}

/* ---- golden and random mailboxes ---------------------------------------- */

static void
golden(const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	struct bytes mailbox = { 0 };
	struct index whole;

	box_read(path, &mailbox);
	scan_pieces(&mailbox, mailbox.length + 1, &whole);
	is_number(differences(&mailbox, &whole), 0,
	    "%s in pieces of 1 to 64 octets has the same index", name);
	is_number(badly_sent(&mailbox, &whole), 0,
	    "row 18: %s is sent in as many octets as announced", name);
	is_number(badly_laid_out(&mailbox, &whole), 0,
	    "%s: each octet belongs to one message", name);
	is_number(whole.count, count_naively(&mailbox),
	    "%s: so many messages as a naive look finds", name);
	index_free(&whole);
	bytes_free(&mailbox);
}

static void
all_golden(void)
{
	char pattern[4200];
	glob_t found;
	size_t i;

	snprintf(
	    pattern, sizeof(pattern), "%s/tests/golden/*.mbox", box_source());
	if (glob(pattern, 0, NULL, &found) != 0)
		bail_out(pattern);
	for (i = 0; i < found.gl_pathc; i++)
		golden(found.gl_pathv[i]);
	globfree(&found);
}

static void
random_mailboxes(void)
{
	int different = 0, badly = 0, laid_out = 0, miscounted = 0;
	uint32_t state = 20261122;
	size_t messages = 0;
	int i;

	for (i = 0; i < 400; i++) {
		struct bytes mailbox = { 0 };
		struct index whole;

		add_random_mailbox(&mailbox, &state);
		bytes_add(&mailbox, "", 0);
		scan_pieces(&mailbox, mailbox.length + 1, &whole);
		different += differences(&mailbox, &whole);
		badly += badly_sent(&mailbox, &whole);
		laid_out += badly_laid_out(&mailbox, &whole);
		miscounted += whole.count != count_naively(&mailbox);
		messages += whole.count;
		index_free(&whole);
		bytes_free(&mailbox);
	}
	ok(messages > 400, "400 random mailboxes have %zu messages", messages);
	is_number(different, 0,
	    "random mailboxes in pieces of 1 to 64 octets: the same index");
	is_number(
	    badly, 0, "rows 16, 17, 18: random messages are sent as announced");
	is_number(laid_out, 0, "random mailboxes: no octet is in two messages");
	is_number(
	    miscounted, 0, "random mailboxes: as many as a naive look finds");
}

/* ---- lines longer than buffers ------------------------------------------ */

/* One message whose body has a line of so many x before "From ...". */
static int
messages_behind(size_t length)
{
	struct bytes mailbox = { 0 };
	struct mbox_place place = box_place("long");
	struct mbox *mbox;
	size_t count;

	bytes_add_text(&mailbox, FROM_LINE "\n\n");
	bytes_fill(&mailbox, 'x', length);
	bytes_add_text(&mailbox, FROM_LINE "\n" FROM_LINE "\n");
	box_write("long", &mailbox);
	mbox = open_mailbox(&place);
	count = mbox_count(mbox);
	mbox_close(&mbox);
	bytes_free(&mailbox);
	return (int)count;
}

static void
long_lines(void)
{
	static const size_t edges[] = { 512, 4096, 65536, 262144, 524288 };
	size_t i;

	for (i = 0; i < sizeof(edges) / sizeof(*edges); i++) {
		size_t length;
		int wrong = 0;

		for (length = edges[i] - 60; length < edges[i] + 3; length++)
			wrong += messages_behind(length) != 2;
		is_number(wrong, 0,
		    "row 41: \"From \" inside a line around %zu octets "
		    "separates nothing",
		    edges[i]);
	}
}

/* ---- sizes at the edges of buffers -------------------------------------- */

/* A mailbox of exactly so many octets, its last line without an end or with
 * one: the message has as many octets as a count of its lines says. */
static bool
is_counted_right(size_t size, bool has_end)
{
	static const char start[] = FROM_LINE "\nbody\n\n" FROM_LINE "\n";
	struct mbox_place place = box_place("edge");
	struct bytes mailbox = { 0 };
	struct mbox *mbox;
	bool is_right;

	bytes_add_text(&mailbox, start);
	bytes_fill(&mailbox, 'x', size - mailbox.length - has_end);
	if (has_end)
		bytes_add_text(&mailbox, "\n");
	box_write("edge", &mailbox);
	mbox = open_mailbox(&place);
	is_right = mailbox.length == size && mbox_count(mbox) == 2 &&
	    mbox_octets(mbox, 0) == 8 &&
	    mbox_octets(mbox, 1) ==
		2 + size - (sizeof(start) - 1) - has_end + 2;
	mbox_close(&mbox);
	bytes_free(&mailbox);
	return is_right;
}

static void
sizes(void)
{
	static const size_t edges[] = { 4096, 8192, 65536, 262144, 524288 };
	size_t i, size;

	for (i = 0; i < sizeof(edges) / sizeof(*edges); i++) {
		int wrong = 0;

		for (size = edges[i] - 2; size <= edges[i] + 2; size++)
			wrong += !is_counted_right(size, false) +
			    !is_counted_right(size, true);
		is_number(wrong, 0,
		    "row 42: a mailbox of %zu octets, or one or two more or "
		    "less, is counted right",
		    edges[i]);
	}
}

int
main(void)
{
	box_open();
	all_golden();
	random_mailboxes();
	long_lines();
	sizes();
	return done();
}
