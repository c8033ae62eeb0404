/*
 * Our own unique ids: a digest over the From_ line, the header and a checksum
 * of the body.  Left out of the header are the lines that mail readers add and
 * change: Status, X-*, Lines, Content-Length, and their continuation lines;
 * left out of the body is the last line end, which a delivery may have to
 * complete.  Messages with equal digests are copies of each other to the last
 * octet.
 */
#include "config.h"

#include "mbox/private.h"
#include "support/checksum.h"
#include "support/fileio.h"
#include "support/md5.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Octets of the file at once: most messages are in there with others, so that
 * the file is read in few and large pieces.  Longer headers than that, no mail
 * has them, count up to there. */
#define WINDOW_SIZE ((size_t)256 * 1024)

/* What the checksum of a body is made of: part of what an id is. */
#define PIECE_SIZE ((size_t)64 * 1024)

int
digest_begin(struct digester *digester, int fd)
{
	digester->fd = fd;
	digester->start = 0;
	digester->held = 0;
	digester->window = malloc(WINDOW_SIZE);
	return digester->window == NULL ? -1 : 0;
}

void
digest_end(struct digester *digester)
{
	free(digester->window);
	digester->window = NULL;
}

/* The octets from position on, WINDOW_SIZE at most; NULL with errno, ESTALE if
 * there are not so many. */
static const char *
look_at(struct digester *digester, off_t position, size_t length)
{
	off_t end = digester->start + (off_t)digester->held;
	ssize_t n;

	if (position < digester->start || position + (off_t)length > end) {
		n = fileio_read_at(
		    digester->fd, digester->window, WINDOW_SIZE, position);
		if (n == -1)
			return NULL;
		digester->start = position;
		digester->held = (size_t)n;
	}
	if (length <= digester->held)
		return digester->window + (position - digester->start);
	errno = ESTALE;
	return NULL;
}

/* ---- the header --------------------------------------------------------- */

static bool
has_name(const char *line, size_t length, const char *name)
{
	size_t wanted = strlen(name);

	return length >= wanted && strncasecmp(line, name, wanted) == 0;
}

static bool
is_volatile(const char *line, size_t length)
{
	switch (line[0]) {
	case 'S':
	case 's':
		return has_name(line, length, "Status:");
	case 'X':
	case 'x':
		return has_name(line, length, "X-");
	case 'L':
	case 'l':
		return has_name(line, length, "Lines:");
	case 'C':
	case 'c':
		return has_name(line, length, "Content-Length:");
	default:
		return false;
	}
}

/* Takes all lines but the volatile ones, and what continues these. */
static void
take_lines(const char *header, size_t length, struct md5 *md5)
{
	const char *end = header + length;
	const char *from = header; /* what is to be taken */
	const char *line, *next;
	bool skips = false;

	for (line = header; line < end; line = next) {
		next = memchr(line, '\n', (size_t)(end - line));
		next = next == NULL ? end : next + 1;
		if (line[0] != ' ' && line[0] != '\t')
			skips = is_volatile(line, (size_t)(next - line));
		if (!skips)
			continue;
		md5_update(md5, from, (size_t)(line - from));
		from = next;
	}
	md5_update(md5, from, (size_t)(end - from));
}

/* The length of the empty line at position, or of nothing at the end; -1 with
 * errno. */
static int
blank_at(struct digester *digester, off_t position, off_t end)
{
	const char *text;

	if (position == end)
		return 0;
	text = look_at(digester, position, 1);
	if (text == NULL)
		return -1;
	return text[0] == '\r' ? 2 : 1;
}

/* Where the body begins, or -1 with errno. */
static off_t
take_header(
    struct digester *digester, const struct message *message, struct md5 *md5)
{
	size_t length = message->header_length;
	const char *header;
	off_t end;
	int blank;

	if (length > WINDOW_SIZE)
		length = WINDOW_SIZE;
	header = look_at(digester, message->start, length);
	if (header == NULL)
		return -1;
	take_lines(header, length, md5);
	end = message->start + (off_t)length;
	if (length < message->header_length || message->has_long_header)
		return end;
	blank = blank_at(digester, end, message->end);
	if (blank == -1 || end + blank > message->end)
		return blank == -1 ? -1 : message->end;
	return end + blank;
}

/* ---- the body ----------------------------------------------------------- */

/* Leaves out the line end at the end. */
static size_t
trim(const char *text, size_t length)
{
	if (length > 0 && text[length - 1] == '\n')
		length--;
	if (length > 0 && text[length - 1] == '\r')
		length--;
	return length;
}

/* The last octets of a body, which are not much more than a piece. */
static uint64_t
add_rest(uint64_t sum, const char *text, size_t length)
{
	length = trim(text, length);
	if (length > PIECE_SIZE) {
		sum = checksum(sum, text, PIECE_SIZE);
		text += PIECE_SIZE;
		length -= PIECE_SIZE;
	}
	return length == 0 ? sum : checksum(sum, text, length);
}

/* The pieces must be the same each time: they are part of the checksum. */
static int
take_body(struct digester *digester, off_t from, off_t end, struct md5 *md5)
{
	const char *text;
	uint64_t sum = 0;

	for (; end - from > (off_t)PIECE_SIZE + 2; from += (off_t)PIECE_SIZE) {
		text = look_at(digester, from, PIECE_SIZE);
		if (text == NULL)
			return -1;
		sum = checksum(sum, text, PIECE_SIZE);
	}
	text = look_at(digester, from, (size_t)(end - from));
	if (text == NULL)
		return -1;
	sum = htole64(add_rest(sum, text, (size_t)(end - from)));
	md5_update(md5, &sum, sizeof(sum));
	return 0;
}

int
digest_message(struct digester *digester, const struct message *message,
    unsigned char digest[16])
{
	struct md5 md5;
	off_t body;

	md5_init(&md5);
	body = take_header(digester, message, &md5);
	if (body == -1 || take_body(digester, body, message->end, &md5) == -1)
		return -1;
	md5_final(&md5, digest);
	return 0;
}
