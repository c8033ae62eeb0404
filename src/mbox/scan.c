/*
 * From the octets of a file to the index of its messages, in one pass, fed in
 * pieces of any size.
 *
 *  - A message starts with a From_ line (from_line.c) that is the first line
 *    or follows an empty line.
 *  - The empty line before a From_ line, and the last one of the file, separate
 *    messages and belong to none.
 *  - Empty lines before the first From_ line are passed over; any other text
 *    there means that the file is not an mbox.
 *  - The first message is not shown if it is none: UW IMAP and Pine keep notes
 *    of their own there, "FOLDER INTERNAL DATA".
 *  - Octets are counted as sent: a line end, LF or CR LF, is two octets, and a
 *    last line without one gets it.  A CR elsewhere is an octet like others.
 */
#include "config.h"

#include "mbox/private.h"
#include "support/checksum.h"
#include "support/fileio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define MESSAGES_AT_FIRST 64
#define SCAN_READ_SIZE	  ((size_t)128 * 1024)

/* ---- the index grows ---------------------------------------------------- */

static int
make_room(struct index *index)
{
	struct message *larger;
	size_t room = index->room == 0 ? MESSAGES_AT_FIRST : index->room * 2;

	if (index->count < index->room)
		return 0;
	if (index->count >= MESSAGES_AT_MOST) {
		errno = EOVERFLOW;
		return -1;
	}
	larger = realloc(index->messages, room * sizeof(*larger));
	if (larger == NULL)
		return -1;
	index->messages = larger;
	index->room = room;
	return 0;
}

static struct message *
current(const struct scan *scan)
{
	return &scan->index->messages[scan->index->count - 1];
}

/* The message before ends where this line starts, or where the empty line
 * before it starts. */
static void
end_message(struct scan *scan)
{
	struct message *message;

	if (scan->index->count == 0)
		return;
	message = current(scan);
	message->end = scan->line_start - scan->blank_length;
	if (scan->blank_length > 0)
		message->octets -= 2;
	if (scan->begun == 1 && scan->has_imap_mark && scan->is_internal)
		scan->index->count--;
}

/* The line is part of the header.  Of a long line the start is enough. */
static void
extend_header(struct scan *scan)
{
	struct message *message = current(scan);
	off_t length = scan->line_start + scan->line_length - message->start;

	if (length > HEADER_AT_MOST) {
		message->has_long_header = true;
		return;
	}
	message->header_length = (uint32_t)length;
	message->header_sum = checksum(
	    message->header_sum + (uint64_t)length, scan->text, scan->held);
}

static int
begin_message(struct scan *scan)
{
	struct message *message;

	end_message(scan);
	if (make_room(scan->index) == -1)
		return -1;
	scan->index->count++;
	scan->begun++;
	message = current(scan);
	memset(message, 0, sizeof(*message));
	message->start = scan->line_start;
	message->separator_length = (uint16_t)scan->line_length;
	scan->in_header = true;
	extend_header(scan);
	return 0;
}

/* ---- whole lines -------------------------------------------------------- */

static bool
line_starts(const struct scan *scan, const char *text)
{
	size_t length = strlen(text);

	return scan->held >= length &&
	    strncasecmp(scan->text, text, length) == 0;
}

/* Takes the flags of a line "Status: RO". */
static void
note_status(const struct scan *scan)
{
	struct message *message = current(scan);
	size_t blanks = 0;
	size_t i;

	for (i = strlen(STATUS_FIELD); i < scan->held; i++)
		switch (scan->text[i]) {
		case 'O':
			message->was_seen = true;
			break;
		case 'R':
			message->was_read = true;
			break;
		case ' ':
			blanks++;
			break;
		default:
			break;
		}
	message->has_room =
	    blanks >= (size_t)!message->was_seen + (size_t)!message->was_read;
}

static void
note_header(struct scan *scan)
{
	extend_header(scan);
	if (line_starts(scan, STATUS_FIELD))
		note_status(scan);
	if (scan->begun > 1)
		return;
	if (line_starts(scan, "X-IMAP:") || line_starts(scan, "X-IMAPbase:"))
		scan->has_imap_mark = true;
	if (line_starts(scan,
		"Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA"))
		scan->is_internal = true;
}

/* Counts the line as text of the current message. */
static void
count_line(struct scan *scan, off_t terminator, bool is_blank)
{
	struct message *message = current(scan);

	message->octets += (uint64_t)(scan->line_length - terminator) + 2;
	if (is_blank)
		scan->in_header = false;
	else if (scan->in_header)
		note_header(scan);
}

static bool
is_separator(const struct scan *scan)
{
	return scan->follows_blank && scan->held == (size_t)scan->line_length &&
	    mbox_is_from_line(scan->text, scan->held);
}

/* A line is complete; terminator is the length of its line end. */
static int
end_line(struct scan *scan, off_t terminator)
{
	bool is_blank = scan->line_length == terminator;

	if (!is_blank && is_separator(scan)) {
		if (begin_message(scan) == -1)
			return -1;
	} else if (scan->index->count > 0) {
		count_line(scan, terminator, is_blank);
	} else if (!is_blank) {
		scan->index->is_foreign = true;
	}
	scan->follows_blank = is_blank;
	scan->blank_length = is_blank ? scan->line_length : 0;
	scan->line_start += scan->line_length;
	scan->line_length = 0;
	scan->held = 0;
	return 0;
}

