/*
 * One POP3 session per mailbox: flock(2) on a file of our own, so that the
 * claim ends with its holder whatever kills it, and the mailbox itself stays
 * free for delivery during the session.
 *
 * Runs as root, before the session becomes the mailbox owner: the state
 * directory is nobody else's, so nobody can hold the claims of others.
 */
#include "config.h"

#include "mbox/private.h"
#include "support/clock.h"
#include "support/md5.h"
#include "support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define TRY_EVERY 50 /* ms */

/* The path with each slash as a percent sign, which no name of ours has in it;
 * its digest where that would be too long for a file name. */
static void
claim_name(const struct mbox_place *place, char name[MBOX_NAME_SIZE])
{
	char path[MBOX_PATH_SIZE + MBOX_NAME_SIZE];
	unsigned char digest[MD5_LENGTH];
	char hex[2 * MD5_LENGTH + 1];
	struct md5 md5;
	char *p;

	text_format(path, sizeof(path), "%s/%s", place->directory, place->name);
	for (p = path; *p != '\0'; p++)
		if (*p == '/')
			*p = '%';
	if (text_format(name, MBOX_NAME_SIZE, "%s.lock", path))
		return;
	md5_init(&md5);
	md5_update(&md5, path, strlen(path));
	md5_final(&md5, digest);
	md5_hex(digest, hex);
	text_format(name, MBOX_NAME_SIZE, "%s.lock", hex);
}

static int
open_claim(const char *state, const struct mbox_place *place)
{
	char name[MBOX_NAME_SIZE];
	int directory = open(state, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd, error;

	if (directory == -1)
		return -1;
	claim_name(place, name);
	fd = openat(
	    directory, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	error = errno;
	close(directory);
	errno = error;
	return fd;
}

int
mbox_claim(const char *state, const struct mbox_place *place, int64_t deadline,
    struct mbox_reason *reason)
{
	int fd = open_claim(state, place);

	if (fd == -1)
		return reason_errno(reason, place,
		    "cannot make a session lock in the state directory");
	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		bool is_busy = errno == EWOULDBLOCK;

		if (!is_busy || clock_now() >= deadline) {
			reason_errno(reason, place, "session lock");
			close(fd);
			if (is_busy)
				reason_set(reason, MBOX_BUSY, place, 0,
				    "open in another session");
			return -1;
		}
		clock_sleep_until(clock_now() + TRY_EVERY);
	}
	return fd;
}
