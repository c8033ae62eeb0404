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

/* A change of one line. */
struct change {
	const struct admin *admin;
	struct account account; /* user and domain, and whose the mail is */
	const char *hash;	/* or the new value of another field */
	int (*make)(struct account_edit *edit, const struct change *change);
};

/* ---- the owner ---------------------------------------------------------- */

/* The mailboxes of a domain belong to whom its spool directory belongs to. */
static int
find_ids(const struct admin *admin, struct account *account)
{
	char path[2 * ADMIN_PATH_SIZE];
	struct stat status;

	snprintf(
	    path, sizeof(path), "%s/%s", admin->virtual_spool, account->domain);
	if (stat(path, &status) == -1)
		return fail_errno("%s", path);
	if (status.st_uid == 0 || status.st_gid == 0)
		return fail(EX_CONFIG,
		    "%s belongs to root; chown it to the owner of the domain",
		    path);
	account->uid = status.st_uid;
	account->gid = status.st_gid;
	return EX_OK;
}

/* ---- the change --------------------------------------------------------- */

static int
explain(const struct change *change)
{
	const struct account *account = &change->account;

	switch (errno) {
	case ENOENT:
		return fail(EX_NOUSER, "there is no user %s@%s", account->user,
		    account->domain);
	case EEXIST:
		return fail(EX_CANTCREAT,
		    "%s@%s is there already; nothing was changed",
		    account->user, account->domain);
	default:
		return fail_errno("%s/%s/passwd",
		    change->admin->virtual_directory, account->domain);
	}
}

/* An exit status; as the editor. */
static int
edit_file(void *argument)
{
	const struct change *change = argument;
	struct account_edit *edit;
	int status = EX_OK;

	if (account_edit_open(
		&edit, &change->admin->rules, change->account.domain) == -1)
		return fail_errno("%s/%s/passwd",
		    change->admin->virtual_directory, change->account.domain);
	if (change->make(edit, change) == -1 ||
	    (!change->admin->is_dry && account_edit_commit(edit) == -1))
		status = explain(change);
	account_edit_close(&edit);
	return status;
}

static int
find_editor(
    const struct admin *admin, const char *domain, uid_t *uid, gid_t *gid)
{
	struct account_fault fault = { 0 };

	switch (account_editor(&admin->rules, domain, uid, gid, &fault)) {
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
apply(struct change *change, const char *done, const char *planned)
{
	int status;
	uid_t uid;
	gid_t gid;

	status = find_editor(change->admin, change->account.domain, &uid, &gid);
	if (status == EX_OK)
		status = on_behalf(uid, gid, edit_file, change);
	if (status == -1)
		status = fail_errno("cannot act for uid %u", (unsigned int)uid);
	if (status == EX_OK)
		printf("%s %s@%s\n", change->admin->is_dry ? planned : done,
		    change->account.user, change->account.domain);
	return status;
}

static int
begin(struct change *change, const struct admin *admin, const char *word,
    int (*make)(struct account_edit *, const struct change *))
{
	memset(change, 0, sizeof(*change));
	change->admin = admin;
	change->make = make;
	return take_address(word, change->account.user, change->account.domain);
}

/* ---- add and passwd ----------------------------------------------------- */

static int
add(struct account_edit *edit, const struct change *change)
{
	return account_edit_add(edit, &change->account, change->hash, "");
}

static int
set_password(struct account_edit *edit, const struct change *change)
{
	return account_edit_set(
	    edit, change->account.user, ACCOUNT_PASSWORD, change->hash);
}

static int
seal(const char *word, char hash[ACCOUNT_HASH_SIZE])
{
	char password[PASSWORD_SIZE] = "";
	int status = ask_password(word, true, password);

	if (status == EX_OK && account_hash(password, hash) == -1)
		status = fail_errno("crypt(3) makes no hash");
	explicit_bzero(password, sizeof(password));
	return status;
}

int
command_add(const struct admin *admin, char **words)
{
	char hash[ACCOUNT_HASH_SIZE];
	struct change change;
	uid_t uid;
	gid_t gid;
	int status = begin(&change, admin, words[0], add);

	change.hash = hash;
	if (status == EX_OK)
		status = find_editor(admin, change.account.domain, &uid, &gid);
	if (status == EX_OK)
		status = find_ids(admin, &change.account);
	if (status == EX_OK)
		status = seal(words[1], hash);
	if (status == EX_OK)
		status = apply(&change, "added", "would add");
	if (status == EX_OK && !admin->is_dry)
		advise_client(admin, words[0]);
	return status;
}

int
command_passwd(const struct admin *admin, char **words)
{
	char hash[ACCOUNT_HASH_SIZE];
	struct change change;
	int status = begin(&change, admin, words[0], set_password);

	change.hash = hash;
	if (status == EX_OK)
		status = seal(words[1], hash);
	if (status == EX_OK)
		status = apply(&change, "set the password of",
		    "would set the password of");
	return status;
}

/* ---- forward ------------------------------------------------------------ */

static int
set_forward(struct account_edit *edit, const struct change *change)
{
	return account_edit_set(
	    edit, change->account.user, ACCOUNT_SHELL, change->hash);
}

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
	int status = begin(&change, admin, words[0], set_forward);

	change.hash = list;
	if (status == EX_OK)
		status = join(words + 1, list);
	if (status == EX_OK)
		status = apply(&change, "set where mail goes of",
		    "would set where mail goes of");
	return status;
}

/* ---- remove ------------------------------------------------------------- */

static int
remove_line(struct account_edit *edit, const struct change *change)
{
	return account_edit_remove(edit, change->account.user);
}

/* 0 or errno; as the owner of the mailboxes. */
static int
unlink_path(void *argument)
{
	return unlink(argument) == 0 || errno == ENOENT ? 0 : errno;
}

/* The mailbox of somebody who is no user any more. */
static int
finish_mailbox(const struct admin *admin, struct account *account)
{
	char path[2 * ADMIN_PATH_SIZE];
	struct stat status;
	int error;

	snprintf(path, sizeof(path), "%s/%s/%s", admin->virtual_spool,
	    account->domain, account->user);
	if (admin->is_dry || lstat(path, &status) == -1)
		return EX_OK;
	if (!admin->purges) {
		printf("the mail stays in %s; somebody who gets this name "
		       "later gets it too\n",
		    path);
		return EX_OK;
	}
	error = find_ids(admin, account);
	if (error != EX_OK)
		return error;
	error = on_behalf(account->uid, account->gid, unlink_path, path);
	if (error > 0)
		errno = error;
	return error == 0 ? EX_OK : fail_errno("%s", path);
}

int
command_remove(const struct admin *admin, char **words)
{
	struct change change;
	int status = begin(&change, admin, words[0], remove_line);

	if (status == EX_OK && strcmp(change.account.user, "postmaster") == 0)
		return fail(EX_USAGE,
		    "every domain needs its postmaster; virtdomain DELETE "
		    "removes the domain");
	if (status == EX_OK)
		status = apply(&change, "removed", "would remove");
	if (status == EX_OK)
		status = finish_mailbox(admin, &change.account);
	return status;
}
