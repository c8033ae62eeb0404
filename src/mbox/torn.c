/*
 * A piece of a message at the end of a mailbox, torn off by a crash of whoever
 * copied it from another file.  Runs as the mailbox owner.
 */
#include "config.h"

#include "mbox/private.h"
#include "support/fileio.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct pair {
	const struct mbox *mailbox;
	const struct mbox *old;
	char *piece; /* memory to work in */
};

/* 1 if length octets of the mailbox at position are those of NAME.old at from,
 * 0 if not, -1 with errno. */
static int
is_same(const struct pair *pair, off_t position, off_t from, off_t length)
{
	const size_t most = READ_SIZE / 2;
	char *a = pair->piece, *b = pair->piece + most;

	while (length > 0) {
		size_t part = length < (off_t)most ? (size_t)length : most;

		if (fileio_read_at(pair->mailbox->lock.fd, a, part, position) !=
			(ssize_t)part ||
		    fileio_read_at(pair->old->lock.fd, b, part, from) !=
			(ssize_t)part)
			return -1;
		if (memcmp(a, b, part) != 0)
			return 0;
		position += (off_t)part;
		from += (off_t)part;
		length -= (off_t)part;
	}
	return 1;
}

/* 1 if all from position on is the beginning of a message of NAME.old, and not
 * the whole of it. */
static int
is_torn(const struct pair *pair, off_t position)
{
	const struct index *old = &pair->old->index;
	off_t length = pair->mailbox->index.size - position;
	int result = 0;
	size_t i;

	for (i = 0; i < old->count && result == 0 && length > 0; i++)
		if (length < old->messages[i].end - old->messages[i].start)
			result = is_same(
			    pair, position, old->messages[i].start, length);
	return result;
}

/* Where the last message ends if it is one of NAME.old and so little follows
 * that it is no From_ line; -1 with errno 0 if it is not so. */
static off_t
find_end(const struct pair *pair, const struct message *last)
{
	const struct index *old = &pair->old->index;
	size_t i;

	errno = 0;
	for (i = 0; i < old->count; i++) {
		off_t length = old->messages[i].end - old->messages[i].start;
		int same = 0;

		if (last->start + length + 1 < pair->mailbox->index.size)
			same = is_same(
			    pair, last->start, old->messages[i].start, length);
		if (same == -1)
			return -1;
		if (same == 1)
			return last->start + length + 1;
	}
	return -1;
}

int
torn_cut(struct mbox *mailbox, const struct mbox *old, char *piece)
{
	struct pair pair = { mailbox, old, piece };
	struct index *index = &mailbox->index;
	struct message *last =
	    index->count > 0 ? &index->messages[index->count - 1] : NULL;
	off_t from = last != NULL ? last->start : 0;
	int torn = is_torn(&pair, from);

	if (torn == 1) {
		index->count -= last != NULL;
		index->is_foreign = false;
	} else if (torn == 0 && last != NULL) {
		from = find_end(&pair, last);
		if (from == -1)
			return errno == 0 ? 0 : -1;
		torn = is_torn(&pair, from);
		if (torn == 1)
			last->end = from - 1;
	}
	if (torn != 1)
		return torn;
	index->size = from;
	return ftruncate(mailbox->lock.fd, from);
}
