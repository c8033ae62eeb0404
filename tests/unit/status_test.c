/*
 * mbox/status: what becomes of Status: headers, message by message; and that
 * nothing else changes, whatever is added and removed at once.
 */
#include "config.h"

#include "box.h"
#include "mail.h"
#include "mbox/private.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define END "\n\nbody\n\n"

static struct mbox_place
status_place(void)
{
	struct mbox_place place = box_place("box");

	place.leaves_status = false;
	return place;
}

static void
apply(struct mbox *mbox, unsigned int retrieved, unsigned int deleted)
{
	struct mbox_reason reason;
	size_t i;

	for (i = 0; i < mbox_count(mbox); i++) {
		if ((retrieved & 1U << i) != 0)
			mbox_retrieved(mbox, i);
		if ((deleted & 1U << i) != 0)
			mbox_delete(mbox, i);
	}
	if (mbox_update(mbox, in_ms(5000), &reason) == -1)
		ok(false, "the update succeeds: %s", reason.text);
}

/* ---- one rule after the other ------------------------------------------- */

struct rule {
	const char *name;
	const char *before;
	unsigned int retrieved; /* a bit per message */
	unsigned int deleted;
	const char *after;
};

static const struct rule rules[] = {
	{ "a message that was not retrieved gets no header", "A: 1" END, 0, 0,
	    "A: 1" END },
	{ "a retrieved message gets R and O", "A: 1" END, 1, 0,
	    "A: 1\nStatus: RO" END },
	{ "a header without fields gets one", "\nbody\n\n", 1, 0,
	    "Status: RO\n"
	    "\nbody\n\n" },
	{ "a message without body gets them", "A: 1\n\n", 1, 0,
	    "A: 1\nStatus: RO\n\n" },
	{ "CR LF stays CR LF", "A: 1\r\n\r\nbody\r\n\r\n", 1, 0,
	    "A: 1\r\nStatus: RO\r\n\r\nbody\r\n\r\n" },
	{ "O goes where there is room", "Status:  " END, 0, 0,
	    "Status: O" END },
	{ "R and O go where there is room", "Status:    \nA: 1" END, 1, 0,
	    "Status: RO \nA: 1" END },
	{ "R joins O where there is room", "Status: O " END, 1, 0,
	    "Status: RO" END },
	{ "R takes the last blank", "Status: O" END, 1, 0, "Status:RO" END },
	{ "O takes the last blank", "Status: R" END, 0, 0, "Status:RO" END },
	{ "R makes its own room", "Status:O" END, 1, 0, "Status: RO" END },
	{ "O makes no room", "Status:R" END, 0, 0, "Status:R" END },
	{ "an empty field is filled", "Status:" END, 1, 0, "Status: RO" END },
	{ "an almost empty field is filled", "status: " END, 1, 0,
	    "status: RO" END },
	{ "other flags stay", "Status: AO   " END, 1, 0, "Status: ROA  " END },
	{ "too many flags are left alone", "Status: abcdefghijklmnopqr    " END,
	    1, 0, "Status: abcdefghijklmnopqr    " END },
	{ "known flags are left alone", "Status: RO   " END, 1, 0,
	    "Status: RO   " END },
	{ "X-Status is another field", "X-Status: A" END, 1, 0,
	    "X-Status: A\nStatus: RO" END },
	{ "a field in the body is none", "A: 1\n\nStatus:     \n\n", 0, 0,
	    "A: 1\n\nStatus:     \n\n" },
	{ "only the retrieved one gets R",
	    "A: 1" END FROM_LINE "A: 2" END FROM_LINE "A: 3" END, 2, 0,
	    "A: 1" END FROM_LINE "A: 2\nStatus: RO" END FROM_LINE
	    "A: 3\nStatus: O " END },
	{ "behind a removed message O is added",
	    "A: 1" END FROM_LINE "A: 2" END FROM_LINE "A: 3" END, 0, 2,
	    "A: 1" END FROM_LINE "A: 3\nStatus: O " END },
	{ "before the end that is removed nothing is added",
	    "A: 1" END FROM_LINE "A: 2" END FROM_LINE "A: 3" END, 0, 6,
	    "A: 1" END },
	{ "a retrieved message that is removed leaves nothing",
	    "A: 1" END FROM_LINE "A: 2" END, 2, 2, "A: 1" END },
	{ "less is added than removed",
	    "Status: RO\n\n\n" FROM_LINE "A: 2" END FROM_LINE
	    "A: 3" END FROM_LINE "A: 4" END FROM_LINE "A: 5" END,
	    0, 1,
	    "A: 2\nStatus: O " END FROM_LINE "A: 3\nStatus: O " END FROM_LINE
	    "A: 4\nStatus: O " END FROM_LINE "A: 5\nStatus: O " END },
};

