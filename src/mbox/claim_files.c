/*
 * The files of a claim in the state directory: their names, and the label.
 *
 * Runs as root, like claim.c.  The lock file says whose mailbox it guards.  It
 * is only ever written here, so it can be believed when root finishes an update
 * after a crash; the journal, which the session writes, cannot.
 */
#include "config.h"

#include "mbox/private.h"
#include "support/fileio.h"
#include "support/md5.h"
#include "support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* What the lock file says: path, uid, gid, whether a dotlock is needed. */
#define LABEL_SIZE (MBOX_PATH_SIZE + MBOX_NAME_SIZE + 64)

/* ---- names -------------------------------------------------------------- */

static void
digest_name(const char *path, char base[CLAIM_NAME_SIZE])
{
	unsigned char digest[MD5_LENGTH];
	char hex[2 * MD5_LENGTH + 1];
	struct md5 md5;

	md5_init(&md5);
	md5_update(&md5, path, strlen(path));
	md5_final(&md5, digest);
	md5_hex(digest, hex);
	text_copy(base, CLAIM_NAME_SIZE, hex);
}

void
claim_name(const struct mbox_place *place, char base[CLAIM_NAME_SIZE])
{
	char path[MBOX_PATH_SIZE + MBOX_NAME_SIZE];
	char *p;

	text_format(path, sizeof(path), "%s/%s", place->directory, place->name);
	if (strchr(path, '%') != NULL ||
	    !text_copy(base, CLAIM_NAME_SIZE, path)) {
		digest_name(path, base);
		return;
	}
	for (p = base; *p != '\0'; p++)
		if (*p == '/')
			*p = '%';
}

int
claim_open_file(
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
	int fd = claim_open_file(state, base, "lock", O_WRONLY, &is_new);
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

int
claim_renew_label(
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

int
claim_read_label(int state, const char *base, struct mbox_place *place)
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
