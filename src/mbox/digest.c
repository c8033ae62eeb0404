/*
 * Unique ids: a digest over the From_ line, the header and a checksum of the
 * body.  Left out of the header are the lines that mail readers add and change:
 * Status, X-*, Lines, Content-Length, and their continuation lines; left out of
 * the body is the last line end, which a delivery may have to complete.
 * Messages with equal digests are copies of each other to the last octet, and
 * are told apart by numbers (copies.c).
 */
#include "config.h"

#include "mbox/private.h"
#include "support/checksum.h"
#include "support/fileio.h"
#include "support/md5.h"
#include "support/text.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PIECE_SIZE ((size_t)8 * 1024)
#define BODY_SIZE  ((size_t)64 * 1024)

struct filter {
	struct md5 md5;
	bool at_line_start;
	bool skips; /* the current header field is left out */
	bool is_done;
};

static bool
starts_with(const char *line, size_t length, const char *name)
{
	size_t wanted = strlen(name);

	return length >= wanted && strncasecmp(line, name, wanted) == 0;
}

static bool
is_volatile(const char *line, size_t length)
{
	return starts_with(line, length, "Status:") ||
	    starts_with(line, length, "X-") ||
	    starts_with(line, length, "Lines:") ||
	    starts_with(line, length, "Content-Length:");
}

static bool
is_blank(const char *line, size_t length)
{
	return (length == 1 && line[0] == '\n') ||
	    (length == 2 && line[0] == '\r' && line[1] == '\n');
}

static void
take_line(struct filter *filter, const char *line, size_t length)
{
	if (filter->at_line_start && is_blank(line, length)) {
		filter->is_done = true;
		return;
	}
	if (filter->at_line_start && line[0] != ' ' && line[0] != '\t')
		filter->skips = is_volatile(line, length);
	if (!filter->skips)
		md5_update(&filter->md5, line, length);
	filter->at_line_start = line[length - 1] == '\n';
}

/* Takes the whole lines of a piece and returns their length, so that the next
 * piece can begin where a line does.  A line longer than the piece, or the
 * last one of the message, is taken in parts. */
static size_t
take_piece(struct filter *filter, const char *data, size_t length, bool is_last)
{
	const char *p = data;
	const char *end = data + length;

	while (p < end && !filter->is_done) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		const char *next = newline == NULL ? end : newline + 1;

		if (newline == NULL && p > data && !is_last)
			break;
		take_line(filter, p, (size_t)(next - p));
		p = next;
	}
	return (size_t)(p - data);
}

/* Takes the header.  Returns where the body begins, or -1 with errno. */
static off_t
take_header(int fd, const struct message *message, struct filter *filter)
{
	char piece[PIECE_SIZE];
	off_t position = message->start;

	while (position < message->end && !filter->is_done) {
		off_t left = message->end - position;
		bool is_last = left <= (off_t)sizeof(piece);
		ssize_t n = fileio_read_at(fd, piece,
		    is_last ? (size_t)left : sizeof(piece), position);

		if (n <= 0)
			return -1;
		position +=
		    (off_t)take_piece(filter, piece, (size_t)n, is_last);
	}
	return position;
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
		size_t length = end - from < (off_t)BODY_SIZE
		    ? (size_t)(end - from)
		    : BODY_SIZE;

		if (fileio_read_at(fd, piece, length, from) != (ssize_t)length)
			return -1;
		sum = checksum(sum, piece, length);
		from += (off_t)length;
	}
	sum = htole64(sum);
	md5_update(md5, &sum, sizeof(sum));
	return 0;
}

static int
digest_message(const struct mbox *mbox, const struct message *message,
    char *piece, unsigned char digest[MD5_LENGTH])
{
	struct filter filter = { .at_line_start = true };
	off_t body;

	md5_init(&filter.md5);
	body = take_header(mbox->lock.fd, message, &filter);
	if (body == -1 ||
	    take_body(mbox->lock.fd, body, message->end, piece, &filter.md5) ==
		-1)
		return -1;
	md5_final(&filter.md5, digest);
	return 0;
}

/* ---- all messages ------------------------------------------------------- */

static int
digest_all(const struct mbox *mbox, struct identity *identities)
{
	char *piece = malloc(BODY_SIZE);
	size_t i;

	if (piece == NULL)
		return -1;
	for (i = 0; i < mbox->index.count; i++)
		if (digest_message(mbox, &mbox->index.messages[i], piece,
			identities[i].digest) == -1)
			break;
	free(piece);
	return i < mbox->index.count ? -1 : 0;
}

static int
identify_all(struct mbox *mbox, struct mbox_reason *reason)
{
	size_t count = mbox->index.count;
	struct identity *identities = calloc(count, sizeof(*identities));

	if (identities == NULL)
		return reason_errno(reason, &mbox->place, "no memory");
	errno = ESTALE; /* for a file that has become shorter */
	if (digest_all(mbox, identities) == -1 ||
	    copies_number(&mbox->place, identities, count) == -1) {
		reason_errno(reason, &mbox->place, "cannot be read");
		free(identities);
		return -1;
	}
	mbox->identities = identities;
	return 0;
}

int
mbox_uidl(struct mbox *mbox, size_t i, char id[MBOX_UIDL_SIZE],
    struct mbox_reason *reason)
{
	const struct identity *identity;
	char hex[2 * MD5_LENGTH + 1];

	if (mbox->identities == NULL && identify_all(mbox, reason) == -1)
		return -1;
	identity = &mbox->identities[i];
	md5_hex(identity->digest, hex);
	if (identity->copy == 1)
		text_copy(id, MBOX_UIDL_SIZE, hex);
	else
		text_format(id, MBOX_UIDL_SIZE, "%s.%u", hex, identity->copy);
	return 0;
}
