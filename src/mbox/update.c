/*
 * Removing the marked messages, in place: what stays is moved towards the
 * start and the file is cut.  The inode never changes, so a mail program that
 * holds the file open still delivers into the mailbox that its owner sees.
 *
 * 1. Nothing is written before the locks are held and the file was found to be
 *    the one that was indexed.
 * 2. Octets before the first marked message are never written.
 * 3. What was appended since the scan is one more piece that stays.
 * 4. A marked suffix costs one ftruncate(2) and moves nothing.
 *
 * A crash while pieces are moved leaves some messages twice; the redo journal
 * that closes this window belongs between check() and move_all().
 */
#include "config.h"

#include "mbox/private.h"
#include "support/fileio.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOVE_SIZE ((size_t)256 * 1024)

/* A piece of the file that stays, and where it goes. */
struct piece {
	off_t from;
	off_t to; /* its end */
	off_t target;
};

static size_t
first_marked(const struct index *index)
{
	size_t i;

	for (i = 0; i < index->count; i++)
		if (index->messages[i].is_deleted)
			break;
	return i;
}

/* Where message i ends together with the empty line behind it. */
static off_t
piece_end(const struct index *index, size_t i)
{
	return i + 1 < index->count ? index->messages[i + 1].start
				    : index->size;
}

/* ---- is it still the file that was indexed? ----------------------------- */

static bool
is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool
is_untouched(const struct index *index, const struct stat *status)
{
	return status->st_size == index->size &&
	    is_same_time(&status->st_mtim, &index->modified) &&
	    is_same_time(&status->st_ctim, &index->changed);
}

/* Looks at the messages that the update depends on: all from the first marked
 * one, or, when size and times say that nobody wrote, the two at the edges. */
static int
check(const struct mbox *mbox, const struct stat *status,
    struct mbox_reason *reason)
{
	size_t i = first_marked(&mbox->index);
	size_t last = mbox->index.count - 1;
	size_t step = 1;

	if (is_untouched(&mbox->index, status) && last > i)
		step = last - i;
	for (; i <= last; i += step)
		if (message_verify(mbox, i, reason) == -1)
			return -1;
	return 0;
}

/* ---- moving ------------------------------------------------------------- */

static int
move(struct lock *lock, struct piece *piece, char *buffer)
{
	while (piece->from < piece->to) {
		off_t left = piece->to - piece->from;
		size_t wanted =
		    left < (off_t)MOVE_SIZE ? (size_t)left : MOVE_SIZE;
		ssize_t n =
		    fileio_read_at(lock->fd, buffer, wanted, piece->from);

		if (n == 0)
			errno = EIO;
		if (n <= 0 ||
		    fileio_write_at(
			lock->fd, buffer, (size_t)n, piece->target) == -1)
			return -1;
		piece->from += n;
		piece->target += n;
		lock_renew(lock);
	}
	return 0;
}

/* Moves all that stays behind the first marked message; size is that of the
 * file now.  Returns the new size, or -1 with errno. */
static off_t
move_all(struct mbox *mbox, off_t size, char *buffer)
{
	const struct index *index = &mbox->index;
	size_t i = first_marked(index);
	struct piece piece = { .target = index->messages[i].start };

	for (; i < index->count; i++) {
		if (index->messages[i].is_deleted)
			continue;
		piece.from = index->messages[i].start;
		piece.to = piece_end(index, i);
		if (move(&mbox->lock, &piece, buffer) == -1)
			return -1;
	}
	piece.from = index->size;
	piece.to = size;
	if (move(&mbox->lock, &piece, buffer) == -1)
		return -1;
	return piece.target;
}

static int
shrink(struct mbox *mbox, off_t size, char *buffer)
{
	off_t left = move_all(mbox, size, buffer);

	if (left == -1 || ftruncate(mbox->lock.fd, left) == -1)
		return -1;
	return mbox->place.syncs ? fileio_sync(mbox->lock.fd) : 0;
}

/* Without this the shell and mutt would announce new mail. */
static void
restore_times(const struct mbox *mbox, const struct stat *before)
{
	struct timespec times[2] = { before->st_atim, before->st_mtim };

	if (before->st_size == mbox->index.size)
		(void)futimens(mbox->lock.fd, times);
}

/* All locks are held. */
static int
rewrite(struct mbox *mbox, struct mbox_reason *reason)
{
	struct stat status;
	char *buffer;
	int result;

	if (fstat(mbox->lock.fd, &status) == -1)
		return reason_errno(reason, &mbox->place, "cannot be examined");
	if (check(mbox, &status, reason) == -1)
		return -1;
	buffer = malloc(MOVE_SIZE);
	if (buffer == NULL)
		return reason_errno(reason, &mbox->place, "no memory");
	result = shrink(mbox, status.st_size, buffer);
	if (result == -1)
		reason_errno(reason, &mbox->place, "cannot be updated");
	else
		restore_times(mbox, &status);
	free(buffer);
	return result;
}

int
mbox_update(struct mbox *mbox, int64_t deadline, struct mbox_reason *reason)
{
	int result;

	if (first_marked(&mbox->index) == mbox->index.count)
		return 0;
	if (lock_acquire(&mbox->lock, deadline, reason) == -1)
		return -1;
	result = rewrite(mbox, reason);
	lock_release(&mbox->lock);
	return result;
}
