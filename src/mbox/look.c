/*
 * A mailbox and its locks, for somebody who only wants to know.  Nothing is
 * locked, made or changed; no file is opened that is not a plain one.
 */
#include "config.h"

#include "mbox/private.h"
#include "support/fileio.h"
#include "support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

/* Enough for the first line, and empty lines before it. */
#define BEGINNING_SIZE 4096

/* ---- the file ----------------------------------------------------------- */

/* Fills status and fault; false if there is nothing to be read. */
static bool
examine(const struct lock *lock, struct mbox_view *view)
{
	const mode_t wanted = S_IRUSR | S_IWUSR;

	if (fstatat(lock->directory, lock->place->name, &view->status,
		AT_SYMLINK_NOFOLLOW) == -1) {
		view->error = errno == ENOENT ? 0 : errno;
		return false;
	}
	view->is_there = true;
	view->fault = fault_find(&view->status, lock->place);
	if (view->fault == MBOX_SOUND &&
	    (view->status.st_mode & wanted) != wanted)
		view->fault = MBOX_NOT_ACCESSIBLE;
	return S_ISREG(view->status.st_mode) && view->status.st_size > 0;
}

static bool
begin(struct lock *lock, const struct mbox_place *place, struct mbox_view *view)
{
	memset(view, 0, sizeof(*view));
	view->is_mbox = true;
	lock_init(lock, place, false);
	lock->directory =
	    open(place->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (lock->directory == -1) {
		view->error = errno == ENOENT ? 0 : errno;
		return false;
	}
	if (!examine(lock, view))
		return false;
	lock->fd = openat(lock->directory, place->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (lock->fd == -1)
		view->error = errno;
	return lock->fd != -1;
}

static void
read_beginning(struct lock *lock, struct mbox_view *view)
{
	char buffer[BEGINNING_SIZE];
	struct index index;
	struct scan scan;
	ssize_t n = fileio_read_at(lock->fd, buffer, sizeof(buffer), 0);

	scan_init(&scan, &index);
	if (n == -1 || scan_feed(&scan, buffer, (size_t)n) == -1 ||
	    ((size_t)n < sizeof(buffer) && scan_finish(&scan) == -1))
		view->error = errno;
	view->is_mbox = !index.is_foreign;
	index_free(&index);
}

void
mbox_look(const struct mbox_place *place, struct mbox_view *view)
{
	struct lock lock;

	if (begin(&lock, place, view))
		read_beginning(&lock, view);
	lock_close(&lock);
}

void
mbox_look_through(const struct mbox_place *place, struct mbox_view *view)
{
	struct mbox_reason reason;
	struct index index;
	struct lock lock;

	memset(&index, 0, sizeof(index));
	if (begin(&lock, place, view)) {
		if (scan_mailbox(&lock, &index, &reason) == -1)
			view->error = errno;
		view->is_mbox = !index.is_foreign;
		view->count = index.count;
	}
	index_free(&index);
	lock_close(&lock);
}

/* ---- its locks ---------------------------------------------------------- */

void
mbox_look_at_dotlock(const struct mbox_place *place, struct mbox_dotlock *found)
{
	struct dotlock lock = { .name = place->name };

	memset(found, 0, sizeof(*found));
	lock.directory =
	    open(place->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (lock.directory == -1)
		return;
	dotlock_look(&lock, time(NULL), found);
	close(lock.directory);
}

/* What /proc/locks calls a method: flock is FLOCK, and fcntl POSIX or
 * OFDLCK. */
static bool
is_method(const char *word, unsigned int methods)
{
	return (methods &
		   (strcmp(word, "FLOCK") == 0 ? MBOX_LOCK_FLOCK
					       : MBOX_LOCK_FCNTL)) != 0;
}

/* A line is "1: FLOCK ADVISORY WRITE 4711 08:01:123 0 EOF"; those who wait have
 * one word more.  No process, or a negative one, is one that is not to
 * be seen. */
static bool
is_lock_of(
    char *line, const struct stat *file, unsigned int methods, pid_t *process)
{
	char wanted[64];
	char *words[6];
	uint64_t number;

	text_format(wanted, sizeof(wanted), "%02x:%02x:%llu",
	    major(file->st_dev), minor(file->st_dev),
	    (unsigned long long)file->st_ino);
	if (!text_words(line, words, 6) || !is_method(words[1], methods) ||
	    strcmp(words[5], wanted) != 0)
		return false;
	*process = 0;
	if (text_to_number(words[4], INT32_MAX, &number))
		*process = (pid_t)number;
	return true;
}

static void
find_holder(
    const struct stat *file, unsigned int methods, struct mbox_holder *found)
{
	FILE *locks = fopen("/proc/locks", "re");
	char line[256];

	if (locks == NULL)
		return;
	while (!found->is_held && fgets(line, sizeof(line), locks) != NULL)
		found->is_held =
		    is_lock_of(line, file, methods, &found->process);
	fclose(locks);
}

void
mbox_look_at_file_locks(
    const struct mbox_place *place, struct mbox_holder *found)
{
	struct mbox_view view;
	struct lock lock;

	memset(found, 0, sizeof(*found));
	(void)begin(&lock, place, &view);
	lock_close(&lock);
	if (view.is_there)
		find_holder(&view.status, place->methods, found);
}

void
mbox_look_at_claim(const char *state, const struct mbox_place *place,
    struct mbox_holder *found, bool *is_unfinished)
{
	struct stat status;

	memset(found, 0, sizeof(*found));
	if (claim_look(state, place, &status, is_unfinished) == 0)
		find_holder(&status, MBOX_LOCK_FLOCK, found);
	if (!found->is_held)
		found->is_held = claim_is_elsewhere(state, place);
}
