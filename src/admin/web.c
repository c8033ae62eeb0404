/*
 * The pages of a domain, let in and shut out: what their user may read of the
 * domain, the secret by which he signs, and where they remember things.
 *
 * The directory of a domain is its owner's, so root changes there only what is
 * a directory or a plain file of his.
 */
#include "config.h"

#include "admin/private.h"
#include "support/clock.h"
#include "support/fileio.h"
#include "support/hash.h"
#include "support/rewrite.h"
#include "support/secret.h"
#include "support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define LARGEST	    ((size_t)16 * 1024 * 1024)
#define PATIENCE    10000 /* ms */
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const char *
file_path(const struct plan *plan, const char *name, char path[ADMIN_PATH_SIZE])
{
	if (!text_format(path, ADMIN_PATH_SIZE, "%s/%s%s%s",
		plan->admin->virtual_directory, plan->domain,
		name[0] == '\0' ? "" : "/", name))
		text_copy(path, ADMIN_PATH_SIZE, "/nowhere");
	return path;
}

/* ---- files of the owner ------------------------------------------------- */

struct errand {
	const struct plan *plan;
	const char *name;
};

static void
describe_file(
    const struct plan *plan, const char *name, char out[ADMIN_LINE_SIZE])
{
	char path[ADMIN_PATH_SIZE];

	text_format(out, ADMIN_LINE_SIZE, "%s, for the pages",
	    file_path(plan, name, path));
}

static enum sight
look_file(const struct plan *plan, const char *name)
{
	char path[ADMIN_PATH_SIZE];
	struct stat status;

	if (lstat(file_path(plan, name, path), &status) == -1)
		return errno == ENOENT ? SIGHT_ABSENT : SIGHT_UNKNOWN;
	return S_ISREG(status.st_mode) && status.st_uid == plan->uid
	    ? SIGHT_DONE
	    : SIGHT_FOREIGN;
}

/* As the owner; 0 or errno. */
static int
write_file(void *argument)
{
	const struct errand *errand = argument;
	unsigned char secret[DOMAIN_SECRET_SIZE];
	char path[ADMIN_PATH_SIZE], text[2 * DOMAIN_SECRET_SIZE + 2] = "";
	int result;

	if (strcmp(errand->name, SECRET_FILE) == 0) {
		if (secret_random(secret, sizeof(secret)) == -1)
			return errno;
		hash_hex(secret, sizeof(secret), text);
		text[2 * sizeof(secret)] = '\n';
		text[2 * sizeof(secret) + 1] = '\0';
	}
	result = rewrite_make(
	    file_path(errand->plan, errand->name, path), 0600, text);
	explicit_bzero(secret, sizeof(secret));
	explicit_bzero(text, sizeof(text));
	return result == 0 ? 0 : errno;
}

static int
remove_file(void *argument)
{
	const struct errand *errand = argument;
	char path[ADMIN_PATH_SIZE];

	file_path(errand->plan, errand->name, path);
	return unlink(path) == 0 || errno == ENOENT ? 0 : errno;
}

static int
run(const struct plan *plan, const char *name, int (*work)(void *))
{
	struct errand errand = { plan, name };
	int error = on_behalf(plan->uid, plan->gid, work, &errand);

	if (error > 0)
		errno = error;
	return error == 0 ? 0 : -1;
}

static int
make_file(const struct plan *plan, const char *name)
{
	return run(plan, name, write_file);
}

static int
undo_file(const struct plan *plan, const char *name)
{
	return run(plan, name, remove_file);
}

static const struct step step_secret = { SECRET_FILE, describe_file, look_file,
	make_file, undo_file, "look at it, and remove it by hand", false };
static const struct step step_updates = { UPDATES_FILE, describe_file,
	look_file, make_file, undo_file, "look at it, and remove it by hand",
	false };

/* ---- who may read ------------------------------------------------------- */

/* The directory first: what its owner replaces then gets the right group, to
 * which he need not belong. */
static const char *const readable[] = { "", "passwd", SECRET_FILE,
	UPDATES_FILE };

static bool
is_other(const struct plan *plan)
{
	return plan->web_uid != plan->uid;
}

static gid_t
wanted_group(const struct plan *plan)
{
	return is_other(plan) ? plan->web_gid : plan->gid;
}

static mode_t
wanted_mode(const struct plan *plan, const char *name)
{
	if (name[0] == '\0')
		return is_other(plan) ? 02755 : 0755;
	return is_other(plan) ? 0640 : 0600;
}

static enum sight
look_at(const struct plan *plan, const char *name)
{
	char path[ADMIN_PATH_SIZE];
	struct stat status;

	if (lstat(file_path(plan, name, path), &status) == -1)
		return errno == ENOENT ? SIGHT_DONE : SIGHT_UNKNOWN;
	if (status.st_uid != plan->uid ||
	    (name[0] == '\0' ? !S_ISDIR(status.st_mode)
			     : !S_ISREG(status.st_mode)))
		return SIGHT_FOREIGN;
	return status.st_gid == wanted_group(plan) &&
		(status.st_mode & 07777) == wanted_mode(plan, name)
	    ? SIGHT_DONE
	    : SIGHT_CHANGED;
}

