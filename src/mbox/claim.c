/*
 * One POP3 session per mailbox: flock(2) on a file of our own, so that the
 * claim ends with its holder whatever kills it, and the mailbox itself stays
 * free for delivery during the session.
 *
 * Runs as root, before the session becomes the mailbox owner: the state
 * directory is nobody else's, so nobody can hold the claims of others.  The
 * lock file says whose mailbox it guards.  It is only ever written here, and
 * the session holds a descriptor that cannot write it, so it can be believed
 * when root finishes an update after a crash; the journal, which the session
 * writes, cannot.
 */
#include "config.h"

#include "mbox/private.h"
#include "support/clock.h"
#include "support/fileio.h"
#include "support/md5.h"
#include "support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A file name without suffix. */
#define BASE_SIZE (MBOX_NAME_SIZE - 8)

/* What the lock file says: path, uid, gid, whether a dotlock is needed. */
#define LABEL_SIZE (MBOX_PATH_SIZE + MBOX_NAME_SIZE + 64)

/* ---- names -------------------------------------------------------------- */

static void
digest_name(const char *path, char base[BASE_SIZE])
{
	unsigned char digest[MD5_LENGTH];
	char hex[2 * MD5_LENGTH + 1];
	struct md5 md5;

	md5_init(&md5);
	md5_update(&md5, path, strlen(path));
	md5_final(&md5, digest);
	md5_hex(digest, hex);
	text_copy(base, BASE_SIZE, hex);
}

/* The path with each slash as a percent sign; its digest where that would be
 * too long for a file name, or could be another mailbox's too. */
static void
base_name(const struct mbox_place *place, char base[BASE_SIZE])
{
	char path[MBOX_PATH_SIZE + MBOX_NAME_SIZE];
	char *p;

	text_format(path, sizeof(path), "%s/%s", place->directory, place->name);
	if (strchr(path, '%') != NULL || !text_copy(base, BASE_SIZE, path)) {
		digest_name(path, base);
		return;
	}
	for (p = base; *p != '\0'; p++)
		if (*p == '/')
			*p = '%';
}

/* Opens BASE.SUFFIX.  *is_new tells that it was made. */
static int
open_file(
    int state, const char *base, const char *suffix, int flags, bool *is_new)
{
	char name[MBOX_NAME_SIZE];
	int fd;

	text_format(name, sizeof(name), "%s.%s", base, suffix);
	flags |= O_NOFOLLOW | O_CLOEXEC;
	fd = openat(state, name, flags);
	if (fd == -1 && error_is_full(errno))
		errno = EIO; /* it is there: no full disk excuses this */
	if (fd != -1 || errno != ENOENT)
		return fd;
	*is_new = true;
	return openat(state, name, flags | O_CREAT, 0600);
}

/* ---- the label ---------------------------------------------------------- */

static int
write_label(int state, const char *base, const char *label)
{
	bool is_new = false;
	int fd = open_file(state, base, "lock", O_WRONLY, &is_new);
	int result;

	if (fd == -1)
		return -1;
	result = ftruncate(fd, 0);
	if (result == 0)
		result = fileio_write(fd, label, strlen(label));
	if (result == 0)
		result = fileio_sync(fd);
	close(fd);
	return result;
}

/* Writes the label where it is missing or says something else. */
static int
renew_label(
    int state, const char *base, const struct mbox_place *place, int lock)
{
	char label[LABEL_SIZE], found[LABEL_SIZE];
	ssize_t length;

	text_format(label, sizeof(label), "%s/%s\n%u %u %d\n", place->directory,
	    place->name, (unsigned int)place->owner, (unsigned int)place->group,
	    place->needs_dotlock);
	length = fileio_read_at(lock, found, sizeof(found), 0);
	if (length >= 0 && (size_t)length == strlen(label) &&
	    memcmp(label, found, (size_t)length) == 0)
		return 0;
	return write_label(state, base, label);
}

static bool
parse_ids(char *text, struct mbox_place *place)
{
	uint64_t owner, group, needs_dotlock;
	const char *fields[3];
	size_t i;

	for (i = 0; i < 3; i++)
		if ((fields[i] = text_field(&text, ' ')) == NULL)
			return false;
	if (!text_to_number(fields[0], UINT32_MAX - 1, &owner) ||
	    !text_to_number(fields[1], UINT32_MAX - 1, &group) ||
	    !text_to_number(fields[2], 1, &needs_dotlock))
		return false;
	place->owner = (uid_t)owner;
	place->group = (gid_t)group;
	place->needs_dotlock = needs_dotlock != 0;
	return owner != 0;
}

