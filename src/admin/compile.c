/* The databases that Postfix makes of its tables, by postmap(1). */
#include "config.h"

#include "admin/private.h"
#include "support/program.h"
#include "support/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void
describe(const struct plan *plan, const char *name, char out[ADMIN_LINE_SIZE])
{
	char path[ADMIN_PATH_SIZE];

	text_format(out, ADMIN_LINE_SIZE, "the database of %s, by postmap(1)",
	    postfix_path(plan->admin, name, path));
}

static bool
is_older(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec < b->st_mtim.tv_sec ||
	    (a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
		a->st_mtim.tv_nsec < b->st_mtim.tv_nsec);
}

/* Done is what is there and not older than its table, of whatever type it is.
 * Where there is no table, no database is needed. */
static enum sight
look(const struct plan *plan, const char *name)
{
	static const char *const suffixes[] = { "db", "lmdb", "cdb" };
	char path[ADMIN_PATH_SIZE], database[ADMIN_PATH_SIZE + 8];
	struct stat table, status;
	size_t i;

	if (plan->admin->is_dry)
		return SIGHT_ABSENT;
	if (stat(postfix_path(plan->admin, name, path), &table) == -1)
		return errno == ENOENT ? SIGHT_DONE : SIGHT_UNKNOWN;
	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(
		    database, sizeof(database), "%s.%s", path, suffixes[i]);
		if (stat(database, &status) == 0 && !is_older(&status, &table))
			return SIGHT_DONE;
	}
	return SIGHT_ABSENT;
}

static int
make(const struct plan *plan, const char *name)
{
	char program[PROGRAM_PATH_SIZE], output[PROGRAM_OUTPUT_SIZE];
	char path[ADMIN_PATH_SIZE], option[] = "-c";
	char directory[ADMIN_PATH_SIZE];
	char *argv[] = { program, option, directory, path, NULL };
	char *alone[] = { program, path, NULL };
	struct stat status;

	postfix_path(plan->admin, name, path);
	if (!program_find("postmap", program)) {
		warn("postmap(1) is not there; before Postfix starts, run: "
		     "postmap %s",
		    path);
		return 0;
	}
	text_copy(directory, sizeof(directory), plan->admin->postfix);
	postfix_path(plan->admin, "main.cf", output);
	if (program_run(stat(output, &status) == 0 ? argv : alone, output))
		return 0;
	warn("postmap has failed; run it by hand to see why, then give this "
	     "command again: postmap %s",
	    path);
	errno = EIO;
	return -1;
}

const struct step step_recipe_compiled = { "virtual", describe, look, make,
	NULL, "", false };
const struct step step_mailbox_compiled = { "virtual_domains", describe, look,
	make, NULL, "", false };
const struct step step_transport_compiled = { "transport", describe, look, make,
	NULL, "", false };
