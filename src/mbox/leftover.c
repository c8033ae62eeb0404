/*
 * Mail that GNU pop3d 0.10.x has left behind.
 *
 * To remove messages it renamed the mailbox to NAME.old, wrote what was kept
 * into a new one, and removed NAME.old.  If it died in between, NAME.old has
 * all mail as of the beginning of that session, and the mailbox is missing, or
 * has a part of it, perhaps torn, or all that was kept; and new mail perhaps
 * behind that.
 *
 * What must stay true, whenever this is killed, and begun again:
 *
 *   1  Nothing in the mailbox is changed but a torn piece at its end, which the
 *      same octets follow whole: no mail is lost.
 *   2  A message of NAME.old is appended only if the mailbox has not as many
 *      messages with its digest as NAME.old: no mail is there twice.  So what
 *      was appended before a crash counts when this is done again, and what was
 *      torn by it goes first.
 *   3  NAME.old gets another name only when all of it is on disk in the
 *      mailbox, and it is never removed.
 *
 * Runs as the mailbox owner, with the mailbox claimed.
 */
#include "config.h"

#include "mbox/private.h"
#include "support/fileio.h"
#include "support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_NAMES 100 /* NAME.old.merged, NAME.old.merged.2, ... */

struct leftover {
	struct mbox mailbox; /* locked */
	struct mbox old;     /* NAME.old */
	char name[MBOX_NAME_SIZE];
	char *piece;		  /* memory to work in */
	struct digester digester; /* of NAME.old */
	struct tally *tallies;
	size_t count; /* of these */
};

/* How many messages of the mailbox have this digest. */
struct tally {
	unsigned char digest[16];
	size_t count;
};

static int
fail(const struct leftover *leftover, struct mbox_reason *reason)
{
	return reason_errno(reason, leftover->mailbox.lock.place,
	    "what an older server has left cannot be put back");
}

static int
refuse(const struct mbox_place *place, const char *text,
    struct mbox_reason *reason)
{
	return reason_set(reason, MBOX_UNSAFE, place, 0, text);
}

/* ---- what is there ------------------------------------------------------ */

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(((const struct tally *)a)->digest));
}

static void
join_equal(struct leftover *leftover)
{
	struct tally *tallies = leftover->tallies;
	size_t i, used = 0;

	qsort(tallies, leftover->count, sizeof(*tallies), compare);
	for (i = 0; i < leftover->count; i++) {
		if (used > 0 && compare(&tallies[used - 1], &tallies[i]) == 0)
			tallies[used - 1].count++;
		else
			tallies[used++] = tallies[i];
	}
	leftover->count = used;
}

static int
count_mailbox(struct leftover *leftover)
{
	const struct index *index = &leftover->mailbox.index;
	struct digester digester;
	int result = 0;
	size_t i;

	leftover->tallies =
	    calloc(index->count + 1, sizeof(*leftover->tallies));
	if (leftover->tallies == NULL ||
	    digest_begin(&digester, leftover->mailbox.lock.fd) == -1)
		return -1;
	for (i = 0; i < index->count && result == 0; i++) {
		struct tally *tally = &leftover->tallies[leftover->count++];

		tally->count = 1;
		result = digest_message(
		    &digester, &index->messages[i], tally->digest);
		lock_renew(&leftover->mailbox.lock);
	}
	digest_end(&digester);
	join_equal(leftover);
	return result;
}

/* 1 if the mailbox has this message of NAME.old, which is crossed off then; 0
 * if not; -1 with errno. */
static int
cross_off(struct leftover *leftover, const struct message *message)
{
	struct tally wanted, *tally;

	if (digest_message(&leftover->digester, message, wanted.digest) == -1)
		return -1;
	tally = bsearch(&wanted, leftover->tallies, leftover->count,
	    sizeof(wanted), compare);
	if (tally == NULL || tally->count == 0)
		return 0;
	tally->count--;
	return 1;
}

