/* RETR and TOP: the text that is sent, without stuffing, is the stored one.
 * Input: lines of the body for TOP, then the mailbox. */
#include "config.h"

#include "../unit/box.h"
#include "../unit/mail.h"
#include "fuzz.h"
#include "mailbox.h"

#include <string.h>

#define MOST_MESSAGES 8

/* What TOP shows of a text that was sent whole. */
static size_t
top_length(const struct bytes *text, unsigned int lines)
{
	bool in_header = true;
	size_t at = 0;

	while (at < text->length && (in_header || lines > 0)) {
		const char *line = text->data + at;
		const char *end = memchr(line, '\n', text->length - at);

		lines -= !in_header;
		in_header = in_header && (end - line > 1 || *line != '\r');
		at = (size_t)(end + 1 - text->data);
	}
	return at;
}

static void
check_message(struct mbox *mbox, const struct bytes *mailbox, size_t i,
    unsigned int lines)
{
	const struct message *message = &mbox->index.messages[i];
	struct bytes sent = { 0 }, expected = { 0 }, top = { 0 };
	struct bytes stored = mailbox_text(mailbox,
	    message->start + (off_t)message->separator_length, message->end);

	convert_ends(&stored, &expected);
	fetch(mbox, i, MBOX_ALL_LINES, &sent);
	must(bytes_equal(&sent, &expected), "RETR sends what is stored");
	must(sent.length == mbox_octets(mbox, i), "LIST says how much");
	fetch(mbox, i, lines, &top);
	must(top.length == top_length(&expected, lines) &&
		(top.length == 0 ||
		    memcmp(top.data, expected.data, top.length) == 0),
	    "TOP sends the beginning of it");
	bytes_free(&sent);
	bytes_free(&expected);
	bytes_free(&top);
	bytes_free(&stored);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	unsigned int lines = input_octet(&input);
	struct bytes mailbox = input_rest(&input);
	struct mbox_place place = mailbox_make(&mailbox);
	struct mbox *mbox = open_mailbox(&place);
	size_t i;

	for (i = 0; i < mbox_count(mbox) && i < MOST_MESSAGES; i++)
		check_message(mbox, &mailbox, i, lines);
	mbox_close(&mbox);
	bytes_free(&mailbox);
	return 0;
}
