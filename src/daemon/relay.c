/*
 * Writing the relay file.  Runs as root, for every login.
 *
 * The file is never changed: a new one is written beside it and renamed over
 * it, so that whoever reads it sees whole lines, and a crash at any moment
 * leaves the old one or the new one.  Who holds flock(2) on the file that the
 * path names may do that; who has waited for a file that is not there any more
 * begins again.
 */
#include "config.h"

#include "daemon/relay.h"
#include "support/clock.h"
#include "support/fileio.h"
#include "support/often.h"
#include "support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MOST_OCTETS ((size_t)1024 * 1024) /* the oldest lines go first */
#define LINE_SIZE   512
#define PATIENCE    100 /* ms */
#define TRY_EVERY   5
#define NAME_SIZE   250

struct relay {
	int directory;
	char name[NAME_SIZE];	      /* of the file in it */
	char new_name[NAME_SIZE + 5]; /* of the one to come */
	int fd;			      /* the file, locked */
	struct stat status;	      /* of it */
	char *text;		      /* what is to be in it */
	size_t length;
	const char *fault;
};

static int
fail(struct relay *relay, const char *fault)
{
	relay->fault = fault;
	return -1;
}

/* ---- opening ------------------------------------------------------------ */

static bool
is_ours(const struct stat *status)
{
	return (status->st_uid == 0 || status->st_uid == geteuid()) &&
	    (status->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Nobody else can put anything into the directory, so names in it are safe. */
static int
open_directory(struct relay *relay, const char *path)
{
	const char *slash = strrchr(path, '/');
	char directory[1024];
	struct stat status;

	if (!text_copy(relay->name, sizeof(relay->name), slash + 1) ||
	    relay->name[0] == '\0' ||
	    !text_format(relay->new_name, sizeof(relay->new_name), "%s.new",
		relay->name) ||
	    !text_format(directory, sizeof(directory), "%.*s/",
		(int)(slash - path), path)) {
		errno = 0;
		return fail(relay, "is no name for a file");
	}
	relay->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (relay->directory == -1 || fstat(relay->directory, &status) == -1)
		return fail(relay, "its directory cannot be opened");
	errno = 0;
	return is_ours(&status) ? 0
				: fail(relay,
				      "its directory must belong to "
				      "root and be closed to others");
}

/* A new file has the group of its directory, which may read it. */
static int
make_file(struct relay *relay)
{
	struct stat status;
	int fd = openat(relay->directory, relay->name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd == -1)
		return -1;
	if (fstat(relay->directory, &status) == -1 ||
	    (geteuid() == 0 && fchown(fd, (uid_t)-1, status.st_gid) == -1) ||
	    fchmod(fd, 0640) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

static int
open_file(struct relay *relay)
{
	int fd = openat(relay->directory, relay->name,
	    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd == -1 && errno == ENOENT)
		fd = make_file(relay);
	relay->fd = fd;
	if (fd == -1 || fstat(fd, &relay->status) == -1)
		return fail(relay, "cannot be opened");
	errno = 0;
	if (!S_ISREG(relay->status.st_mode))
		return fail(relay, "is not a regular file");
	return is_ours(&relay->status)
	    ? 0
	    : fail(relay, "must belong to root and be closed to others");
}

static void
close_file(struct relay *relay)
{
	if (relay->fd != -1)
		close(relay->fd);
	relay->fd = -1;
}

static bool
is_still_there(const struct relay *relay)
{
	struct stat named;

	return fstatat(relay->directory, relay->name, &named,
		   AT_SYMLINK_NOFOLLOW) == 0 &&
	    named.st_ino == relay->status.st_ino &&
	    named.st_dev == relay->status.st_dev;
}

/* Opens the file and locks it, until the clock_now() moment deadline. */
static int
acquire(struct relay *relay, int64_t deadline)
{
	for (;;) {
		if (open_file(relay) == -1 && errno != EEXIST)
			return -1;
		if (relay->fd != -1 &&
		    flock(relay->fd, LOCK_EX | LOCK_NB) == 0 &&
		    is_still_there(relay))
			return fstat(relay->fd, &relay->status);
		close_file(relay);
		errno = 0;
		if (clock_now() >= deadline)
			return fail(relay, "is locked by others for too long");
		clock_sleep_until(clock_now() + TRY_EVERY);
	}
}

/* ---- lines -------------------------------------------------------------- */

/* Whether a line, without its end, stays: one of another address that is not
 * too old.  What is no line of ours does not. */
static bool
stays(const char *line, size_t length, const char *address, int64_t now)
{
	char copy[LINE_SIZE];
	const char *found, *seconds;
	char *rest = copy;
	uint64_t since;

	if (length >= sizeof(copy) || memchr(line, '\0', length) != NULL)
		return false;
	memcpy(copy, line, length);
	copy[length] = '\0';
	found = text_field(&rest, ' ');
	seconds = text_field(&rest, ' ');
	return rest != NULL && rest[0] != '\0' &&
	    text_to_number(seconds, INT64_MAX, &since) &&
	    (int64_t)since <= now + RELAY_SLACK &&
	    (int64_t)since >= now - RELAY_AGE && strcmp(found, address) != 0;
}

/* Moves the lines that stay together; the rest of a torn one does not. */
static void
prune(struct relay *relay, const char *address, int64_t now)
{
	const char *line = relay->text;
	const char *end = relay->text + relay->length;
	const char *newline;

	relay->length = 0;
	while ((newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		size_t length = (size_t)(newline - line);

		if (stays(line, length, address, now)) {
			memmove(relay->text + relay->length, line, length + 1);
			relay->length += length + 1;
		}
		line = newline + 1;
	}
}

/* What does not fit is old: the latest lines are the last. */
static int
read_lines(struct relay *relay)
{
	off_t from = relay->status.st_size - (off_t)MOST_OCTETS;
	ssize_t length;

	relay->text = malloc(MOST_OCTETS + LINE_SIZE);
	if (relay->text == NULL)
		return fail(relay, "no memory");
	length = fileio_read_at(
	    relay->fd, relay->text, MOST_OCTETS, from > 0 ? from : 0);
	if (length == -1)
		return fail(relay, "cannot be read");
	relay->length = (size_t)length;
	return 0;
}

static int
add_line(
    struct relay *relay, const char *address, int64_t now, const char *user)
{
	int length = snprintf(relay->text + relay->length, LINE_SIZE,
	    "%s %lld %s\n", address, (long long)now, user);

	errno = 0;
	if (length < 0 || length >= LINE_SIZE)
		return fail(relay, "a line would be too long");
	relay->length += (size_t)length;
	return 0;
}

/* ---- the new file ------------------------------------------------------- */

static int
fill(struct relay *relay, int fd)
{
	int result = 0;

	if (geteuid() == 0)
		result = fchown(fd, relay->status.st_uid, relay->status.st_gid);
	if (result == 0)
		result = fchmod(fd, relay->status.st_mode & 0644);
	if (result == 0)
		result = fileio_write(fd, relay->text, relay->length);
	if (close(fd) == -1)
		result = -1;
	return result;
}

/* After a power cut the file may be empty: those who were in it log in again.
 */
static int
replace(struct relay *relay)
{
	int fd, error;

	(void)unlinkat(relay->directory, relay->new_name, 0);
	fd = openat(relay->directory, relay->new_name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return fail(relay, "cannot be written");
	if (fill(relay, fd) == 0 &&
	    renameat(relay->directory, relay->new_name, relay->directory,
		relay->name) == 0)
		return 0;
	error = errno;
	(void)unlinkat(relay->directory, relay->new_name, 0);
	errno = error;
	return fail(relay, "cannot be written");
}

static int
note(struct relay *relay, const char *path, const char *address,
    const char *user)
{
	int64_t now = time(NULL);

	if (open_directory(relay, path) == -1 ||
	    acquire(relay, clock_now() + PATIENCE) == -1 ||
	    read_lines(relay) == -1)
		return -1;
	prune(relay, address, now);
	if (add_line(relay, address, now, user) == -1)
		return -1;
	return replace(relay);
}

void
relay_note(const char *path, const struct address *address, const char *user)
{
	struct relay relay = { .directory = -1, .fd = -1 };
	struct source source = address_source(address);
	char text[ADDRESS_TEXT_SIZE];

	if (path == NULL || source.family == 0)
		return;
	address_text(address, text);
	if (note(&relay, path, text, user) == -1)
		often_log(LOG_WARNING, "%s: %s%s%s; a login is not noted there",
		    path, relay.fault, errno == 0 ? "" : ": ",
		    errno == 0 ? "" : strerror(errno));
	free(relay.text);
	close_file(&relay);
	if (relay.directory != -1)
		close(relay.directory);
}
