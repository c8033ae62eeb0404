/*
 * The .forward files in the owner's home, for the recipe.  They are read,
 * written and removed with his rights alone: his links lead nobody but him.
 */
#include "config.h"

#include "admin/private.h"
#include "support/fileio.h"
#include "support/rewrite.h"
#include "support/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is done on behalf of the owner. */
struct errand {
	char path[2 * ADMIN_PATH_SIZE];
	char text[ADMIN_LINE_SIZE];
};

static bool
prepare(const struct plan *plan, const char *name, struct errand *errand)
{
	bool is_master = strcmp(name, ".forward") != 0;

	return text_format(errand->path, sizeof(errand->path), "%s/%s%s",
		   plan->home, name, is_master ? plan->domain : "") &&
	    text_format(errand->text, sizeof(errand->text), "\"|%s\"\n",
		plan->admin->delivery);
}

static void
describe(const struct plan *plan, const char *name, char out[ADMIN_LINE_SIZE])
{
	struct errand errand;

	if (!prepare(plan, name, &errand))
		text_copy(errand.path, sizeof(errand.path), name);
	if (!text_format(out, ADMIN_LINE_SIZE, "%s, which starts %s",
		errand.path, plan->admin->delivery))
		text_copy(out, ADMIN_LINE_SIZE, name);
}

/* ---- looking ------------------------------------------------------------ */

/* A sight; as the owner. */
static int
compare(void *argument)
{
	const struct errand *errand = argument;
	char text[ADMIN_LINE_SIZE];
	struct stat status;
	ssize_t length;
	int fd = open(errand->path,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd == -1)
		return errno == ENOENT ? SIGHT_ABSENT : SIGHT_FOREIGN;
	length = -1;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		length = fileio_read(fd, text, sizeof(text));
	close(fd);
	return length == (ssize_t)strlen(errand->text) &&
		memcmp(text, errand->text, (size_t)length) == 0
	    ? SIGHT_DONE
	    : SIGHT_FOREIGN;
}

static enum sight
look(const struct plan *plan, const char *name)
{
	struct errand errand;
	struct stat status;
	int sight;

	errno = ENAMETOOLONG;
	if (!prepare(plan, name, &errand) || stat(plan->home, &status) == -1)
		return SIGHT_UNKNOWN;
	sight = on_behalf(plan->uid, plan->gid, compare, &errand);
	return sight < 0 || sight > SIGHT_UNKNOWN ? SIGHT_UNKNOWN
						  : (enum sight)sight;
}

/* ---- writing ------------------------------------------------------------ */

static int
write_file(void *argument)
{
	const struct errand *errand = argument;

	return rewrite_make(errand->path, 0600, errand->text) == 0 ? 0 : errno;
}

static int
remove_file(void *argument)
{
	const struct errand *errand = argument;

	return unlink(errand->path) == 0 ? 0 : errno;
}

static int
run(const struct plan *plan, const char *name, int (*work)(void *))
{
	struct errand errand;
	int error;

	errno = ENAMETOOLONG;
	if (!prepare(plan, name, &errand))
		return -1;
	error = on_behalf(plan->uid, plan->gid, work, &errand);
	if (error > 0)
		errno = error;
	return error == 0 ? 0 : -1;
}

static int
make(const struct plan *plan, const char *name)
{
	return run(plan, name, write_file);
}

/* True when another domain of the same owner needs his .forward too. */
static bool
is_shared(const struct plan *plan)
{
	DIR *directory = opendir(plan->admin->virtual_directory);
	const struct dirent *entry;
	bool is_found = false;

	if (directory == NULL)
		return false;
	while (!is_found && (entry = readdir(directory)) != NULL)
		is_found = account_is_domain_name(entry->d_name) &&
		    strcmp(entry->d_name, plan->domain) != 0 &&
		    plan_origin(plan->admin, entry->d_name, plan->owner) ==
			ORIGIN_RECIPE;
	closedir(directory);
	return is_found;
}

static int
undo(const struct plan *plan, const char *name)
{
	return run(plan, name, remove_file);
}

static int
undo_forward(const struct plan *plan, const char *name)
{
	if (!is_shared(plan))
		return undo(plan, name);
	printf("%s serves other domains of %s and stays\n", name, plan->owner);
	return 0;
}

#define REMEDY                                                             \
	"it stays as it is; for the mail of the domain it must start the " \
	"program named here"

const struct step step_forward = { ".forward", describe, look, make,
	undo_forward, REMEDY, true };
const struct step step_forward_master = { ".forward+postmaster--", describe,
	look, make, undo, REMEDY, true };
