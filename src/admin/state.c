/*
 * The directory in which the pages of a domain remember things.  It stands in
 * a directory of root and belongs to the user of the pages.
 */
#include "config.h"

#include "admin/private.h"
#include "support/text.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *
state_path(const struct plan *plan, char path[ADMIN_PATH_SIZE])
{
	if (!text_format(path, ADMIN_PATH_SIZE, "%s/%s",
		plan->admin->state_directory, plan->domain))
		text_copy(path, ADMIN_PATH_SIZE, "/nowhere");
	return path;
}

static void
describe(const struct plan *plan, const char *name, char out[ADMIN_LINE_SIZE])
{
	char path[ADMIN_PATH_SIZE];

	(void)name;
	text_format(out, ADMIN_LINE_SIZE,
	    "directory %s, mode 700, of the pages", state_path(plan, path));
}

static enum sight
look(const struct plan *plan, const char *name)
{
	char path[ADMIN_PATH_SIZE];
	struct stat status;

	(void)name;
	if (lstat(state_path(plan, path), &status) == -1)
		return errno == ENOENT ? SIGHT_ABSENT : SIGHT_UNKNOWN;
	if (!S_ISDIR(status.st_mode))
		return SIGHT_FOREIGN;
	return status.st_uid == plan->web_uid &&
		status.st_gid == plan->web_gid &&
		(status.st_mode & 07777) == 0700
	    ? SIGHT_DONE
	    : SIGHT_CHANGED;
}

/* As whom it belongs to now. */
static int
empty_state(const char *path)
{
	char copy[ADMIN_PATH_SIZE];
	struct stat status;
	int error;

	if (lstat(path, &status) == -1)
		return -1;
	text_copy(copy, sizeof(copy), path);
	error = on_behalf(status.st_uid, status.st_gid, empty, copy);
	if (error > 0)
		errno = error;
	return error == 0 ? 0 : -1;
}

/* Of another user before, it has what nobody needs now. */
static int
make(const struct plan *plan, const char *name)
{
	char path[ADMIN_PATH_SIZE];

	(void)name;
	if (mkdir(state_path(plan, path), 0700) == -1 &&
	    (errno != EEXIST || empty_state(path) == -1))
		return -1;
	if (chmod(path, 0700) == -1)
		return -1;
	return lchown(path, plan->web_uid, plan->web_gid);
}

static int
undo(const struct plan *plan, const char *name)
{
	char path[ADMIN_PATH_SIZE];

	(void)name;
	return empty_state(state_path(plan, path)) == -1 ? -1 : rmdir(path);
}

const struct step step_state = { "state", describe, look, make, undo,
	"look at it, and remove it by hand", false };
