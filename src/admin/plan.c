/* Whose a domain is to be. */
#include "config.h"

#include "admin/private.h"
#include "support/text.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* Of an image: it has its own users. */
static const struct passwd *
find_in_image(const struct admin *admin, const char *name)
{
	char path[ADMIN_PATH_SIZE];
	const struct passwd *user;
	FILE *file;

	if (!text_format(path, sizeof(path), "%s/etc/passwd", admin->root))
		return NULL;
	file = fopen(path, "re");
	if (file == NULL)
		return getpwnam(name);
	while ((user = fgetpwent(file)) != NULL &&
	    strcmp(user->pw_name, name) != 0)
		;
	fclose(file);
	return user;
}

static const struct passwd *
find_user(const struct admin *admin, const char *name)
{
	return admin->root[0] == '\0' ? getpwnam(name)
				      : find_in_image(admin, name);
}

int
plan_find_owner(struct plan *plan, const char *name)
{
	const char *root = plan->admin->root;
	const struct passwd *user = find_user(plan->admin, name);

	if (user == NULL)
		return fail(EX_NOUSER,
		    "there is no user '%s'; make him with: useradd "
		    "--create-home %s",
		    name, name);
	if (user->pw_uid < plan->admin->rules.least_uid || user->pw_gid == 0)
		return fail(EX_NOPERM,
		    "'%s' has uid %u and gid %u; a domain belongs to a user "
		    "from uid %u on, not of group 0",
		    name, (unsigned int)user->pw_uid,
		    (unsigned int)user->pw_gid,
		    (unsigned int)plan->admin->rules.least_uid);
	if (!text_copy(plan->owner, sizeof(plan->owner), user->pw_name) ||
	    strpbrk(user->pw_name, " \t/+@:") != NULL ||
	    !text_format(
		plan->home, sizeof(plan->home), "%s%s", root, user->pw_dir))
		return fail(EX_DATAERR,
		    "name or home directory of '%s' are not fit for mail",
		    name);
	plan->uid = user->pw_uid;
	plan->gid = user->pw_gid;
	return EX_OK;
}

int
plan_find_web(struct plan *plan, const char *name)
{
	const struct passwd *user = find_user(plan->admin, name);

	if (user == NULL)
		return fail(EX_NOUSER, "there is no user '%s'", name);
	if (user->pw_uid == 0 || user->pw_gid == 0)
		return fail(EX_NOPERM,
		    "'%s' has uid %u and gid %u; pages never run as root", name,
		    (unsigned int)user->pw_uid, (unsigned int)user->pw_gid);
	plan->web_uid = user->pw_uid;
	plan->web_gid = user->pw_gid;
	return EX_OK;
}

int
plan_find_domain(struct plan *plan)
{
	const struct admin *admin = plan->admin;

	switch (plan_origin(admin, plan->domain, NULL)) {
	case ORIGIN_RECIPE:
		plan->way = WAY_RECIPE;
		break;
	case ORIGIN_POSTFIX:
		plan->way = WAY_POSTFIX;
		break;
	case ORIGIN_NONE:
		return fail(EX_NOUSER, "there is no domain %s", plan->domain);
	case ORIGIN_UNKNOWN:
		return EX_NOPERM;
	case ORIGIN_FOREIGN:
		return fail(EX_NOPERM,
		    "%s/%s was not made by virtdomain; see virtdomain(8), "
		    "Domains of others",
		    admin->virtual_directory, plan->domain);
	}
	if (find_ids(admin, plan->domain, &plan->uid, &plan->gid) == -1)
		return fail_errno("%s/%s", admin->virtual_spool, plan->domain);
	return EX_OK;
}
