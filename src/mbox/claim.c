/*
 * One POP3 session per mailbox: flock(2) on a file of our own, so that the
 * claim ends with its holder whatever kills it, and the mailbox itself stays
 * free for delivery during the session.
 *
 * Runs as root, before the session becomes the mailbox owner: the state
 * directory is nobody else's, so nobody can hold the claims of others.  The
 * session holds a descriptor that cannot write the lock file, which says whose
 * mailbox it guards.
 */
#include "config.h"

#include "mbox/private.h"
#include "support/clock.h"
#include "support/fileio.h"
#include "support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- claiming ----------------------------------------------------------- */

static int
open_journal(
    int state, const char *base, struct mbox_place *place, bool *is_new)
{
	if (place->journal[0] == -1)
		place->journal[0] =
		    claim_open_file(state, base, "j0", O_RDWR, is_new);
	if (place->journal[1] == -1)
		place->journal[1] =
		    claim_open_file(state, base, "j1", O_RDWR, is_new);
	return place->journal[0] == -1 || place->journal[1] == -1 ? -1 : 0;
}

static int
open_files(int state, const char *base, struct mbox_place *place, bool *is_new)
{
	int result = open_journal(state, base, place, is_new);
	bool is_cache_new; /* nothing is lost with it */

	place->ids = claim_open_file(state, base, "ids", O_RDWR, is_new);
	place->index =
	    claim_open_file(state, base, "index", O_RDWR, &is_cache_new);
	if (place->pause > 0)
		place->last =
		    claim_open_file(state, base, "last", O_RDWR, is_new);
	if (place->notes_answers)
		place->answered =
		    claim_open_file(state, base, "sent", O_RDWR, is_new);
	return result == -1 || place->ids == -1 ||
		(place->pause > 0 && place->last == -1) ||
		(place->notes_answers && place->answered == -1)
	    ? -1
	    : 0;
}

