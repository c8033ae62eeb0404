/* Users of a domain: lines of its passwd file, changed with the rights of whom
 * it belongs to. */
#include "config.h"

#include "admin/private.h"
#include "support/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* ---- the change --------------------------------------------------------- */

/* Says why it was not made; an exit status. */
static int
explain(const struct admin *admin, const struct change *change,
    enum change_result result)
{
	switch (result) {
	case CHANGE_NO_USER:
		return fail(EX_NOUSER, "there is no user %s@%s", change->user,
		    change->domain);
	case CHANGE_EXISTS:
		return fail(EX_CANTCREAT,
		    "%s@%s is there already; nothing was changed", change->user,
		    change->domain);
	case CHANGE_TROUBLE:
		return fail_errno(
		    "%s/%s/passwd", admin->virtual_directory, change->domain);
	case CHANGE_DONE:
	case CHANGE_WAITING:
	case CHANGE_CONFLICT:
	case CHANGE_UNSOUND:
	case CHANGE_TOO_LONG:
	case CHANGE_NO_FIELD:
	case CHANGE_FORBIDDEN:
		break;
	}
	return fail(EX_DATAERR, "%s@%s: %s", change->user, change->domain,
	    change_text(result));
}

static int
need_domain(const struct admin *admin, const char *domain)
{
	struct account_fault fault = { 0 };
	uid_t uid;
	gid_t gid;

	switch (account_editor(&admin->rules, domain, &uid, &gid, &fault)) {
	case ACCOUNT_FOUND:
		return EX_OK;
	case ACCOUNT_NO_DOMAIN:
	case ACCOUNT_UNKNOWN:
		return fail(EX_NOUSER,
		    "there is no domain %s; virtdomain CREATE makes it",
		    domain);
	case ACCOUNT_TROUBLE:
		break;
	}
	if (errno != 0)
		return fail_errno("%s/%s/passwd %s", admin->virtual_directory,
		    domain, fault.text);
	return fail(EX_CONFIG, "%s/%s/passwd %s", admin->virtual_directory,
	    domain, fault.text);
}

static int
begin(struct change *change, enum change_kind kind, const char *word)
{
	memset(change, 0, sizeof(*change));
	change->kind = kind;
	return take_address(word, change->user, change->domain);
}

static int
apply(const struct admin *admin, const struct change *change, const char *done,
    const char *planned)
{
	int status = need_domain(admin, change->domain);
	enum change_result result;

	if (status != EX_OK)
		return status;
	result = change_make(admin, change);
	if (result != CHANGE_DONE)
		return explain(admin, change, result);
	printf("%s %s@%s\n", admin->is_dry ? planned : done, change->user,
	    change->domain);
	return EX_OK;
}

/* ---- add and passwd ----------------------------------------------------- */

static int
find_owner(
    const struct admin *admin, const char *domain, uid_t *uid, gid_t *gid)
{
	if (find_ids(admin, domain, uid, gid) == 0)
		return EX_OK;
	if (errno != EPERM)
		return fail_errno("%s/%s", admin->virtual_spool, domain);
	return fail(EX_CONFIG,
	    "%s/%s belongs to root; chown it to the owner of the domain",
	    admin->virtual_spool, domain);
}

static int
seal(const struct admin *admin, const struct change *change, const char *word,
    char sealed[ACCOUNT_HASH_SIZE])
{
	char password[PASSWORD_SIZE] = "";
	int status = ask_password(word, true, password);

	if (status == EX_OK &&
	    change_seal(admin, change->domain, password, sealed) == -1)
		status = fail_errno("the password cannot be stored");
	explicit_bzero(password, sizeof(password));
	return status;
}

int
command_add(const struct admin *admin, char **words)
{
	char sealed[ACCOUNT_HASH_SIZE];
	struct change change;
	int status = begin(&change, CHANGE_ADD, words[0]);
	uid_t uid;
	gid_t gid;

	change.password = sealed;
	if (status == EX_OK)
		status = need_domain(admin, change.domain);
	if (status == EX_OK)
		status = find_owner(admin, change.domain, &uid, &gid);
	if (status == EX_OK)
		status = seal(admin, &change, words[1], sealed);
	if (status == EX_OK)
		status = apply(admin, &change, "added", "would add");
	if (status == EX_OK && !admin->is_dry)
		advise_client(admin, words[0]);
	return status;
}

int
command_passwd(const struct admin *admin, char **words)
{
	char sealed[ACCOUNT_HASH_SIZE];
	struct change change;
	int status = begin(&change, CHANGE_SET, words[0]);

	change.password = sealed;
	if (status == EX_OK)
		status = seal(admin, &change, words[1], sealed);
	if (status == EX_OK)
		status = apply(admin, &change, "set the password of",
		    "would set the password of");
	return status;
}

/* ---- forward ------------------------------------------------------------ */

/* No word stands for the mailbox alone. */
static int
join(char **words, char list[ACCOUNT_FORWARD_SIZE])
{
	char more[ACCOUNT_FORWARD_SIZE];

	list[0] = '\0';
	for (; *words != NULL; words++) {
		if (!forward_is_sound(*words))
			return fail(EX_USAGE,
			    "'%s' is neither an address nor the word mailbox",
			    *words);
		if (!text_format(more, sizeof(more), "%s%s%s", list,
			list[0] == '\0' ? "" : ",", *words))
			return fail(EX_USAGE, "the list is too long");
		memcpy(list, more, sizeof(more));
	}
	return EX_OK;
}

int
command_forward(const struct admin *admin, char **words)
{
	char list[ACCOUNT_FORWARD_SIZE];
	struct change change;
	int status = begin(&change, CHANGE_SET, words[0]);

	change.forward = list;
	if (status == EX_OK)
		status = join(words + 1, list);
	if (status == EX_OK)
		status = apply(admin, &change, "set where mail goes of",
		    "would set where mail goes of");
	return status;
}

/* ---- remove ------------------------------------------------------------- */

/* 0 or errno; as the owner of the mailboxes. */
static int
unlink_path(void *argument)
{
	return unlink(argument) == 0 || errno == ENOENT ? 0 : errno;
}

/* The mailbox of somebody who is no user any more. */
static int
finish_mailbox(const struct admin *admin, const struct change *change)
{
	char path[2 * ADMIN_PATH_SIZE];
	struct stat status;
	uid_t uid;
	gid_t gid;
	int error;

	snprintf(path, sizeof(path), "%s/%s/%s", admin->virtual_spool,
	    change->domain, change->user);
	if (admin->is_dry || lstat(path, &status) == -1)
		return EX_OK;
	if (!admin->purges) {
		printf("the mail stays in %s; somebody who gets this name "
		       "later gets it too\n",
		    path);
		return EX_OK;
	}
	error = find_owner(admin, change->domain, &uid, &gid);
	if (error != EX_OK)
		return error;
	error = on_behalf(uid, gid, unlink_path, path);
	if (error > 0)
		errno = error;
	return error == 0 ? EX_OK : fail_errno("%s", path);
}

int
command_remove(const struct admin *admin, char **words)
{
	struct change change;
	int status = begin(&change, CHANGE_REMOVE, words[0]);

	if (status == EX_OK && strcmp(change.user, POSTMASTER) == 0)
		return fail(EX_USAGE,
		    "every domain needs its postmaster; virtdomain DELETE "
		    "removes the domain");
	if (status == EX_OK)
		status = apply(admin, &change, "removed", "would remove");
	if (status == EX_OK)
		status = finish_mailbox(admin, &change);
	return status;
}