/* Keeps the start of a line that may be a From_ line or a header, of which a
 * part has come; is_whole: all of it. */
static void
hold(struct scan *scan, const char *data, size_t length, bool is_whole)
{
	size_t room = sizeof(scan->line) - scan->held;

	if (!scan->follows_blank && !scan->in_header)
		return;
	if (length > room)
		length = room;
	scan->text = is_whole ? data : scan->line;
	if (!is_whole)
		memcpy(scan->line + scan->held, data, length);
	scan->held += length;
}

/* ---- the lines of a body ------------------------------------------------ */

static bool
is_within_body(const struct scan *scan)
{
	return scan->index->count > 0 && !scan->in_header &&
	    !scan->follows_blank && scan->line_length == 0;
}

/* The length of the empty line that ends at end, or 0 if it is none. */
static off_t
blank_before(const char *start, const char *end)
{
	const char *line = end - 1;

	if (line > start && line[-1] == '\r')
		line--;
	return line == start || line[-1] == '\n' ? end - line : 0;
}

/* Counts whole lines that cannot be From_ lines; returns where that ends. */
static const char *
skim(struct scan *scan, const char *data, const char *end)
{
	uint64_t bare;
	const char *next = skim_lines(data, end, &bare);

	if (next == data)
		return data;
	current(scan)->octets += (uint64_t)(next - data) + bare;
	scan->blank_length = blank_before(data, next);
	scan->follows_blank = scan->blank_length > 0;
	scan->line_start += next - data;
	scan->ends_in_cr = false;
	return next;
}

/* ---- pieces of the file ------------------------------------------------- */

void
scan_init(struct scan *scan, struct index *index)
{
	memset(scan, 0, sizeof(*scan));
	memset(index, 0, sizeof(*index));
	scan->index = index;
	scan->follows_blank = true;
}

/* Takes a line, or what there is of it.  NULL with errno. */
static const char *
take_line(struct scan *scan, const char *data, const char *end)
{
	const char *newline = memchr(data, '\n', (size_t)(end - data));
	const char *next = newline == NULL ? end : newline + 1;
	bool after_cr = newline != NULL && newline > data ? newline[-1] == '\r'
							  : scan->ends_in_cr;

	hold(scan, data, (size_t)(next - data),
	    newline != NULL && scan->line_length == 0);
	scan->line_length += next - data;
	scan->ends_in_cr = next[-1] == '\r';
	if (newline != NULL && end_line(scan, after_cr ? 2 : 1) == -1)
		return NULL;
	return next;
}

int
scan_feed(struct scan *scan, const char *data, size_t length)
{
	const char *end = data + length;

	scan->index->size += (off_t)length;
	while (data < end && !scan->index->is_foreign) {
		if (is_within_body(scan))
			data = skim(scan, data, end);
		data = take_line(scan, data, end);
		if (data == NULL)
			return -1;
	}
	return 0;
}

int
scan_finish(struct scan *scan)
{
	if (scan->index->is_foreign) {
		index_free(scan->index);
		scan->index->is_foreign = true;
		return 0;
	}
	if (scan->line_length == 0)
		scan->index->blank = scan->blank_length;
	/* A CR at the very end is taken for half of the missing line end. */
	if (scan->line_length > 0 &&
	    end_line(scan, scan->ends_in_cr ? 1 : 0) == -1)
		return -1;
	end_message(scan);
	index_sum(scan->index);
	return 0;
}

/* ---- a file ------------------------------------------------------------- */

static int
feed_file(struct scan *scan, struct lock *lock, char *buffer)
{
	ssize_t n;

	if (fstat(lock->fd, &scan->index->status) == -1)
		return -1;
	do {
		n = fileio_read_at(
		    lock->fd, buffer, SCAN_READ_SIZE, scan->index->size);
		if (n == -1 || scan_feed(scan, buffer, (size_t)n) == -1)
			return -1;
		lock_renew(lock);
	} while ((size_t)n == SCAN_READ_SIZE && !scan->index->is_foreign);
	return scan_finish(scan);
}

/* Goes on with a scan that was prepared. */
static int
run(struct scan *scan, struct lock *lock, struct mbox_reason *reason)
{
	char *buffer = malloc(SCAN_READ_SIZE);
	int result;

	if (buffer == NULL)
		return reason_errno(reason, lock->place, "no memory");
	result = feed_file(scan, lock, buffer);
	if (result == -1)
		reason_errno(reason, lock->place,
		    errno == EOVERFLOW ? "has more than 1000000 messages"
				       : "cannot be read");
	free(buffer);
	if (result == -1)
		index_free(scan->index);
	return result;
}

int
scan_mailbox(struct lock *lock, struct index *index, struct mbox_reason *reason)
{
	struct scan scan;

	scan_init(&scan, index);
	return run(&scan, lock, reason);
}

/* The empty line belonged to none, and does if the message goes on. */
int
scan_tail(struct lock *lock, struct index *index, const struct message *last,
    off_t end, off_t blank, struct mbox_reason *reason)
{
	struct scan scan;

	scan_init(&scan, index);
	if (make_room(index) == -1)
		return reason_errno(reason, lock->place, "no memory");
	index->messages[0] = *last;
	index->messages[0].octets += 2;
	index->count = 1;
	index->size = end;
	scan.begun = 2; /* this is none that is not shown */
	scan.line_start = end;
	scan.blank_length = blank;
	return run(&scan, lock, reason);
}
