/*
 * The text of one message on its way out: whole, or the header and the first
 * lines of the body.  Reads with pread(2), never mmap(2): a file that somebody
 * truncates must give an error, not a signal.
 */
#include "config.h"

#include "mbox/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
prepare_buffer(struct mbox *mbox, struct mbox_reason *reason)
{
	if (mbox->buffer == NULL)
		mbox->buffer = malloc(READ_SIZE);
	if (mbox->buffer == NULL)
		return reason_errno(reason, &mbox->place, "no memory");
	return 0;
}

/* Nobody has written since it was opened, and anybody who did would be seen. */
static bool
is_still_quiet(const struct mbox *mbox, const struct stat *status)
{
	return mbox->was_quiet && is_untouched(&mbox->quiet_status, status);
}

int
mbox_read(struct mbox *mbox, size_t i, uint64_t body_lines,
    struct mbox_reader *reader, struct mbox_reason *reason)
{
	const struct message *message = &mbox->index.messages[i];

	if (prepare_buffer(mbox, reason) == -1)
		return -1;
	if (fstat(mbox->lock.fd, &reader->status) == -1)
		return reason_errno(reason, &mbox->place, "cannot be examined");
	if (!is_still_quiet(mbox, &reader->status) &&
	    message_verify(mbox, i, reason) == -1) {
		index_distrust(mbox);
		return -1;
	}
	reader->mbox = mbox;
	reader->message = i;
	reader->position = message->start + (off_t)message->separator_length;
	reader->end = message->end;
	reader->limits_lines = body_lines != MBOX_ALL_LINES;
	reader->in_header = true;
	reader->at_line_start = true;
	reader->lines_left = body_lines;
	return 0;
}

/* Notes that a line ends at newline; line is where it starts in this piece. */
static void
pass_line(struct mbox_reader *reader, const char *line, const char *newline)
{
	bool is_blank = reader->at_line_start &&
	    (newline == line || (newline == line + 1 && *line == '\r'));

	reader->at_line_start = true;
	if (!reader->in_header)
		reader->lines_left--;
	else if (is_blank)
		reader->in_header = false;
}

/* How many of the length octets at data are wanted; ends the message at the
 * last wanted line. */
static size_t
limit(struct mbox_reader *reader, const char *data, size_t length)
{
	const char *p = data;
	const char *end = data + length;

	while (p < end && (reader->in_header || reader->lines_left > 0)) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));

		if (newline == NULL) {
			/* A lone CR may be the first half of an empty line. */
			reader->at_line_start &= end - p == 1 && *p == '\r';
			return length;
		}
		pass_line(reader, p, newline);
		p = newline + 1;
	}
	if (!reader->in_header && reader->lines_left == 0)
		reader->end = reader->position + (p - data);
	return (size_t)(p - data);
}

static ssize_t
read_piece(struct mbox_reader *reader)
{
	off_t left = reader->end - reader->position;
	size_t wanted = left < (off_t)READ_SIZE ? (size_t)left : READ_SIZE;
	ssize_t n;

	do
		n = pread(reader->mbox->lock.fd, reader->mbox->buffer, wanted,
		    reader->position);
	while (n == -1 && errno == EINTR);
	return n;
}

/* No lock was held: somebody may have rewritten what was being read. */
static int
check_end(const struct mbox_reader *reader, struct mbox_reason *reason)
{
	struct mbox *mbox = reader->mbox;
	struct stat status;

	if (fstat(mbox->lock.fd, &status) == -1)
		return reason_errno(reason, &mbox->place, "cannot be examined");
	if (is_untouched(&reader->status, &status))
		return 0;
	if (message_verify(mbox, reader->message, reason) == 0)
		return 0;
	index_distrust(mbox);
	return -1;
}

int
mbox_read_next(struct mbox_reader *reader, const char **data, size_t *length,
    struct mbox_reason *reason)
{
	const struct mbox *mbox = reader->mbox;
	ssize_t n;

	*data = mbox->buffer;
	*length = 0;
	if (reader->position >= reader->end)
		return check_end(reader, reason);
	n = read_piece(reader);
	if (n == -1)
		return reason_errno(reason, &mbox->place, "cannot be read");
	if (n == 0)
		return reason_set(reason, MBOX_CHANGED, &mbox->place, 0,
		    "was made shorter by another program");
	*length = (size_t)n;
	if (reader->limits_lines)
		*length = limit(reader, mbox->buffer, *length);
	reader->position += (off_t)*length;
	return 0;
}
