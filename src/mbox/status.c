/*
 * Status: headers, by which programs that read a mailbox tell each other what
 * is new: O for a message that was there in an earlier session, R for one that
 * was read.
 *
 * A header with room gets its flags in place.  That needs no journal: whatever
 * part of a change is on disk after a crash is a Status: header too.  A message
 * without room is made longer, which moves all that follows: that is done for
 * an R, and for an O where octets move anyway.
 *
 * All this is a courtesy: where it cannot be done it is left out, and nobody is
 * told.
 */
#include "config.h"

#include "mbox/journal.h"
#include "support/fileio.h"
#include "support/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* No mailbox is moved by more than that for flags alone. */
#define MOST_MOVED ((off_t)256 * 1024 * 1024)

#define MOST_FLAGS 16

static bool
needs_seen(const struct message *message)
{
	return !message->is_deleted && !message->was_seen;
}

static bool
needs_read(const struct message *message)
{
	return !message->is_deleted && message->is_retrieved &&
	    !message->was_read;
}

/* ---- what is wanted ----------------------------------------------------- */

/* From which octet on messages are made longer. */
static off_t
find_first_addition(const struct index *index)
{
	size_t i;

	for (i = 0; i < index->count; i++) {
		const struct message *message = &index->messages[i];

		if (message->is_deleted ||
		    (needs_read(message) && !message->has_room &&
			index->size - message->start <= MOST_MOVED))
			return message->start;
	}
	return index->size;
}

static bool
is_wanted(const struct message *message, off_t first_addition)
{
	return (needs_seen(message) || needs_read(message)) &&
	    (message->has_room || message->start >= first_addition);
}

size_t
status_first_wanted(const struct mbox *mbox)
{
	off_t first = find_first_addition(&mbox->index);
	size_t i;

	if (mbox->place.leaves_status)
		return mbox->index.count;
	for (i = 0; i < mbox->index.count; i++)
		if (is_wanted(&mbox->index.messages[i], first))
			break;
	return i;
}

/* ---- one header --------------------------------------------------------- */

/* A header in memory, and the value of its Status: field, without line end. */
struct header {
	char *text;
	size_t length;
	off_t position; /* of text in the file */
	char next;	/* the octet behind it; NUL if the message ends there */
	char *value;	/* NULL: no such field */
	size_t value_length;
};

/* Reads the header and the octet behind it. */
static int
read_header(const struct mbox *mbox, const struct message *message,
    struct header *header)
{
	off_t end = message->start + (off_t)message->header_length;
	bool is_last = end == message->end;
	size_t wanted;

	memset(header, 0, sizeof(*header));
	header->position = message->start + (off_t)message->separator_length;
	header->length = (size_t)(end - header->position);
	wanted = header->length + !is_last;
	header->text = malloc(header->length + 2);
	if (header->text == NULL ||
	    fileio_read_at(mbox->lock.fd, header->text, wanted,
		header->position) != (ssize_t)wanted)
		return -1;
	header->text[wanted] = '\0';
	header->next = header->text[header->length];
	header->text[header->length] = '\0';
	return 0;
}

static void
find_value(struct header *header)
{
	char *line = header->text;
	char *end = header->text + header->length;
	char *next;

	for (; line < end; line = next) {
		next = memchr(line, '\n', (size_t)(end - line));
		next = next == NULL ? end : next + 1;
		if ((size_t)(next - line) < strlen(STATUS_FIELD) ||
		    strncasecmp(line, STATUS_FIELD, strlen(STATUS_FIELD)) != 0)
			continue;
		header->value = line + strlen(STATUS_FIELD);
		while (next > header->value &&
		    (next[-1] == '\n' || next[-1] == '\r'))
			next--;
		header->value_length = (size_t)(next - header->value);
		return;
	}
}

/* What the flags are to be: R, O, then those that others have put there.
 * False if there are too many. */
