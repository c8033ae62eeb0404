/*
 * Checked before use: a message is read, and a mailbox updated, only if it is
 * still what was indexed.  Others may append at any time; whoever does more,
 * without the locks or between two of ours, is noticed here.
 */
#include "config.h"

#include "mbox/private.h"
#include "support/fileio.h"

#include <sys/stat.h>

#define PIECE_SIZE ((size_t)8 * 1024)

/* Feeds the header of message as it is in the file now.  0, or -1 with
 * errno. */
static int
feed_header(int fd, const struct message *message, struct scan *scan)
{
	char piece[PIECE_SIZE];
	size_t done = 0;

	while (done < message->header_length) {
		size_t left = message->header_length - done;
		size_t wanted = left < sizeof(piece) ? left : sizeof(piece);
		ssize_t n = fileio_read_at(
		    fd, piece, wanted, message->start + (off_t)done);

		if (n == -1)
			return -1;
		if (scan_feed(scan, piece, (size_t)n) == -1)
			return -1;
		if ((size_t)n < wanted)
			break;
		done += (size_t)n;
	}
	return scan_finish(scan);
}

/* 1 if the header is the same, 0 if not, -1 with errno. */
static int
compare_header(int fd, const struct message *message)
{
	struct index index;
	struct scan scan;
	int result;

	scan_init(&scan, &index);
	result = feed_header(fd, message, &scan);
	if (result == 0 && index.messages != NULL)
		result =
		    index.messages->header_length == message->header_length &&
		    index.messages->header_sum == message->header_sum;
	index_free(&index);
	return result;
}

int
message_verify(const struct mbox *mbox, size_t i, struct mbox_reason *reason)
{
	struct stat status;
	int same;

	if (fstat(mbox->lock.fd, &status) == -1)
		return reason_errno(reason, &mbox->place, "cannot be examined");
	if (status.st_size < mbox->index.size)
		return reason_set(reason, MBOX_CHANGED, &mbox->place, 0,
		    "was made shorter by another program");
	same = compare_header(mbox->lock.fd, &mbox->index.messages[i]);
	if (same == -1)
		return reason_errno(reason, &mbox->place, "cannot be read");
	if (same == 0)
		return reason_set(reason, MBOX_CHANGED, &mbox->place, 0,
		    "was rewritten by another program");
	return 0;
}