/* ---- putting back ------------------------------------------------------- */

/* Appends a message with an empty line behind it. */
static int
append(struct leftover *leftover, const struct message *message)
{
	off_t from = message->start;
	char last = '\n';

	while (from < message->end) {
		off_t left = message->end - from;
		size_t part =
		    left < (off_t)READ_SIZE ? (size_t)left : READ_SIZE;

		if (fileio_read_at(leftover->old.lock.fd, leftover->piece, part,
			from) != (ssize_t)part ||
		    fileio_write(
			leftover->mailbox.lock.fd, leftover->piece, part) == -1)
			return -1;
		last = leftover->piece[part - 1];
		from += (off_t)part;
	}
	lock_renew(&leftover->mailbox.lock);
	return fileio_write(
	    leftover->mailbox.lock.fd, "\n\n", last == '\n' ? 1 : 2);
}

/* The mailbox gets the line ends that it lacks, as a crash may have cut them
 * off a message that is whole otherwise. */
static int
complete_end(const struct leftover *leftover)
{
	const char *missing;
	int fd = leftover->mailbox.lock.fd;

	if (append_find_missing(fd, leftover->mailbox.index.size, &missing) ==
	    -1)
		return -1;
	return fileio_write(fd, missing, strlen(missing));
}

static int
append_all(struct leftover *leftover, size_t *count)
{
	const struct index *old = &leftover->old.index;
	size_t i;

	*count = 0;
	if (complete_end(leftover) == -1)
		return -1;
	for (i = 0; i < old->count; i++) {
		int found = cross_off(leftover, &old->messages[i]);

		if (found == -1 ||
		    (found == 0 && append(leftover, &old->messages[i]) == -1))
			return -1;
		*count += found == 0;
	}
	if (!leftover->mailbox.lock.place->syncs)
		return 0;
	return fileio_sync(leftover->mailbox.lock.fd) == -1
	    ? -1
	    : append_sync_directory(&leftover->mailbox.lock);
}

/* ---- the other name ----------------------------------------------------- */

static void
kept_name(
    const struct leftover *leftover, unsigned int i, char kept[MBOX_NAME_SIZE])
{
	if (i == 1)
		text_format(kept, MBOX_NAME_SIZE, "%s.merged", leftover->name);
	else
		text_format(
		    kept, MBOX_NAME_SIZE, "%s.merged.%u", leftover->name, i);
}

/* True if NAME.old has its other name already: a crash came before it had lost
 * the first one. */
static bool
has_other_name(const struct leftover *leftover, const struct stat *status)
{
	char kept[MBOX_NAME_SIZE];
	struct stat other;
	unsigned int i;

	for (i = 1; i <= MOST_NAMES; i++) {
		kept_name(leftover, i, kept);
		if (fstatat(leftover->mailbox.lock.directory, kept, &other,
			AT_SYMLINK_NOFOLLOW) == 0 &&
		    other.st_ino == status->st_ino &&
		    other.st_dev == status->st_dev)
			return true;
	}
	return false;
}

/* By link and unlink, which cannot replace anything (3). */
static int
rename_old(const struct leftover *leftover, char kept[MBOX_NAME_SIZE])
{
	int directory = leftover->mailbox.lock.directory;
	unsigned int i;

	for (i = 1; i <= MOST_NAMES; i++) {
		kept_name(leftover, i, kept);
		if (linkat(directory, leftover->name, directory, kept, 0) == 0)
			return unlinkat(directory, leftover->name, 0);
		if (errno != EEXIST)
			return -1;
	}
	return -1;
}

/* ---- all of it ---------------------------------------------------------- */

/* What is wrong with NAME.old, or NULL. */
static const char *
find_fault(const struct stat *status, const struct mbox_place *place)
{
	if (!S_ISREG(status->st_mode) || status->st_nlink != 1)
		return "the .old file beside it is not a regular file with one "
		       "link; it is left alone";
	if (status->st_uid != place->owner)
		return "the .old file beside it belongs to another user; it is "
		       "left alone";
	return NULL;
}