static void
check_rule(const struct rule *rule)
{
	struct mbox_place place = status_place();
	struct bytes found = { 0 }, expected = { 0 };
	struct mbox *mbox;

	box_write_text("box", FROM_LINE);
	box_append_text("box", rule->before);
	bytes_add_text(&expected, FROM_LINE);
	bytes_add_text(&expected, rule->after);
	mbox = open_mailbox(&place);
	apply(mbox, rule->retrieved, rule->deleted);
	mbox_close(&mbox);
	box_read("box", &found);
	is_bytes(&found, &expected, "%s", rule->name);
	bytes_free(&found);
	bytes_free(&expected);
}

/* ---- what must not be written ------------------------------------------- */

static bool
is_written(const char *text, bool leaves_status, unsigned int retrieved)
{
	struct mbox_place place = status_place();
	struct stat before, after;
	struct mbox *mbox;

	place.leaves_status = leaves_status;
	box_write_text("box", text);
	box_age("box", 1000);
	usleep(20000);
	before = box_stat("box");
	mbox = open_mailbox(&place);
	apply(mbox, retrieved, 0);
	mbox_close(&mbox);
	after = box_stat("box");
	is_number(
	    after.st_mtime, before.st_mtime, "nobody is told of new mail");
	return before.st_ctim.tv_nsec != after.st_ctim.tv_nsec ||
	    before.st_ctim.tv_sec != after.st_ctim.tv_sec;
}

static void
unwritten(void)
{
	const char *known =
	    FROM_LINE "Status: O" END FROM_LINE "Status: RO" END;
	const char *fresh = FROM_LINE "Status:    " END FROM_LINE "A: 1" END;

	ok(!is_written(known, false, 0),
	    "invariant 2: known mail: nothing is written");
	ok(!is_written(known, false, 2), "nor when it is read again");
	ok(is_written(known, false, 1), "for an R it is");
	ok(is_written(fresh, false, 0), "new mail: its headers are written");
	ok(!is_written(fresh, true, 3), "but not if they are to be left alone");
	ok(!is_written(FROM_LINE "A: 1" END, false, 0),
	    "new mail without a header: nothing is written for an O");
}

/* ---- ids and texts ------------------------------------------------------ */

static void
same_ids(void)
{
	struct mbox_place place = status_place();
	char before[MBOX_UIDL_SIZE], after[MBOX_UIDL_SIZE];
	struct mbox_reason reason;
	struct bytes text = { 0 };
	struct mbox *mbox;

	box_write_text("box", FROM_LINE "A: 1" END FROM_LINE "A: 2" END);
	mbox = open_mailbox(&place);
	(void)mbox_uidl(mbox, 1, before, &reason);
	mbox_retrieved(mbox, 0);
	mbox_retrieved(mbox, 1);
	fetch(mbox, 1, MBOX_ALL_LINES, &text);
	ok(bytes_are_text(&text, "A: 2\r\n\r\nbody\r\n"),
	    "this session sends the message as it was");
	(void)mbox_update(mbox, in_ms(5000), &reason);
	mbox_close(&mbox);
	mbox = open_mailbox(&place);
	(void)mbox_uidl(mbox, 1, after, &reason);
	is_text(after, before, "the id does not change with the header");
	ok(mbox_was_read(mbox, 1), "the next session knows what was read");
	is_number(mbox_octets(mbox, 1), strlen("A: 2..Status: RO....body.."),
	    "and announces the header that it sends");
	mbox_close(&mbox);
	bytes_free(&text);
}

/* ---- those of others -------------------------------------------------- */

/* A mail reader has written its Status: header; nothing else tells it of a
 * mailbox of one message. */
static void
header_added(void)
{
	struct mbox_place place = box_place("box");
	struct mbox_reason reason = { 0 };
	struct mbox *mbox;

	box_write_text("box", FROM_LINE "A: 1\n\none\n\n");
	mbox = open_mailbox(&place);
	box_write_text("box", FROM_LINE "A: 1\nStatus: RO\n\none\n\n");
	mbox_delete(mbox, 0);
	is_number(mbox_update(mbox, in_ms(300), &reason), -1,
	    "row 38: a mailbox with a new header line is not updated");
	is_number(reason.failure, MBOX_CHANGED, "row 38: that is the reason");
	mbox_close(&mbox);
}

/* ---- any mailbox, any session ------------------------------------------- */

#define FIELDS 8

static const char *const fields[FIELDS] = { "", "", "Status: O\n",
	"Status:    \n", "Status: RO\n", "X-Status: A\nStatus:R\n", "Status:\n",
	"status: O   \nB: 2\n" };

static void
add_message(struct bytes *mailbox, size_t number, uint32_t *chance)
{
	char head[200];

	snprintf(head, sizeof(head), FROM_LINE "A: %zu\n%s\n", number,
	    fields[pick(chance, FIELDS)]);
	bytes_add_text(mailbox, head);
	bytes_fill(mailbox, (char)('a' + number % 26),
	    pick(chance, 8) == 0 ? pick(chance, 3000) : pick(chance, 40));
	bytes_add_text(mailbox, "\n\n");
}

