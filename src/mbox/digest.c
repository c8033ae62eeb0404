/*
 * Our own unique ids: a digest over the From_ line, the header and a checksum
 * of the body.  Left out of the header are the lines that mail readers add and
 * change: Status, X-*, Lines, Content-Length, and their continuation lines;
 * left out of the body is the last line end, which a delivery may have to
 * complete.  Messages with equal digests are copies of each other to the last
 * octet.
 */
#include "config.h"

#include "mbox/lines.h"
#include "mbox/private.h"
#include "support/checksum.h"
#include "support/fileio.h"
#include "support/md5.h"

#include <endian.h>

static bool
is_volatile(const struct line *line)
{
	return line_has_name(line, "Status:") || line_has_name(line, "X-") ||
	    line_has_name(line, "Lines:") ||
	    line_has_name(line, "Content-Length:");
}

/* Takes the header.  Returns where the body begins, or -1 with errno. */
static off_t
take_header(int fd, const struct message *message, struct md5 *md5)
{
	struct lines lines;
	struct line line;
	bool skips = false;
	int result;

	lines_init(&lines, fd, message->start, message->end);
	while ((result = lines_next(&lines, &line)) == 1 &&
	    !line_is_blank(&line)) {
		if (line.is_start && !line_continues(&line))
			skips = is_volatile(&line);
		if (!skips)
			md5_update(md5, line.text, line.length);
	}
	return result == -1 ? -1 : lines_position(&lines);
}

/* The end of the body without its last line end; -1 with errno. */
static off_t
trimmed_end(int fd, off_t from, off_t end)
{
	char tail[2];
	size_t length = end - from < 2 ? (size_t)(end - from) : 2;

	if (fileio_read_at(fd, tail, length, end - (off_t)length) !=
	    (ssize_t)length)
		return -1;
	if (length > 0 && tail[length - 1] == '\n')
		end--, length--;
	if (length > 0 && tail[length - 1] == '\r')
		end--;
	return end;
}

/* The pieces must be the same each time: they are part of the checksum. */
static int
take_body(int fd, off_t from, off_t end, char *piece, struct md5 *md5)
{
	uint64_t sum = 0;

	end = trimmed_end(fd, from, end);
	if (end == -1)
		return -1;
	while (from < end) {
		size_t length = end - from < (off_t)DIGEST_PIECE
		    ? (size_t)(end - from)
		    : DIGEST_PIECE;

		if (fileio_read_at(fd, piece, length, from) != (ssize_t)length)
			return -1;
		sum = checksum(sum, piece, length);
		from += (off_t)length;
	}
	sum = htole64(sum);
	md5_update(md5, &sum, sizeof(sum));
	return 0;
}

int
digest_message(const struct mbox *mbox, const struct message *message,
    char *piece, unsigned char digest[16])
{
	struct md5 md5;
	off_t body;

	md5_init(&md5);
	body = take_header(mbox->lock.fd, message, &md5);
	if (body == -1 ||
	    take_body(mbox->lock.fd, body, message->end, piece, &md5) == -1)
		return -1;
	md5_final(&md5, digest);
	return 0;
}