static bool
choose_flags(const struct message *message, const struct header *header,
    char flags[MOST_FLAGS])
{
	size_t count = 0;
	size_t i;

	if (message->was_read || message->is_retrieved)
		flags[count++] = 'R';
	flags[count++] = 'O';
	for (i = 0; i < header->value_length; i++) {
		char flag = header->value[i];

		if (flag == ' ' || flag == 'R' || flag == 'O')
			continue;
		if (count + 1 == MOST_FLAGS)
			return false;
		flags[count++] = flag;
	}
	flags[count] = '\0';
	return true;
}

static int
write_flags(const struct mbox *mbox, struct header *header, const char *flags)
{
	size_t length = strlen(flags);
	size_t indent = length < header->value_length;

	memset(header->value, ' ', header->value_length);
	memcpy(header->value + indent, flags, length);
	return fileio_write_at(mbox->lock.fd, header->value,
	    header->value_length,
	    header->position + (header->value - header->text));
}

/* ---- making one longer -------------------------------------------------- */

static int
add(struct additions *additions, off_t at, const char *text)
{
	size_t count = additions->count;
	struct addition *larger = additions->list;

	if ((count & (count - 1)) == 0)
		larger = realloc(
		    larger, (count == 0 ? 1 : 2 * count) * sizeof(*larger));
	if (larger == NULL)
		return -1;
	additions->list = larger;
	larger[count].at = at;
	larger[count].length = strlen(text);
	memcpy(larger[count].text, text, strlen(text));
	additions->count++;
	return 0;
}

/* Puts the flags that are missing before those that are there. */
static int
add_flags(const struct message *message, const struct header *header,
    struct additions *additions)
{
	size_t blanks = strspn(header->value, " ");
	char text[ADDITION_SIZE];

	text_format(text, sizeof(text), "%s%s%s", blanks == 0 ? " " : "",
	    needs_read(message) ? "R" : "", needs_seen(message) ? "O" : "");
	return add(additions,
	    header->position + (header->value - header->text) + (off_t)blanks,
	    text);
}

/* Nothing is put into a header that was not looked at to its end. */
static bool
is_whole(const struct header *header)
{
	if (header->next == '\0')
		return header->length > 0 &&
		    header->text[header->length - 1] == '\n';
	return header->next == '\n' || header->next == '\r';
}

/* Puts a field behind the others, with room for the flags to come. */
static int
add_field(const struct message *message, const struct header *header,
    struct additions *additions)
{
	bool has_cr = header->next == '\r' ||
	    (header->next == '\0' && header->length > 1 &&
		header->text[header->length - 2] == '\r');
	char text[ADDITION_SIZE];

	if (!is_whole(header))
		return 0;
	text_format(text, sizeof(text), "%s %s%s", STATUS_FIELD,
	    message->is_retrieved ? "RO" : "O ", has_cr ? "\r\n" : "\n");
	return add(additions, header->position + (off_t)header->length, text);
}

/* ---- all of them -------------------------------------------------------- */

static int
mark_header(const struct mbox *mbox, const struct message *message,
    struct header *header, struct additions *additions)
{
	char flags[MOST_FLAGS];

	find_value(header);
	if (header->value == NULL)
		return add_field(message, header, additions);
	if (!choose_flags(message, header, flags))
		return 0;
	if (strlen(flags) <= header->value_length)
		return write_flags(mbox, header, flags);
	return add_flags(message, header, additions);
}

void
status_mark(struct mbox *mbox, struct additions *additions)
{
	off_t first = find_first_addition(&mbox->index);
	int result = 0;
	size_t i;

	memset(additions, 0, sizeof(*additions));
	if (mbox->place.leaves_status)
		return;
	for (i = 0; i < mbox->index.count && result == 0; i++) {
		struct message *message = &mbox->index.messages[i];
		struct header header;

		if (!is_wanted(message, first))
			continue;
		message->is_altered = true;
		result = read_header(mbox, message, &header);
		if (result == 0)
			result = mark_header(mbox, message, &header, additions);
		free(header.text);
	}
}
