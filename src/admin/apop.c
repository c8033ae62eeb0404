/*
 * Whether a domain keeps its passwords as they are: APOP and CRAM-MD5 need
 * that, and who steals the file has them.
 */
#include "config.h"

#include "admin/private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static void
describe(const struct plan *plan, const char *name, char out[ADMIN_LINE_SIZE])
{
	snprintf(out, ADMIN_LINE_SIZE,
	    "%s/%s/%s, which says that new passwords %s",
	    plan->admin->virtual_directory, plan->domain, name,
	    plan->wants_apop ? "are kept as they are" : "become hashes");
}

static enum sight
look(const struct plan *plan, const char *name)
{
	(void)name;
	return domain_wants_apop(plan->admin, plan->domain) == plan->wants_apop
	    ? SIGHT_DONE
	    : SIGHT_CHANGED;
}

/* As the owner; 0 or errno. */
static int
write_mark(void *argument)
{
	const struct plan *plan = argument;
	char line[ADMIN_LINE_SIZE];
	struct account_edit *edit;
	int error = 0;

	if (account_edit_open(&edit, &plan->admin->rules, plan->domain) == -1)
		return errno;
	if (!mark_set_apop(account_edit_text(edit), plan->wants_apop, line))
		error = EMSGSIZE;
	else if (account_edit_set_comment(edit, line) == -1 ||
	    account_edit_commit(edit) == -1)
		error = errno;
	account_edit_close(&edit);
	return error;
}

static int
make(const struct plan *plan, const char *name)
{
	struct plan copy = *plan;
	int error = on_behalf(plan->uid, plan->gid, write_mark, &copy);

	(void)name;
	if (error > 0)
		errno = error;
	return error == 0 ? 0 : -1;
}

static const struct step step_mark = { "passwd", describe, look, make, NULL, "",
	false };

int
command_apop(const struct admin *admin, char **words)
{
	static const struct step *const steps[] = { &step_mark };
	struct plan plan = { .admin = admin };
	int status = take_domain(words[0], plan.domain);

	plan.wants_apop = strcmp(words[1], "yes") == 0;
	if (status == EX_OK && !plan.wants_apop && strcmp(words[1], "no") != 0)
		status = fail(EX_USAGE, "'%s' is neither yes nor no", words[1]);
	if (status == EX_OK)
		status = plan_find_domain(&plan);
	if (status == EX_OK)
		status = steps_make(steps, 1, &plan);
	if (status == EX_OK)
		printf("passwords that are stored already stay as they are\n");
	return status;
}