static void
close_file(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

static void
close_files(struct mbox_place *place)
{
	close_file(&place->journal[0]);
	close_file(&place->journal[1]);
	close_file(&place->ids);
	close_file(&place->index);
	close_file(&place->last);
	close_file(&place->answered);
}

/* A new file is only there after a crash if its directory is on disk.  On a
 * full disk a session does without: it can still read, and delete what needs no
 * journal. */
static int
prepare_files(int state, const char *base, struct mbox_place *place, int lock,
    bool is_new, struct mbox_reason *reason)
{
	if (open_files(state, base, place, &is_new) == 0 &&
	    claim_renew_label(state, base, place, lock) == 0 &&
	    (!is_new || !place->syncs || fileio_sync(state) == 0))
		return 0;
	if (error_is_full(errno) && !mbox_needs_recovery(place)) {
		close_files(place);
		return 0;
	}
	return reason_errno(
	    reason, place, "cannot make its journal in the state directory");
}

/* Nobody has to wait because a clock was set back. */
static int
check_pause(const struct mbox_place *place, struct mbox_reason *reason)
{
	struct stat last;
	time_t age;

	if (place->pause == 0 || fstat(place->last, &last) == -1 ||
	    last.st_size == 0)
		return 0;
	age = time(NULL) - last.st_mtime;
	if (age < 0 || age >= (time_t)place->pause)
		return 0;
	return reason_set(
	    reason, MBOX_TOO_SOON, place, 0, "opened again too soon");
}

/*
 * NFSv4 locks a file only for who can write it, and the label is not for that.
 * There both files of the journal are locked.  A host that the server has given
 * up, and that comes back, cannot write them any more: the system refuses it
 * where a lock was lost.
 */
static int
wait_for_journal(int state, const char *base, struct mbox_place *place,
    int64_t deadline, bool *is_new)
{
	if (open_journal(state, base, place, is_new) == -1 ||
	    claim_wait(state, base, place->journal[0], deadline) == -1 ||
	    claim_wait(state, base, place->journal[1], deadline) == -1)
		return -1;
	return fcntl(place->journal[0], F_DUPFD_CLOEXEC, 0);
}

/* Returns the descriptor that holds the claim, lock or another one. */
static int
take_claim(int state, const char *base, struct mbox_place *place, int lock,
    int64_t deadline, bool *is_new)
{
	if (claim_wait(state, base, lock, deadline) == 0)
		return lock;
	return errno == EBADF
	    ? wait_for_journal(state, base, place, deadline, is_new)
	    : -1;
}

static int
refuse(const struct mbox_place *place, struct mbox_reason *reason)
{
	return errno == EWOULDBLOCK
	    ? reason_set(reason, MBOX_BUSY, place, 0, "open in another session")
	    : reason_errno(reason, place, "session lock");
}

static int
claim_in(int state, struct mbox_place *place, int64_t deadline,
    struct mbox_reason *reason)
{
	char base[CLAIM_NAME_SIZE];
	bool is_new = false;
	int lock, claim, result;

	claim_name(place, base);
	lock = claim_open_file(state, base, "lock", O_RDONLY, &is_new);
	if (lock == -1 && error_is_full(errno))
		return fcntl(state, F_DUPFD_CLOEXEC, 0); /* holds nothing */
	if (lock == -1)
		return reason_errno(reason, place,
		    "cannot make a session lock in the state directory");
	claim = take_claim(state, base, place, lock, deadline, &is_new);
	if (claim == -1)
		result = refuse(place, reason);
	else
		result =
		    prepare_files(state, base, place, lock, is_new, reason);
	if (result == 0)
		result = check_pause(place, reason);
	if (claim != lock)
		close(lock);
	if (result == 0)
		return claim;
	mbox_unclaim(place, claim);
	return -1;
}

int
mbox_claim(const char *state, struct mbox_place *place, int64_t deadline,
    struct mbox_reason *reason)
{
	int directory = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int claim;

	place->journal[0] = place->journal[1] = place->ids = -1;
	place->index = place->last = place->answered = -1;
	if (directory == -1)
		return reason_errno(
		    reason, place, "cannot open the state directory");
	claim = claim_in(directory, place, deadline, reason);
	close(directory);
	return claim;
}

void
mbox_unclaim(struct mbox_place *place, int claim)
{
	close_files(place);
	close_file(&claim);
}

/* ---- what is left of crashes -------------------------------------------- */

/* Cuts ".j0" or ".j1" off the name of a journal. */
static bool
is_journal(const char *name, char base[CLAIM_NAME_SIZE])
{
	size_t length = strlen(name);

	if (length < 4 || length - 3 >= CLAIM_NAME_SIZE ||
	    (strcmp(name + length - 3, ".j0") != 0 &&
		strcmp(name + length - 3, ".j1") != 0))
		return false;
	return text_format(
	    base, CLAIM_NAME_SIZE, "%.*s", (int)(length - 3), name);
}

int
mbox_next_unfinished(DIR *state, struct mbox_place *place, bool *is_over)
{
	const struct dirent *entry;
	char base[CLAIM_NAME_SIZE];
	int used;

	*is_over = false;
	while (errno = 0, (entry = readdir(state)) != NULL) {
		if (!is_journal(entry->d_name, base))
			continue;
		used = claim_has_journal(dirfd(state), base);
		if (used == 1)
			used = claim_read_label(dirfd(state), base, place);
		if (used != 0)
			return used;
	}
	*is_over = true;
	return errno == 0 ? 0 : -1;
}

int
claim_look(const char *state, const struct mbox_place *place, struct stat *lock,
    bool *is_unfinished)
{
	char base[CLAIM_NAME_SIZE];
	char name[MBOX_NAME_SIZE];
	int directory = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result;

	*is_unfinished = false;
	if (directory == -1)
		return -1;
	claim_name(place, base);
	*is_unfinished = claim_has_journal(directory, base) == 1;
	text_format(name, sizeof(name), "%s.%s", base,
	    network_is_nfs(directory) ? "j0" : "lock");
	result = fstatat(directory, name, lock, AT_SYMLINK_NOFOLLOW);
	close(directory);
	return result;
}

bool
claim_is_elsewhere(const char *state, const struct mbox_place *place)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char base[CLAIM_NAME_SIZE];
	char path[2 * MBOX_PATH_SIZE];
	bool is_held;
	int fd;

	claim_name(place, base);
	text_format(path, sizeof(path), "%s/%s.j0", state, base);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return false;
	is_held = network_is_nfs(fd) && fcntl(fd, F_GETLK, &lock) == 0 &&
	    lock.l_type != F_UNLCK;
	close(fd);
	return is_held;
}