static bool
parse_label(char *label, struct mbox_place *place)
{
	const char *path = text_field(&label, '\n');
	char *ids = text_field(&label, '\n');
	const char *slash = path == NULL ? NULL : strrchr(path, '/');

	if (slash == NULL || ids == NULL ||
	    !text_format(place->directory, sizeof(place->directory), "%.*s",
		(int)(slash - path), path) ||
	    !text_copy(place->name, sizeof(place->name), slash + 1))
		return false;
	return parse_ids(ids, place);
}

/* 1, 0 if there is none, or -1 with errno. */
static int
read_label(int state, const char *base, struct mbox_place *place)
{
	char name[MBOX_NAME_SIZE + 8];
	char label[LABEL_SIZE];
	ssize_t length;
	int fd;

	text_format(name, sizeof(name), "%s.lock", base);
	fd = openat(state, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	length = fileio_read_at(fd, label, sizeof(label) - 1, 0);
	close(fd);
	if (length == -1)
		return -1;
	label[length] = '\0';
	return parse_label(label, place);
}

/* ---- claiming ----------------------------------------------------------- */

static int
open_files(int state, const char *base, struct mbox_place *place, bool *is_new)
{
	bool is_cache_new; /* nothing is lost with it */

	place->journal[0] = open_file(state, base, "j0", O_RDWR, is_new);
	place->journal[1] = open_file(state, base, "j1", O_RDWR, is_new);
	place->ids = open_file(state, base, "ids", O_RDWR, is_new);
	place->index = open_file(state, base, "index", O_RDWR, &is_cache_new);
	if (place->pause > 0)
		place->last = open_file(state, base, "last", O_RDWR, is_new);
	if (place->notes_answers)
		place->answered =
		    open_file(state, base, "sent", O_RDWR, is_new);
	return place->journal[0] == -1 || place->journal[1] == -1 ||
		place->ids == -1 || (place->pause > 0 && place->last == -1) ||
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
	    renew_label(state, base, place, lock) == 0 &&
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

static int
claim_in(int state, struct mbox_place *place, int64_t deadline,
    struct mbox_reason *reason)
{
	char base[BASE_SIZE];
	bool is_new = false;
	int lock;

	base_name(place, base);
	lock = open_file(state, base, "lock", O_RDONLY, &is_new);
	if (lock == -1 && error_is_full(errno))
		return fcntl(state, F_DUPFD_CLOEXEC, 0); /* holds nothing */
	if (lock == -1)
		return reason_errno(reason, place,
		    "cannot make a session lock in the state directory");
	if (claim_wait(state, base, place, lock, deadline, reason) == 0 &&
	    prepare_files(state, base, place, lock, is_new, reason) == 0 &&
	    check_pause(place, reason) == 0)
		return lock;
	mbox_unclaim(place, lock);
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
is_journal(const char *name, char base[BASE_SIZE])
{
	size_t length = strlen(name);

	if (length < 4 || length - 3 >= BASE_SIZE ||
	    (strcmp(name + length - 3, ".j0") != 0 &&
		strcmp(name + length - 3, ".j1") != 0))
		return false;
	return text_format(base, BASE_SIZE, "%.*s", (int)(length - 3), name);
}

int
mbox_next_unfinished(DIR *state, struct mbox_place *place, bool *is_over)
{
	const struct dirent *entry;
	char base[BASE_SIZE];
	int used;

	*is_over = false;
	while (errno = 0, (entry = readdir(state)) != NULL) {
		if (!is_journal(entry->d_name, base))
			continue;
		used = claim_has_journal(dirfd(state), base);
		if (used == 1)
			used = read_label(dirfd(state), base, place);
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
	char base[BASE_SIZE];
	char name[MBOX_NAME_SIZE];
	int directory = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result;

	*is_unfinished = false;
	if (directory == -1)
		return -1;
	base_name(place, base);
	*is_unfinished = claim_has_journal(directory, base) == 1;
	text_format(name, sizeof(name), "%s.lock", base);
	result = fstatat(directory, name, lock, AT_SYMLINK_NOFOLLOW);
	close(directory);
	return result;
}