/* All locks are held, and NAME.old is what it should be. */
static int
merge(struct leftover *leftover, struct mbox_put_back *result,
    struct mbox_reason *reason)
{
	struct mbox *mailbox = &leftover->mailbox;
	struct mbox *old = &leftover->old;

	if (scan_mailbox(&old->lock, &old->index, reason) == -1 ||
	    scan_mailbox(&mailbox->lock, &mailbox->index, reason) == -1)
		return -1;
	if (old->index.is_foreign)
		return refuse(leftover->mailbox.lock.place,
		    "the .old file beside it is not an mbox; it is left alone",
		    reason);
	if (torn_cut(mailbox, old, leftover->piece) == -1)
		return fail(leftover, reason);
	if (mailbox->index.is_foreign)
		return refuse(leftover->mailbox.lock.place,
		    "is not an mbox; the .old file beside it is left alone",
		    reason);
	if (count_mailbox(leftover) == -1)
		return fail(leftover, reason);
	if (append_all(leftover, &result->count) == -1) {
		append_cut_back(&mailbox->lock, mailbox->index.size);
		return fail(leftover, reason);
	}
	if (rename_old(leftover, result->kept) == -1)
		return fail(leftover, reason);
	return 0;
}

static int
open_and_merge(struct leftover *leftover, struct mbox_put_back *result,
    struct mbox_reason *reason)
{
	struct lock *old = &leftover->old.lock;
	const char *fault;
	struct stat status;

	old->fd = openat(leftover->mailbox.lock.directory, leftover->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (old->fd == -1 || fstat(old->fd, &status) == -1)
		return fail(leftover, reason);
	if (status.st_nlink == 2 && has_other_name(leftover, &status))
		return unlinkat(leftover->mailbox.lock.directory,
			   leftover->name, 0) == 0
		    ? 0
		    : fail(leftover, reason);
	fault = find_fault(&status, leftover->mailbox.lock.place);
	if (fault != NULL)
		return refuse(leftover->mailbox.lock.place, fault, reason);
	leftover->piece = malloc(READ_SIZE);
	if (leftover->piece == NULL ||
	    digest_begin(&leftover->digester, old->fd) == -1)
		return fail(leftover, reason);
	return merge(leftover, result, reason);
}

/* 1 if there is such a file, and the mailbox may be made for it. */
static int
is_there(const struct mbox_place *place, struct mbox_reason *reason)
{
	char path[MBOX_PATH_SIZE + MBOX_NAME_SIZE + 8];
	struct stat status;
	const char *fault;

	text_format(
	    path, sizeof(path), "%s/%s.old", place->directory, place->name);
	if (lstat(path, &status) == -1)
		return 0;
	fault = S_ISREG(status.st_mode) && status.st_nlink == 2
	    ? NULL
	    : find_fault(&status, place);
	return fault == NULL ? 1 : refuse(place, fault, reason);
}

int
mbox_put_back(const struct mbox_place *place, int64_t deadline,
    struct mbox_put_back *result, struct mbox_reason *reason)
{
	struct leftover leftover = { 0 };
	struct lock *lock = &leftover.mailbox.lock;
	int found = is_there(place, reason);

	memset(result, 0, sizeof(*result));
	if (found != 1)
		return found;
	lock_init(lock, place, true);
	lock_init(&leftover.old.lock, place, false);
	text_format(
	    leftover.name, sizeof(leftover.name), "%s.old", place->name);
	found = lock_acquire(lock, deadline, reason);
	if (found == 0)
		found = open_and_merge(&leftover, result, reason);
	free(leftover.tallies);
	digest_end(&leftover.digester);
	free(leftover.piece);
	index_free(&leftover.old.index);
	index_free(&leftover.mailbox.index);
	lock_close(&leftover.old.lock);
	lock_close(lock);
	return found;
}
