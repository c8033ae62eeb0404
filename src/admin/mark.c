/* The passwd file of a domain, whose first line says that we have made it. */
#include "config.h"

#include "admin/private.h"
#include "support/rewrite.h"
#include "support/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK	  "# virtdomain: owner="
#define APOP	  " apop=yes"
#define FILE_SIZE (ADMIN_PATH_SIZE + ACCOUNT_DOMAIN_SIZE + 16)

static void
passwd_path(const struct admin *admin, const char *domain, char path[FILE_SIZE])
{
	snprintf(
	    path, FILE_SIZE, "%s/%s/passwd", admin->virtual_directory, domain);
}

bool
plan_mark(const struct plan *plan, char line[ADMIN_LINE_SIZE])
{
	return text_format(line, ADMIN_LINE_SIZE, MARK "%s way=%s", plan->owner,
	    plan->way == WAY_RECIPE ? "recipe" : "postfix");
}

bool
mark_wants_apop(const char *text)
{
	size_t length = strcspn(text, "\n"), wanted = strlen(APOP);

	return strncmp(text, MARK, strlen(MARK)) == 0 && length > wanted &&
	    strncmp(text + length - wanted, APOP, wanted) == 0;
}

bool
mark_set_apop(const char *text, bool wants_apop, char line[ADMIN_LINE_SIZE])
{
	size_t length = strcspn(text, "\n");

	if (mark_wants_apop(text))
		length -= strlen(APOP);
	return text_format(line, ADMIN_LINE_SIZE, "%.*s%s", (int)length, text,
	    wants_apop ? APOP : "");
}

/* ---- whose it is -------------------------------------------------------- */

struct question {
	const struct admin *admin;
	const char *domain;
	const char *owner;
};

/* The first line is: MARK, the owner, and the way. */
static enum origin
judge(const char *text, const char *owner)
{
	size_t length;

	if (strncmp(text, MARK, strlen(MARK)) != 0)
		return ORIGIN_FOREIGN;
	text += strlen(MARK);
	length = strcspn(text, " \n");
	if (owner != NULL &&
	    (strlen(owner) != length || strncmp(text, owner, length) != 0))
		return ORIGIN_FOREIGN;
	if (strncmp(text + length, " way=recipe", strlen(" way=recipe")) == 0)
		return ORIGIN_RECIPE;
	if (strncmp(text + length, " way=postfix", strlen(" way=postfix")) == 0)
		return ORIGIN_POSTFIX;
	return ORIGIN_FOREIGN;
}

static int
read_mark(void *argument)
{
	const struct question *question = argument;
	struct account_edit *edit;
	enum origin origin;

	if (account_edit_open(
		&edit, &question->admin->rules, question->domain) == -1) {
		(void)fail_errno("%s/%s/passwd",
		    question->admin->virtual_directory, question->domain);
		return ORIGIN_UNKNOWN;
	}
	origin = judge(account_edit_text(edit), question->owner);
	account_edit_close(&edit);
	return (int)origin;
}

enum origin
plan_origin(const struct admin *admin, const char *domain, const char *owner)
{
	struct question question = { admin, domain, owner };
	char path[FILE_SIZE];
	struct account_fault fault;
	struct stat status;
	uid_t uid;
	gid_t gid;
	int answer;

	passwd_path(admin, domain, path);
	if (lstat(path, &status) == -1 && (errno == ENOENT || errno == ENOTDIR))
		return ORIGIN_NONE;
	if (account_editor(&admin->rules, domain, &uid, &gid, &fault) !=
	    ACCOUNT_FOUND) {
		(void)fail(0, "%s %s", path, fault.text);
		return ORIGIN_UNKNOWN;
	}
	answer = on_behalf(uid, gid, read_mark, &question);
	return answer < 0 || answer > ORIGIN_UNKNOWN ? ORIGIN_UNKNOWN
						     : (enum origin)answer;
}

/* ---- the step ----------------------------------------------------------- */

static void
describe(const struct plan *plan, const char *name, char out[ADMIN_LINE_SIZE])
{
	(void)name;
	text_format(out, ADMIN_LINE_SIZE,
	    "%s/%s/passwd, owner %s, mode 600, with the user postmaster",
	    plan->admin->virtual_directory, plan->domain, plan->owner);
}

static enum sight
look(const struct plan *plan, const char *name)
{
	(void)name;
	switch (plan_origin(plan->admin, plan->domain, plan->owner)) {
	case ORIGIN_NONE:
		return SIGHT_ABSENT;
	case ORIGIN_RECIPE:
		return plan->way == WAY_RECIPE ? SIGHT_DONE : SIGHT_FOREIGN;
	case ORIGIN_POSTFIX:
		return plan->way == WAY_POSTFIX ? SIGHT_DONE : SIGHT_FOREIGN;
	case ORIGIN_FOREIGN:
		return SIGHT_FOREIGN;
	case ORIGIN_UNKNOWN:
		break;
	}
	errno = EIO;
	return SIGHT_UNKNOWN;
}

/* As the owner; 0 or errno. */
static int
write_file(void *argument)
{
	const struct plan *plan = argument;
	char path[FILE_SIZE];
	char mark[ADMIN_LINE_SIZE], text[2 * ADMIN_LINE_SIZE];

	passwd_path(plan->admin, plan->domain, path);
	if (!plan_mark(plan, mark) ||
	    !text_format(text, sizeof(text),
		"%s\npostmaster:%s:%u:%u:Postmaster::\n", mark, plan->hash,
		(unsigned int)plan->uid, (unsigned int)plan->gid))
		return ENAMETOOLONG;
	return rewrite_make(path, 0600, text) == 0 ? 0 : errno;
}

static int
make(const struct plan *plan, const char *name)
{
	struct plan copy = *plan;
	int error = on_behalf(plan->uid, plan->gid, write_file, &copy);

	(void)name;
	if (error > 0)
		errno = error;
	return error == 0 ? 0 : -1;
}

/* The file and what else we may have put beside it. */
static int
unlink_files(void *argument)
{
	static const char *const names[] = { "passwd.new", SECRET_FILE ".new",
		UPDATES_FILE ".new", SECRET_FILE, UPDATES_FILE, "passwd" };
	const struct plan *plan = argument;
	char path[FILE_SIZE];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s/%s",
		    plan->admin->virtual_directory, plan->domain, names[i]);
		if (unlink(path) == -1 && errno != ENOENT)
			return errno;
	}
	return 0;
}

static int
undo(const struct plan *plan, const char *name)
{
	struct plan copy = *plan;
	int error = on_behalf(plan->uid, plan->gid, unlink_files, &copy);

	(void)name;
	if (error > 0)
		errno = error;
	return error == 0 ? 0 : -1;
}

const struct step step_passwd = { "passwd", describe, look, make, undo,
	"it was not made by virtdomain for this owner in this way; see "
	"virtdomain(8), Domains of others",
	false };
