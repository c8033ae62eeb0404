/* The databases that Postfix makes of its tables, by postmap(1). */
#include "config.h"

#include "admin/private.h"
#include "support/program.h"
#include "support/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATABASE_SIZE (ADMIN_PATH_SIZE + 16)
#define KINDS	      3

static void
name_database(
    const char *table, size_t kind, const char *more, char out[DATABASE_SIZE])
{
	static const char *const suffixes[KINDS] = { "db", "lmdb", "cdb" };

	if (!text_format(
		out, DATABASE_SIZE, "%s.%s%s", table, suffixes[kind], more))
		text_copy(out, DATABASE_SIZE, "/nowhere");
}

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
	char path[ADMIN_PATH_SIZE], database[DATABASE_SIZE];
	struct stat table, status;
	size_t i;

	if (plan->admin->is_dry)
		return SIGHT_ABSENT;
	if (stat(postfix_path(plan->admin, name, path), &table) == -1)
		return errno == ENOENT ? SIGHT_DONE : SIGHT_UNKNOWN;
	for (i = 0; i < KINDS; i++) {
		name_database(path, i, "", database);
		if (stat(database, &status) == 0 && !is_older(&status, &table))
			return SIGHT_DONE;
	}
	return SIGHT_ABSENT;
}

/* ---- postmap ------------------------------------------------------------ */

/* With the directory of Postfix's configuration, if there is one. */
static bool
run_postmap(const struct admin *admin, char *program, char *path)
{
	char output[PROGRAM_OUTPUT_SIZE], option[] = "-c";
	char directory[ADMIN_PATH_SIZE];
	char *argv[] = { program, option, directory, path, NULL };
	char *alone[] = { program, path, NULL };
	struct stat status;

	text_copy(directory, sizeof(directory), admin->postfix);
	postfix_path(admin, "main.cf", output);
	return program_run(stat(output, &status) == 0 ? argv : alone, output);
}

/* From "from" behind the names of all databases to "to". */
static void
move_databases(const char *path, const char *from, const char *to)
{
	char old[DATABASE_SIZE], new[DATABASE_SIZE];
	size_t i;

	for (i = 0; i < KINDS; i++) {
		name_database(path, i, from, old);
		name_database(path, i, to, new);
		(void)rename(old, new);
	}
}

static void
remove_databases(const char *path, const char *more)
{
	char database[DATABASE_SIZE];
	size_t i;

	for (i = 0; i < KINDS; i++) {
		name_database(path, i, more, database);
		(void)unlink(database);
	}
}

/* Berkeley DB makes a new database under this name, if nothing has it. */
static void
remove_draft(const struct admin *admin, const char *name)
{
	char draft[ADMIN_PATH_SIZE];

	if (text_format(
		draft, sizeof(draft), "%s/__db.%s.db", admin->postfix, name))
		(void)unlink(draft);
}

/* postmap(1) does not replace a database that it has left half written, when it
 * was killed: that is put aside, and comes back if it was not to blame. */
static bool
run_twice(
    const struct admin *admin, const char *name, char *program, char *path)
{
	bool is_made = run_postmap(admin, program, path);

	if (is_made)
		return true;
	move_databases(path, "", ".broken");
	remove_draft(admin, name);
	is_made = run_postmap(admin, program, path);
	if (is_made)
		remove_databases(path, ".broken");
	else
		move_databases(path, ".broken", "");
	return is_made;
}

static int
make(const struct plan *plan, const char *name)
{
	char program[PROGRAM_PATH_SIZE], path[ADMIN_PATH_SIZE];

	postfix_path(plan->admin, name, path);
	if (!program_find("postmap", program)) {
		warn("postmap(1) is not there; before Postfix starts, run: "
		     "postmap %s",
		    path);
		return 0;
	}
	if (run_twice(plan->admin, name, program, path))
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
