/*
 * The two journal files: the steps of an update are written to them in turn,
 * so one of them always describes the mailbox.
 *
 * The files belong to root; the process that writes them is the mailbox owner
 * and got the descriptors while it was root.  So what is read from them is not
 * trusted more than the owner is.
 */
#include "config.h"

#include "mbox/journal.h"
#include "support/fileio.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int
file_of(const struct mbox_place *place, uint64_t generation)
{
	return place->journal[generation % 2];
}

static int
sync_file(const struct mbox_place *place, int fd)
{
	return place->syncs ? fileio_sync(fd) : 0;
}

static int
empty(const struct mbox_place *place, int fd)
{
	struct stat status;

	if (fstat(fd, &status) == -1)
		return -1;
	if (status.st_size == 0)
		return 0;
	return ftruncate(fd, 0) == -1 ? -1 : sync_file(place, fd);
}

static int
lengthen(int fd, off_t length)
{
	static const char zeros[64 * 1024];
	struct stat status;
	off_t at;

	if (fstat(fd, &status) == -1)
		return -1;
	for (at = status.st_size; at < length; at += (off_t)sizeof(zeros)) {
		off_t left = length - at;
		size_t piece =
		    left < (off_t)sizeof(zeros) ? (size_t)left : sizeof(zeros);

		if (fileio_write_at(fd, zeros, piece, at) == -1)
			return -1;
	}
	return fileio_sync(fd);
}

/* NFS 4.2 asks again who we are: not root any more.  Only writing needs no
 * more than the descriptor there. */
static int
reserve(int fd, off_t length)
{
	int error = fd == -1 ? ENOSPC : posix_fallocate(fd, 0, length);

	if (error == EACCES)
		return lengthen(fd, length);
	errno = error;
	return error == 0 ? 0 : -1;
}

int
journal_reserve(const struct mbox_place *place, off_t length)
{
	if (reserve(place->journal[0], length) == -1)
		return -1;
	return reserve(place->journal[1], length);
}

/* A record that was not written to its end does not check.  One that was, but
 * could not be synced, may be found after a crash, unless it is wiped out. */
enum journal_result
journal_write(const struct mbox_place *place, const struct step *step)
{
	int fd = file_of(place, step->generation);
	int error;

	if (record_write(fd, step) == -1) {
		error = errno;
		(void)empty(place, fd);
		errno = error;
		return JOURNAL_REFUSED;
	}
	if (sync_file(place, fd) == 0)
		return JOURNAL_WRITTEN;
	error = errno;
	if (empty(place, fd) == -1)
		return JOURNAL_UNKNOWN;
	errno = error;
	return JOURNAL_REFUSED;
}

int
journal_mark_copied(const struct mbox_place *place, const struct step *step)
{
	int fd = file_of(place, step->generation);

	return record_mark(fd, step) == -1 ? -1 : sync_file(place, fd);
}

int
journal_clear(const struct mbox_place *place, uint64_t generation)
{
	if (empty(place, file_of(place, generation + 1)) == -1)
		return -1;
	return empty(place, file_of(place, generation));
}

bool
journal_is_used(const struct mbox_place *place)
{
	struct stat status;
	int i;

	for (i = 0; i < 2; i++)
		if (place->journal[i] != -1 &&
		    (fstat(place->journal[i], &status) == -1 ||
			status.st_size > 0))
			return true;
	return false;
}

int
journal_read(const struct mbox_place *place, struct step *step)
{
	struct step other;
	int found = record_read(place->journal[0], step);
	int found_other;

	if (found == -1)
		return -1;
	found_other = record_read(place->journal[1], &other);
	if (found_other == -1) {
		if (found == 1)
			step_free(step);
		return -1;
	}
	if (found == 0 ||
	    (found_other == 1 && other.generation > step->generation)) {
		if (found == 1)
			step_free(step);
		*step = other;
		return found_other;
	}
	if (found_other == 1)
		step_free(&other);
	return 1;
}
