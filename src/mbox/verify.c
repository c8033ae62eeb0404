/*
 * Checked before use: a message is read, and a mailbox updated, only if it is
 * still what was indexed.  Others may append at any time; whoever does more,
 * without the locks or between two of ours, is noticed here, or, in a quiet
 * mailbox, by its times; see quiet.c.
 */
#include "config.h"

#include "mbox/private.h"
#include "support/clock.h"
#include "support/fileio.h"

#include <string.h>
#include <sys/stat.h>

#define PIECE_SIZE ((size_t)8 * 1024)

/* Appended mail may begin with line ends that complete the message before. */
#define TAIL_LOOK 512

#define TRY_EVERY 50 /* ms */
#define TRIES	  10

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

/* 1 with the header that is there, as far as message says, 0 if there is none,
 * -1 with errno. */
static int
find_header(int fd, const struct message *message, struct message *found)
{
	struct index index;
	struct scan scan;
	int result;

	scan_init(&scan, &index);
	result = feed_header(fd, message, &scan);
	if (result == 0 && index.messages != NULL) {
		*found = index.messages[0];
		result = 1;
	}
	index_free(&index);
	return result;
}

/* Lines that were added stand behind those that are known. */
static bool
header_ends(int fd, const struct message *message)
{
	off_t end = message->start + (off_t)message->header_length;
	char text[2] = { '\0', '\0' };

	if (end == message->end || message->has_long_header)
		return true;
	return fileio_read_at(fd, text, sizeof(text), end) > 0 &&
	    (text[0] == '\n' || (text[0] == '\r' && text[1] == '\n'));
}

int
message_is_there(int fd, const struct message *message)
{
	struct message found;
	int result = find_header(fd, message, &found);

	if (result != 1)
		return result;
	return found.header_length == message->header_length &&
	    found.header_sum == message->header_sum && header_ends(fd, message);
}

int
message_read_header(int fd, struct message *message)
{
	struct message found;

	if (message->has_long_header || find_header(fd, message, &found) != 1 ||
	    found.header_length != message->header_length ||
	    !header_ends(fd, message))
		return -1;
	message->header_sum = found.header_sum;
	message->was_seen = found.was_seen;
	message->was_read = found.was_read;
	message->has_room = found.has_room;
	return 0;
}

int
tail_is_sound(int fd, off_t from)
{
	char text[TAIL_LOOK];
	ssize_t length = fileio_read_at(fd, text, sizeof(text), from);
	const char *p = text;

	if (length == -1)
		return -1;
	while (length > 0 && (*p == '\n' || *p == '\r')) {
		p++;
		length--;
	}
	return memcmp(p, "From ", length < 5 ? (size_t)length : 5) == 0;
}

/* What comes behind message i is what came behind it, or was appended. */
static bool
is_followed(const struct mbox *mbox, size_t i)
{
	static const char next[] = "\nFrom ";
	char text[sizeof(next)] = "";

	if (i + 1 == mbox->index.count)
		return tail_is_sound(mbox->lock.fd, mbox->index.size) == 1;
	return fileio_read_at(mbox->lock.fd, text, strlen(next),
		   mbox->index.messages[i + 1].start - 1) > 0 &&
	    memcmp(text, next, strlen(next)) == 0;
}

static bool
is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool
is_untouched(const struct stat *before, const struct stat *status)
{
	return status->st_size == before->st_size &&
	    is_same_time(&status->st_mtim, &before->st_mtim) &&
	    is_same_time(&status->st_ctim, &before->st_ctim);
}

static int
verify_once(const struct mbox *mbox, size_t i, struct mbox_reason *reason)
{
	const struct message *message = &mbox->index.messages[i];
	struct stat status;
	int same;

	if (fstat(mbox->lock.fd, &status) == -1)
		return reason_errno(reason, &mbox->place, "cannot be examined");
	if (status.st_size < mbox->index.size)
		return reason_set(reason, MBOX_CHANGED, &mbox->place, 0,
		    "was made shorter by another program");
	same = message_is_there(mbox->lock.fd, message);
	if (same == -1)
		return reason_errno(reason, &mbox->place, "cannot be read");
	if (same == 0 || !is_followed(mbox, i))
		return reason_set(reason, MBOX_CHANGED, &mbox->place, 0,
		    "was rewritten by another program");
	return 0;
}

/* On NFS the new length of a file may be known here before its new end, where
 * zeros are read for a moment while another machine appends. */
int
message_verify(const struct mbox *mbox, size_t i, struct mbox_reason *reason)
{
	int result = verify_once(mbox, i, reason);
	int tries;

	if (result == 0 || !network_is_nfs(mbox->lock.fd))
		return result;
	for (tries = 0; tries < TRIES && result == -1; tries++) {
		clock_sleep_until(clock_now() + TRY_EVERY);
		result = verify_once(mbox, i, reason);
	}
	return result;
}
