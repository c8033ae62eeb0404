/*
 * Making and removing domains.  Mail is let in last and kept out first, so that
 * none comes for a domain that is not whole.  The passwd file goes last but
 * one: as long as it is there it says whose the domain is.
 */
#include "config.h"

#include "admin/private.h"
#include "support/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct step *const places[] = { &step_virtual_top, &step_spool_top,
	&step_directory, &step_passwd, &step_spool };
static const struct step *const homes[] = { &step_forward,
	&step_forward_master };
static const struct step *const recipe_maps[] = { &step_recipe_domain,
	&step_recipe };
static const struct step *const recipe_databases[] = { &step_recipe_compiled };
static const struct step *const mailbox_maps[] = { &step_transport,
	&step_mailbox_domain };
static const struct step *const mailbox_databases[] = {
	&step_transport_compiled, &step_mailbox_compiled
};

/* The lists for one of the two ways. */
struct lists {
	const struct step *const *maps, *const *databases;
	size_t map_count, database_count;
	size_t home_count;
};

static struct lists
lists_of(enum way way)
{
	if (way == WAY_RECIPE)
		return (struct lists){ recipe_maps, recipe_databases,
			COUNT(recipe_maps), COUNT(recipe_databases),
			COUNT(homes) };
	return (struct lists){ mailbox_maps, mailbox_databases,
		COUNT(mailbox_maps), COUNT(mailbox_databases), 0 };
}

/* Changes go on where an earlier command was cut off. */
int
need_rights(const struct admin *admin)
{
	if (geteuid() == 0 || admin->root[0] != '\0')
		return EX_OK;
	return fail(EX_NOPERM,
	    "this changes files of root; become root (or give --rootdir)");
}

static int
need_postfix(const struct admin *admin)
{
	struct stat status;

	if (stat(admin->postfix, &status) == 0 && S_ISDIR(status.st_mode))
		return EX_OK;
	return fail(EX_UNAVAILABLE,
	    "there is no directory %s; install Postfix first, or make it",
	    admin->postfix);
}

/* The words that CREATE and DELETE have in common. */
static int
begin(const struct admin *admin, char **words, struct plan *plan)
{
	int status = need_rights(admin);

	memset(plan, 0, sizeof(*plan));
	plan->admin = admin;
	if (status == EX_OK)
		status = take_domain(words[0], plan->domain);
	if (status == EX_OK)
		status = plan_find_owner(plan, words[1]);
	if (status == EX_OK)
		status = need_postfix(admin);
	return status;
}

/* ---- CREATE ------------------------------------------------------------- */

static int
make_all(const struct plan *plan)
{
	struct lists lists = lists_of(plan->way);
	int status;

	if (!steps_are_free(places, COUNT(places), plan) ||
	    !steps_are_free(lists.maps, lists.map_count, plan))
		return fail(EX_CANTCREAT, "nothing was changed");
	status = steps_make(places, COUNT(places), plan);
	if (status == EX_OK)
		status = steps_make(homes, lists.home_count, plan);
	if (status == EX_OK)
		status = steps_make(lists.maps, lists.map_count, plan);
	if (status == EX_OK)
		status =
		    steps_make(lists.databases, lists.database_count, plan);
	if (status != EX_OK)
		return fail(status,
		    "%s is not whole yet; when what is wrong is mended, give "
		    "the same command again",
		    plan->domain);
	return EX_OK;
}

/* The third word is a password, or "-"; a fourth can only be "postfix". */
static int
take_way(char **words, struct plan *plan)
{
	static const char way[] = "postfix";

	if (words[3] == NULL && strcmp(words[2], way) == 0)
		return fail(EX_USAGE,
		    "the password is missing: CREATE %s %s - %s", words[0],
		    words[1], way);
	if (words[3] != NULL && strcmp(words[3], way) != 0)
		return fail(EX_USAGE, "'%s' is not '%s'", words[3], way);
	if (words[3] != NULL)
		plan->way = WAY_POSTFIX;
	return EX_OK;
}