static enum sight
look_access(const struct plan *plan, const char *name)
{
	enum sight sight, worst = SIGHT_DONE;
	size_t i;

	(void)name;
	for (i = 0; i < COUNT(readable); i++) {
		sight = look_at(plan, readable[i]);
		worst = sight > worst ? sight : worst;
	}
	return worst;
}

static void
describe_access(
    const struct plan *plan, const char *name, char out[ADMIN_LINE_SIZE])
{
	char path[ADMIN_PATH_SIZE];

	(void)name;
	text_format(out, ADMIN_LINE_SIZE,
	    "%s, group %u, mode %o, and the files in it, mode %o",
	    file_path(plan, "", path), (unsigned int)wanted_group(plan),
	    (unsigned int)wanted_mode(plan, ""),
	    (unsigned int)wanted_mode(plan, "passwd"));
}

/* If it is the owner's still: he may have put something else there. */
static int
give(const struct plan *plan, int fd, const char *name)
{
	struct stat status;

	if (fstat(fd, &status) == -1)
		return -1;
	errno = EPERM;
	if (status.st_uid != plan->uid)
		return -1;
	if (fchown(fd, (uid_t)-1, wanted_group(plan)) == -1 ||
	    fchmod(fd, wanted_mode(plan, name)) == -1)
		return -1;
	return fileio_sync(fd);
}

static int
give_directory(const struct plan *plan)
{
	char path[ADMIN_PATH_SIZE];
	int result,
	    fd = open(file_path(plan, "", path),
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1)
		return -1;
	result = give(plan, fd, "");
	return close(fd) == -1 ? -1 : result;
}

/* Under its lock: who replaces it gives the new file what the old one had. */
static int
give_file(const struct plan *plan, const char *name)
{
	struct rewrite file;
	char path[ADMIN_PATH_SIZE];
	int result, error;

	if (rewrite_open(&file, file_path(plan, name, path), LARGEST,
		clock_now() + PATIENCE) == -1)
		return errno == ENOENT ? 0 : -1;
	result = give(plan, file.fd, name);
	error = errno;
	rewrite_close(&file);
	errno = error;
	return result;
}

static int
make_access(const struct plan *plan, const char *name)
{
	size_t i;

	(void)name;
	if (give_directory(plan) == -1)
		return -1;
	for (i = 1; i < COUNT(readable); i++)
		if (give_file(plan, readable[i]) == -1)
			return -1;
	return 0;
}

static const struct step step_access = { "access", describe_access, look_access,
	make_access, NULL,
	"it has to be a directory of the owner, and passwd a file in it, not "
	"a link",
	false };

/* ---- and no more -------------------------------------------------------- */

static void
describe_rights(
    const struct plan *plan, const char *name, char out[ADMIN_LINE_SIZE])
{
	char path[ADMIN_PATH_SIZE];

	text_format(out, ADMIN_LINE_SIZE, "rights of the pages in %s",
	    file_path(plan, name, path));
}

/* What is not as we make it has none. */
static enum sight
look_rights(const struct plan *plan, const char *name)
{
	enum sight sight = look_access(plan, name);

	return sight == SIGHT_CHANGED || sight == SIGHT_UNKNOWN ? sight
								: SIGHT_ABSENT;
}

static const struct step step_no_access = { "", describe_rights, look_rights,
	NULL, make_access, "", false };

/* ---- the commands ------------------------------------------------------- */

static const struct step *const steps[] = { &step_state_top, &step_secret,
	&step_updates, &step_access, &step_state };

/* What has no owner but the one of the domain. */
static int
begin(const struct admin *admin, const char *word, struct plan *plan)
{
	int status = need_rights(admin);

	memset(plan, 0, sizeof(*plan));
	plan->admin = admin;
	if (status == EX_OK)
		status = take_domain(word, plan->domain);
	return status == EX_OK ? plan_find_domain(plan) : status;
}

/* What another user has read before must sign nothing any more. */
static int
forget_secret(const struct plan *plan)
{
	if (plan->admin->is_dry ||
	    step_state.look(plan, step_state.name) != SIGHT_CHANGED)
		return EX_OK;
	return undo_file(plan, SECRET_FILE) == 0
	    ? EX_OK
	    : fail_errno("the secret of %s", plan->domain);
}

static int
let_in(struct plan *plan, const char *user)
{
	int status = plan_find_web(plan, user);

	if (status != EX_OK)
		return status;
	if (!steps_are_free(steps, COUNT(steps), plan))
		return fail(EX_CANTCREAT, "nothing was changed");
	status = forget_secret(plan);
	return status == EX_OK ? steps_make(steps, COUNT(steps), plan) : status;
}

/* From the last on.  Rights and secret go first: what the pages remember is
 * theirs, and they can keep it from being removed. */
int
web_undo(struct plan *plan)
{
	static const struct step *const ours[] = { &step_state, &step_updates,
		&step_secret, &step_no_access };

	plan->web_uid = plan->uid;
	plan->web_gid = plan->gid;
	return steps_undo(ours, COUNT(ours), plan);
}

int
command_web(const struct admin *admin, char **words)
{
	struct plan plan;
	int status = begin(admin, words[0], &plan);

	if (status != EX_OK)
		return status;
	return strcmp(words[1], "off") == 0 ? web_undo(&plan)
					    : let_in(&plan, words[1]);
}
