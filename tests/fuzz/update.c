/*
 * QUIT: what is left is what a naive rewrite leaves.  Input: which messages are
 * deleted and which retrieved (two octets each, a bit per message), how large
 * the journal may be, choices, then the mailbox.
 */
#include "config.h"

#include "../unit/box.h"
#include "../unit/mail.h"
#include "fuzz.h"
#include "mailbox.h"

#include <string.h>
#include <strings.h>

#define LEAVES_STATUS 1 /* choices */
#define ARRIVES	      2

#define ARRIVAL	      "\n\n" FROM_LINE "Subject: new\n\nnew\n\n"

struct work {
	unsigned int deleted;
	unsigned int retrieved;
	unsigned int choices;
	struct bytes before;
	struct index index; /* of before; messages borrowed */
};

static bool
has_bit(unsigned int set, size_t i)
{
	return (set >> i % 16 & 1) != 0;
}

/* ---- the naive rewrite -------------------------------------------------- */

static struct bytes
rewrite(const struct work *work)
{
	const struct index *index = &work->index;
	struct bytes after = { 0 };
	off_t start = index->count > 0 ? index->messages[0].start
				       : (off_t)work->before.length;
	size_t i;

	bytes_add(&after, work->before.data, (size_t)start);
	for (i = 0; i < index->count; i++) {
		if (has_bit(work->deleted, i))
			continue;
		bytes_add(&after, work->before.data + index->messages[i].start,
		    (size_t)(mailbox_next(index, i) -
			index->messages[i].start));
	}
	if ((work->choices & ARRIVES) != 0)
		bytes_add_text(&after, ARRIVAL);
	return after;
}

/* A message without the Status: lines of its header. */
static struct bytes
without_status(const struct bytes *mailbox, const struct index *index, size_t i)
{
	const struct message *message = &index->messages[i];
	off_t header = message->start + (off_t)message->header_length;
	struct bytes text =
	    mailbox_text(mailbox, message->start, mailbox_next(index, i));
	struct bytes rest = { 0 };
	size_t end = (size_t)(header - message->start), at = 0;

	while (at < end) {
		const char *line = text.data + at;
		const char *next = memchr(line, '\n', end - at);
		size_t length =
		    next == NULL ? end - at : (size_t)(next + 1 - line);

		if (length < strlen(STATUS_FIELD) ||
		    strncasecmp(line, STATUS_FIELD, strlen(STATUS_FIELD)) != 0)
			bytes_add(&rest, line, length);
		at += length;
	}
	bytes_add(&rest, text.data + end, text.length - end);
	bytes_free(&text);
	return rest;
}

/* ---- what must be true -------------------------------------------------- */

static void
check_exactly(const struct work *work)
{
	struct bytes expected = rewrite(work), found = mailbox_content();

	must(bytes_equal(&found, &expected), "what is left is what must be");
	bytes_free(&expected);
	bytes_free(&found);
}

/* Message i before and k after: the same but for flags, which are added only,
 * and R only to what was retrieved. */
static void
check_flags(const struct work *work, size_t i, const struct index *index,
    const struct bytes *after, size_t k)
{
	const struct message *old = &work->index.messages[i];
	const struct message *new = &index->messages[k];
	struct bytes expected = without_status(&work->before, &work->index, i);
	struct bytes found = without_status(after, index, k);

	if ((work->choices & ARRIVES) == 0 || k + 2 < index->count)
		must(bytes_equal(&found, &expected), "the text is the same");
	must(new->was_read || !old->was_read, "no R is lost");
	must(new->was_seen || !old->was_seen, "no O is lost");
	must(!new->was_read || old->was_read || has_bit(work->retrieved, i),
	    "R is for what was retrieved");
	bytes_free(&expected);
	bytes_free(&found);
}

static bool
arrives(const struct work *work)
{
	return (work->choices & ARRIVES) != 0 && !work->index.is_foreign;
}

/* A message that looks like internal data is hidden from when it is the
 * first. */
static bool
is_first_hidden(const struct work *work, size_t left)
{
	size_t expected = arrives(work) ? 1 : 0;
	size_t i;

	for (i = 0; i < work->index.count; i++)
		expected += !has_bit(work->deleted, i);
	return has_bit(work->deleted, 0) && left + 1 == expected;
}

static void
check_with_status(const struct work *work, const struct mbox_place *place)
{
	struct bytes after = mailbox_content();
	struct mbox *mbox = open_mailbox(place);
	bool skips = is_first_hidden(work, mbox_count(mbox));
	size_t i, k = 0;

	for (i = 0; i < work->index.count; i++) {
		if (has_bit(work->deleted, i))
			continue;
		if (skips) {
			skips = false;
			continue;
		}
		must(k < mbox_count(mbox), "no message is missing");
		check_flags(work, i, &mbox->index, &after, k);
		k++;
	}
	if (arrives(work))
		must(mbox_count(mbox) == k + 1, "and the new one is there");
	mbox_close(&mbox);
	bytes_free(&after);
}

/* ---- the update --------------------------------------------------------- */

static void
mark(struct mbox *mbox, const struct work *work)
{
	size_t i;

	for (i = 0; i < mbox_count(mbox); i++) {
		if (has_bit(work->retrieved, i))
			mbox_retrieved(mbox, i);
		if (has_bit(work->deleted, i))
			mbox_delete(mbox, i);
	}
}

static void
update(struct work *work, const struct mbox_place *place)
{
	struct mbox *mbox = open_mailbox(place);
	struct mbox_reason reason;

	work->index = mbox->index;
	if ((work->choices & ARRIVES) != 0)
		box_append_text("box", ARRIVAL);
	mark(mbox, work);
	must(mbox_update(mbox, in_ms(5000), &reason) == 0, "it is updated");
	must(!mbox_needs_recovery(place), "the journal is empty");
	if (place->leaves_status || work->index.is_foreign)
		check_exactly(work);
	else
		check_with_status(work, place);
	mbox_close(&mbox);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct work work = { .deleted = input_number(&input),
		.retrieved = input_number(&input) };
	struct mbox_place place;
	off_t journal_size = (off_t)input_octet(&input) * 16 + 1;

	work.choices = input_octet(&input);
	work.before = input_rest(&input);
	place = mailbox_make(&work.before);
	place.journal_size = journal_size;
	place.leaves_status = (work.choices & LEAVES_STATUS) != 0;
	update(&work, &place);
	bytes_free(&work.before);
	return 0;
}
