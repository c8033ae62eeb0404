/* The scanner: pieces of any size have the same index as the whole.  Input: a
 * number for the pieces, then the mailbox. */
#include "config.h"

#include "../unit/box.h"
#include "fuzz.h"
#include "mbox/private.h"

#include <string.h>

#define LARGEST_PIECE 600

static void
feed(struct index *index, const struct bytes *mailbox, uint32_t state)
{
	struct scan scan;
	size_t at, part;

	memset(index, 0, sizeof(*index));
	scan_init(&scan, index);
	for (at = 0; at < mailbox->length; at += part) {
		part = mailbox->length - at;
		if (state != 0 && part > 1)
			part = 1 + pick(&state, LARGEST_PIECE) % part;
		/* A copy of its own, so that reading past its end is seen. */
		struct bytes piece = { 0 };
		bytes_add(&piece, mailbox->data + at, part);
		must(scan_feed(&scan, piece.data, part) == 0, "it is taken");
		bytes_free(&piece);
	}
	must(scan_finish(&scan) == 0, "it ends");
}

static void
check_order(const struct index *index, size_t length)
{
	off_t behind = 0;
	size_t i;

	must(index->is_foreign ? index->count == 0
			       : index->size == (off_t)length,
	    "all was scanned, or nothing is shown");
	for (i = 0; i < index->count; i++) {
		const struct message *message = &index->messages[i];
		off_t header = (off_t)message->header_length;

		must(message->start >= behind, "messages follow each other");
		must(message->separator_length > 0, "and have a From_ line");
		must(header >= (off_t)message->separator_length &&
			message->start + header <= message->end,
		    "and a header within them");
		must(message->end <= (off_t)length, "and end in the file");
		behind = message->end;
	}
}

static void
compare(const struct message *a, const struct message *b)
{
	must(a->start == b->start && a->end == b->end, "same place");
	must(a->octets == b->octets, "same size");
	must(a->separator_length == b->separator_length &&
		a->header_length == b->header_length &&
		a->header_sum == b->header_sum &&
		a->has_long_header == b->has_long_header,
	    "same header");
	must(a->was_seen == b->was_seen && a->was_read == b->was_read &&
		a->has_room == b->has_room,
	    "same flags");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	uint32_t state = input_number(&input) + 1;
	struct bytes mailbox = input_rest(&input);
	struct index whole, pieces;
	size_t i;

	feed(&whole, &mailbox, 0);
	feed(&pieces, &mailbox, state);
	check_order(&whole, mailbox.length);
	must(whole.count == pieces.count, "as many messages");
	must(whole.size == pieces.size, "as many octets");
	must(whole.is_foreign == pieces.is_foreign, "foreign or not");
	for (i = 0; i < whole.count; i++)
		compare(&whole.messages[i], &pieces.messages[i]);
	index_free(&whole);
	index_free(&pieces);
	bytes_free(&mailbox);
	return 0;
}
