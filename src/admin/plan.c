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

int
plan_find_owner(struct plan *plan, const char *name)
{
	const char *root = plan->admin->root;
	const struct passwd *user =
	    root[0] == '\0' ? getpwnam(name) : find_in_image(plan->admin, name);

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