int
command_create(const struct admin *admin, char **words)
{
	char password[PASSWORD_SIZE] = "", hash[ACCOUNT_HASH_SIZE];
	struct plan plan;
	int status = begin(admin, words, &plan);

	if (status == EX_OK)
		status = take_way(words, &plan);
	if (status == EX_OK)
		status = ask_password(words[2], true, password);
	if (status != EX_OK)
		return status;
	status = account_hash(password, hash);
	explicit_bzero(password, sizeof(password));
	if (status == -1)
		return fail_errno("crypt(3) makes no hash");
	plan.hash = hash;
	status = make_all(&plan);
	if (status == EX_OK && !admin->is_dry)
		advise_domain(&plan);
	return status;
}

/* ---- DELETE ------------------------------------------------------------- */

/* The password opens the mailbox of postmaster. */
static int
check_password(const struct plan *plan, const char *password)
{
	struct credentials credentials = { .kind = CREDENTIALS_PASSWORD };
	struct account_finding finding;
	enum account_verdict verdict = ACCOUNT_REFUSED;

	if (text_format(credentials.name, sizeof(credentials.name),
		"postmaster@%s", plan->domain) &&
	    text_copy(credentials.secret, sizeof(credentials.secret), password))
		verdict = account_verify(
		    &plan->admin->rules, &credentials, "", NULL, &finding);
	explicit_bzero(&credentials, sizeof(credentials));
	if (verdict == ACCOUNT_ACCEPTED)
		return EX_OK;
	return fail(EX_NOPERM,
	    "this is not the password of postmaster@%s; nothing was changed "
	    "(virtdomain passwd sets a new one)",
	    plan->domain);
}

/* Whether the domain may be removed: 0 or an exit status.  Without passwd file
 * it was removed already, but for the rest. */
static int
judge(struct plan *plan, const char *word)
{
	char password[PASSWORD_SIZE] = "";
	int status;

	switch (plan_origin(plan->admin, plan->domain, plan->owner)) {
	case ORIGIN_RECIPE:
		plan->way = WAY_RECIPE;
		break;
	case ORIGIN_POSTFIX:
		plan->way = WAY_POSTFIX;
		break;
	case ORIGIN_NONE:
		return EX_NOUSER;
	case ORIGIN_UNKNOWN:
		return EX_NOPERM;
	case ORIGIN_FOREIGN:
		return fail(EX_NOPERM,
		    "%s/%s was not made by virtdomain for %s; nothing was "
		    "changed",
		    plan->admin->virtual_directory, plan->domain, plan->owner);
	}
	status = ask_password(word, false, password);
	if (status == EX_OK)
		status = check_password(plan, password);
	explicit_bzero(password, sizeof(password));
	return status;
}

static int
undo_all(struct plan *plan)
{
	static const struct step *const rest[] = { &step_directory,
		&step_passwd, &step_spool };
	struct lists lists = lists_of(plan->way);
	int status = web_undo(plan);

	if (status == EX_OK)
		status = steps_undo(lists.maps, lists.map_count, plan);
	if (status == EX_OK)
		status =
		    steps_make(lists.databases, lists.database_count, plan);
	if (status == EX_OK)
		status = steps_undo(homes, lists.home_count, plan);
	if (status == EX_OK)
		status = steps_undo(rest, COUNT(rest), plan);
	return status;
}

/* Nothing was there but, at most, the directory that goes last. */
static int
remove_rest(const struct plan *plan)
{
	static const struct step *const rest[] = { &step_directory };
	char path[2 * ADMIN_PATH_SIZE];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", plan->admin->virtual_directory,
	    plan->domain);
	if (lstat(path, &status) == -1)
		return fail(EX_NOUSER, "there is no domain %s", plan->domain);
	return steps_undo(rest, COUNT(rest), plan);
}

int
command_delete(const struct admin *admin, char **words)
{
	struct plan plan;
	int status = begin(admin, words, &plan);

	if (status != EX_OK)
		return status;
	status = judge(&plan, words[2]);
	if (status == EX_OK)
		return undo_all(&plan);
	return status == EX_NOUSER ? remove_rest(&plan) : status;
}