/* The text without its Status: fields. */
static void
add_without_status(struct bytes *bytes, const char *text, size_t length)
{
	const char *end = text + length;

	while (text < end) {
		const char *next = memchr(text, '\n', (size_t)(end - text));

		next = next == NULL ? end : next + 1;
		if (strncasecmp(text, "Status:", 7) != 0)
			bytes_add(bytes, text, (size_t)(next - text));
		text = next;
	}
}

#define MOST_MESSAGES 24

struct seen {
	size_t count;
	struct bytes texts; /* of all messages that stay */
	bool is_old[MOST_MESSAGES];
	bool is_read[MOST_MESSAGES];
};

/* Reads box, but for the messages of the set. */
static void
look(unsigned int without, struct seen *seen)
{
	struct mbox_place place = status_place();
	struct mbox *mbox = open_mailbox(&place);
	struct bytes file = { 0 };
	size_t i;

	memset(seen, 0, sizeof(*seen));
	box_read("box", &file);
	for (i = 0; i < mbox_count(mbox); i++) {
		const struct message *message = &mbox->index.messages[i];
		off_t end = i + 1 < mbox_count(mbox) ? message[1].start
						     : mbox->index.size;

		if ((without & 1U << i) != 0)
			continue;
		seen->is_old[seen->count] = message->was_seen;
		seen->is_read[seen->count] = message->was_read;
		seen->count++;
		add_without_status(&seen->texts, file.data + message->start,
		    (size_t)(end - message->start));
	}
	mbox_close(&mbox);
	bytes_free(&file);
}

struct tally {
	int lost;    /* a message that was to stay has changed */
	int unread;  /* a message that was retrieved has no R */
	int unasked; /* a message has an R that nobody gave it */
	int unseen;  /* a message behind a removed one has no O */
	int unclean; /* a flag was taken away, or the journal was not emptied */
};

static void
compare(const struct seen *before, const struct seen *after,
    unsigned int retrieved, unsigned int deleted, struct tally *tally)
{
	unsigned int number = 0; /* before the update */
	size_t i;

	tally->lost += !bytes_equal(&before->texts, &after->texts);
	if (before->count != after->count)
		return;
	for (i = 0; i < after->count; i++, number++) {
		while ((deleted & 1U << number) != 0)
			number++;
		bool was_retrieved = (retrieved & 1U << number) != 0;
		bool follows = (deleted & ((1U << number) - 1)) != 0;

		tally->unread += was_retrieved && !after->is_read[i];
		tally->unasked +=
		    !was_retrieved && after->is_read[i] && !before->is_read[i];
		tally->unseen += follows && !after->is_old[i];
		tally->unclean += (before->is_old[i] && !after->is_old[i]) ||
		    (before->is_read[i] && !after->is_read[i]);
	}
}

static void
random_session(uint32_t *chance, struct tally *tally)
{
	static const off_t portions[] = { 300, 1000, 1000000 };
	struct mbox_place place = status_place();
	size_t count = 1 + pick(chance, MOST_MESSAGES - 1);
	unsigned int retrieved = pick(chance, 0x1000000);
	unsigned int deleted = pick(chance, 0x1000000) &
	    pick(chance, 0x1000000) & pick(chance, 0x1000000);
	struct bytes mailbox = { 0 };
	struct seen before, after;
	struct mbox *mbox;
	size_t i;

	for (i = 0; i < count; i++)
		add_message(&mailbox, i, chance);
	box_write("box", &mailbox);
	look(deleted, &before);
	place.journal_size = portions[pick(chance, 3)];
	mbox = open_mailbox(&place);
	apply(mbox, retrieved, deleted);
	mbox_close(&mbox);
	look(0, &after);
	compare(&before, &after, retrieved, deleted, tally);
	tally->unclean += mbox_needs_recovery(&place);
	bytes_free(&mailbox);
	bytes_free(&before.texts);
	bytes_free(&after.texts);
}

static void
random_sessions(void)
{
	struct tally tally = { 0 };
	uint32_t chance = 88172645;
	int i;

	for (i = 0; i < 3000; i++)
		random_session(&chance, &tally);
	is_number(tally.lost, 0,
	    "invariants 3 and 6: in 3000 sessions what stays is the same");
	is_number(tally.unread, 0, "3000 sessions: R for what was retrieved");
	is_number(tally.unasked, 0, "3000 sessions: for nothing else");
	is_number(tally.unseen, 0, "3000 sessions: O behind what was removed");
	is_number(tally.unclean, 0, "3000 sessions: flags stay");
}

int
main(void)
{
	size_t i;

	box_open();
	for (i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		check_rule(&rules[i]);
	unwritten();
	same_ids();
	header_added();
	random_sessions();
	return done();
}
