/*
 * The directories of a domain.  They stand in directories of root, where nobody
 * else decides what a name means.
 */
#include "config.h"

#include "admin/private.h"
#include "support/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- /etc/virtual and /var/spool/virtual -------------------------------- */

static const char *
top_path(const struct plan *plan, const char *name)
{
	if (strcmp(name, "state") == 0)
		return plan->admin->state_directory;
	return strcmp(name, "spool") == 0 ? plan->admin->virtual_spool
					  : plan->admin->virtual_directory;
}

static void
describe_top(
    const struct plan *plan, const char *name, char out[ADMIN_LINE_SIZE])
{
	text_format(out, ADMIN_LINE_SIZE, "directory %s, mode 755",
	    top_path(plan, name));
}

static enum sight
look_top(const struct plan *plan, const char *name)
{
	struct stat status;

	if (stat(top_path(plan, name), &status) == -1)
		return errno == ENOENT ? SIGHT_ABSENT : SIGHT_UNKNOWN;
	return S_ISDIR(status.st_mode) ? SIGHT_DONE : SIGHT_FOREIGN;
}

/* mkdir(2) with exactly this mode, whatever the umask is. */
static int
make_directory(const char *path, mode_t mode)
{
	if (mkdir(path, mode) == -1 && errno != EEXIST)
		return -1;
	return chmod(path, mode);
}

static int
make_top(const struct plan *plan, const char *name)
{
	char path[ACCOUNT_PATH_SIZE];
	char *slash;

	/* Of an image, the directories above may not be there yet. */
	text_copy(path, sizeof(path), top_path(plan, name));
	for (slash = strchr(path + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) == -1 && errno != EEXIST)
			return -1;
		*slash = '/';
	}
	return make_directory(path, 0755);
}

const struct step step_virtual_top = { "etc", describe_top, look_top, make_top,
	NULL, "make it a directory", false };
const struct step step_spool_top = { "spool", describe_top, look_top, make_top,
	NULL, "make it a directory", false };

const struct step step_state_top = { "state", describe_top, look_top, make_top,
	NULL, "make it a directory", false };

/* ---- those of the domain ------------------------------------------------ */

static bool
is_spool(const char *name)
{
	return strcmp(name, "spool") == 0;
}

static const char *
place_path(
    const struct plan *plan, const char *name, char path[ADMIN_PATH_SIZE])
{
	if (!text_format(path, ADMIN_PATH_SIZE, "%s/%s", top_path(plan, name),
		plan->domain))
		text_copy(path, ADMIN_PATH_SIZE, "/nowhere");
	return path;
}

static void
describe_place(
    const struct plan *plan, const char *name, char out[ADMIN_LINE_SIZE])
{
	char path[ADMIN_PATH_SIZE];

	text_format(out, ADMIN_LINE_SIZE, "directory %s, owner %s, mode %s",
	    place_path(plan, name, path), plan->owner,
	    is_spool(name) ? "700" : "755");
}

static bool
has_passwd(const char *directory)
{
	char path[ADMIN_PATH_SIZE + sizeof("/passwd")];
	struct stat status;

	snprintf(path, sizeof(path), "%s/passwd", directory);
	return lstat(path, &status) == 0 || errno != ENOENT;
}

/* One of root without passwd file was left by a command that was cut off,
 * between two system calls. */
static enum sight
look_place(const struct plan *plan, const char *name)
{
	char path[ADMIN_PATH_SIZE];
	struct stat status;

	if (lstat(place_path(plan, name, path), &status) == -1)
		return errno == ENOENT ? SIGHT_ABSENT : SIGHT_UNKNOWN;
	if (!S_ISDIR(status.st_mode))
		return SIGHT_FOREIGN;
	if (status.st_uid == plan->uid &&
	    (status.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return SIGHT_DONE;
	return status.st_uid == 0 && !has_passwd(path) ? SIGHT_ABSENT
						       : SIGHT_FOREIGN;
}

static int
make_place(const struct plan *plan, const char *name)
{
	char path[ADMIN_PATH_SIZE];

	if (make_directory(place_path(plan, name, path),
		is_spool(name) ? 0700 : 0755) == -1)
		return -1;
	return lchown(path, plan->uid, plan->gid);
}

static int
undo_directory(const struct plan *plan, const char *name)
{
	char path[ADMIN_PATH_SIZE];

	return rmdir(place_path(plan, name, path));
}

const struct step step_directory = { "etc", describe_place, look_place,
	make_place, undo_directory,
	"it was not made by virtdomain for this owner; see virtdomain(8), "
	"Domains of others",
	false };

/* ---- mailboxes that go -------------------------------------------------- */

int
empty(void *argument)
{
	DIR *directory = opendir(argument);
	const struct dirent *entry;
	int error = 0;

	if (directory == NULL)
		return errno;
	while ((entry = readdir(directory)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    unlinkat(dirfd(directory), entry->d_name, 0) == -1)
			error = errno;
	closedir(directory);
	return error;
}

static int
put_aside(const struct plan *plan, const char *path)
{
	char aside[2 * ADMIN_PATH_SIZE];

	snprintf(
	    aside, sizeof(aside), "%s/.deleted", plan->admin->virtual_spool);
	if (make_directory(aside, 0700) == -1)
		return -1;
	snprintf(aside, sizeof(aside), "%s/.deleted/%s-%lld",
	    plan->admin->virtual_spool, plan->domain, (long long)time(NULL));
	if (rename(path, aside) == -1)
		return -1;
	printf("kept mail in %s\n", aside);
	return 0;
}

static int
undo_spool(const struct plan *plan, const char *name)
{
	char path[ADMIN_PATH_SIZE];
	int error;

	place_path(plan, name, path);
	if (plan->admin->purges) {
		error = on_behalf(plan->uid, plan->gid, empty, path);
		if (error > 0)
			errno = error;
		if (error != 0)
			return -1;
	}
	if (rmdir(path) == 0)
		return 0;
	return errno == ENOTEMPTY || errno == EEXIST ? put_aside(plan, path)
						     : -1;
}

static bool
has_files(const char *path)
{
	DIR *directory = opendir(path);
	size_t count = 0;

	if (directory == NULL)
		return false;
	while (count < 3 && readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count == 3;
}

static void
describe_spool(
    const struct plan *plan, const char *name, char out[ADMIN_LINE_SIZE])
{
	char path[ADMIN_PATH_SIZE], place[ADMIN_LINE_SIZE];

	describe_place(plan, name, place);
	text_format(out, ADMIN_LINE_SIZE, "%s%s", place,
	    !has_files(place_path(plan, name, path)) ? ""
		: plan->admin->purges		     ? ", with its mail"
						     : "; its mail is kept");
}

const struct step step_spool = { "spool", describe_spool, look_place,
	make_place, undo_spool,
	"if it is to be the directory of this domain, chown it to the owner "
	"and chmod it to 700",
	false };
