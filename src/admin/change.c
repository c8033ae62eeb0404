/*
 * A change of one user, however it was asked for: it is made under the lock of
 * the passwd file, with the rights of whom that belongs to, and only if the
 * line is still the one that the person has seen.
 */
#include "config.h"

#include "admin/private.h"
#include "support/secret.h"
#include "support/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the editor's process ends with: 0, an errno, or this and a result. */
#define RESULT_BASE 200

struct work {
	const struct admin *admin;
	const struct change *change;
	enum change_result (*apply)(
	    const struct work *work, struct account_edit *edit);
};

/* ---- is it sound -------------------------------------------------------- */

bool
forward_list_is_sound(const char *list)
{
	char text[ACCOUNT_FORWARD_SIZE], *rest = text, *word;
	unsigned int count = 0;

	if (!text_copy(text, sizeof(text), list))
		return false;
	if (list[0] == '\0')
		return true;
	while ((word = text_field(&rest, ',')) != NULL)
		if (!forward_is_sound(word) || ++count > FORWARD_MOST)
			return false;
	return true;
}

/* A hash, or what says of itself that it is none. */
static enum change_result
judge_password(const char *password, bool wants_apop)
{
	if (password[0] == '$')
		return CHANGE_DONE;
	if (strncmp(password, PLAIN_MARK, strlen(PLAIN_MARK)) != 0)
		return CHANGE_UNSOUND;
	return wants_apop ? CHANGE_DONE : CHANGE_FORBIDDEN;
}

enum change_result
change_judge(const struct change *change, bool wants_apop)
{
	if (!account_is_user_name(change->user) ||
	    !account_is_domain_name(change->domain) ||
	    (change->kind == CHANGE_ADD && change->password == NULL))
		return CHANGE_UNSOUND;
	if (change->kind == CHANGE_REMOVE)
		return strcmp(change->user, POSTMASTER) == 0 ? CHANGE_FORBIDDEN
							     : CHANGE_DONE;
	if (change->name != NULL && strlen(change->name) >= ACCOUNT_GECOS_SIZE)
		return CHANGE_TOO_LONG;
	if (change->forward != NULL && !forward_list_is_sound(change->forward))
		return CHANGE_UNSOUND;
	return change->password == NULL
	    ? CHANGE_DONE
	    : judge_password(change->password, wants_apop);
}

/* ---- the line ----------------------------------------------------------- */

/* What errno says of an edit. */
static enum change_result
result_of_errno(void)
{
	switch (errno) {
	case ENOENT:
		return CHANGE_NO_USER;
	case EEXIST:
		return CHANGE_EXISTS;
	case EINVAL:
		return CHANGE_UNSOUND;
	case EMSGSIZE:
		return CHANGE_TOO_LONG;
	case ENOTSUP:
		return CHANGE_NO_FIELD;
	default:
		return CHANGE_TROUBLE;
	}
}

/* The mailboxes of a domain belong to whom its spool directory belongs to. */
int
find_ids(const struct admin *admin, const char *domain, uid_t *uid, gid_t *gid)
{
	char path[2 * ADMIN_PATH_SIZE];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", admin->virtual_spool, domain);
	if (stat(path, &status) == -1)
		return -1;
	*uid = status.st_uid;
	*gid = status.st_gid;
	errno = EPERM;
	return *uid == 0 || *gid == 0 ? -1 : 0;
}

static int
set_field(struct account_edit *edit, const struct change *change,
    enum account_field field, const char *value)
{
	return value == NULL
	    ? 0
	    : account_edit_set(edit, change->user, field, value);
}

static enum change_result
add(const struct work *work, struct account_edit *edit)
{
	const struct change *change = work->change;
	struct account account;

	memset(&account, 0, sizeof(account));
	text_copy(account.user, sizeof(account.user), change->user);
	text_copy(account.domain, sizeof(account.domain), change->domain);
	if (find_ids(work->admin, change->domain, &account.uid, &account.gid) ==
	    -1)
		return CHANGE_TROUBLE;
	if (account_edit_add(edit, &account, change->password,
		change->name == NULL ? "" : change->name) == -1 ||
	    set_field(edit, change, ACCOUNT_SHELL, change->forward) == -1)
		return result_of_errno();
	return CHANGE_DONE;
}

static enum change_result
set_or_remove(const struct work *work, struct account_edit *edit)
{
	const struct change *change = work->change;
	char now[CHANGE_DIGEST_SIZE];

	if (change->seen[0] != '\0') {
		if (seen_digest(work->admin, change->domain, edit, change->user,
			now) == -1)
			return result_of_errno();
		if (!secret_equal(now, change->seen, sizeof(now)))
			return CHANGE_CONFLICT;
	}
	if (change->kind == CHANGE_REMOVE
		? account_edit_remove(edit, change->user) == -1
		: set_field(edit, change, ACCOUNT_PASSWORD, change->password) ==
			-1 ||
		    set_field(edit, change, ACCOUNT_GECOS, change->name) ==
			-1 ||
		    set_field(edit, change, ACCOUNT_SHELL, change->forward) ==
			-1)
		return result_of_errno();
	return CHANGE_DONE;
}

static enum change_result
apply(const struct work *work, struct account_edit *edit)
{
	enum change_result result = change_judge(
	    work->change, mark_wants_apop(account_edit_text(edit)));

	if (result != CHANGE_DONE)
		return result;
	return work->change->kind == CHANGE_ADD ? add(work, edit)
						: set_or_remove(work, edit);
}

/* ---- the file ----------------------------------------------------------- */

/* As the editor. */
static int
edit_file(void *argument)
{
	const struct work *work = argument;
	struct account_edit *edit;
	enum change_result result;
	int error;

	if (account_edit_open(
		&edit, &work->admin->rules, work->change->domain) == -1)
		return errno;
	result = work->apply(work, edit);
	if (result == CHANGE_DONE && !work->admin->is_dry &&
	    account_edit_commit(edit) == -1)
		result = CHANGE_TROUBLE;
	error = errno;
	account_edit_close(&edit);
	return result == CHANGE_TROUBLE ? error : RESULT_BASE + (int)result;
}

static enum change_result
run(const struct work *work)
{
	struct work copy = *work;
	struct account_fault fault;
	int answer;
	uid_t uid;
	gid_t gid;

	switch (account_editor(
	    &work->admin->rules, work->change->domain, &uid, &gid, &fault)) {
	case ACCOUNT_FOUND:
		break;
	case ACCOUNT_NO_DOMAIN:
	case ACCOUNT_UNKNOWN:
		errno = ENOENT;
		return CHANGE_TROUBLE;
	case ACCOUNT_TROUBLE:
		errno = errno != 0 ? errno : EPERM;
		return CHANGE_TROUBLE;
	}
	answer = on_behalf(uid, gid, edit_file, &copy);
	if (answer >= RESULT_BASE)
		return (enum change_result)(answer - RESULT_BASE);
	errno = answer > 0 ? answer : answer == 0 ? EIO : errno;
	return CHANGE_TROUBLE;
}

enum change_result
change_make(const struct admin *admin, const struct change *change)
{
	struct work work = { admin, change, apply };

	return run(&work);
}

/* ---- once more ---------------------------------------------------------- */

static bool
has_field(const struct account_edit *edit, const char *user,
    enum account_field field, const char *wanted)
{
	char value[ACCOUNT_LINE_SIZE];

	return wanted == NULL ||
	    (account_edit_get(edit, user, field, value, sizeof(value)) == 0 &&
		strcmp(value, wanted) == 0);
}

static bool
is_done(const struct change *change, const struct account_edit *edit)
{
	char line[ACCOUNT_LINE_SIZE];

	if (change->kind == CHANGE_REMOVE)
		return account_edit_line(edit, change->user, line) == -1 &&
		    errno == ENOENT;
	return has_field(
		   edit, change->user, ACCOUNT_PASSWORD, change->password) &&
	    has_field(edit, change->user, ACCOUNT_GECOS, change->name) &&
	    has_field(edit, change->user, ACCOUNT_SHELL, change->forward);
}

static enum change_result
apply_again(const struct work *work, struct account_edit *edit)
{
	return is_done(work->change, edit) ? CHANGE_DONE : apply(work, edit);
}

enum change_result
change_make_again(const struct admin *admin, const struct change *change)
{
	struct work work = { admin, change, apply_again };

	return run(&work);
}

/* ---- how, and what for -------------------------------------------------- */

static bool
has_secret(const struct admin *admin, const char *domain)
{
	unsigned char secret[DOMAIN_SECRET_SIZE];
	bool is_there = domain_secret(admin, domain, secret) == 0;

	explicit_bzero(secret, sizeof(secret));
	return is_there;
}

enum change_way
change_way(const struct admin *admin, const char *domain, const char **why)
{
	struct account_fault fault = { 0 };
	uid_t uid;
	gid_t gid;

	*why = "there is no such domain";
	switch (account_editor(&admin->rules, domain, &uid, &gid, &fault)) {
	case ACCOUNT_NO_DOMAIN:
	case ACCOUNT_UNKNOWN:
		return CHANGE_NOT;
	case ACCOUNT_TROUBLE:
		*why = fault.text;
		return CHANGE_NOT;
	case ACCOUNT_FOUND:
		break;
	}
	if (uid == geteuid() || geteuid() == 0)
		return CHANGE_DIRECTLY;
	*why = "the secret of the domain cannot be read; virtdomain web has "
	       "to be run";
	if (!has_secret(admin, domain))
		return CHANGE_NOT;
	*why = "sendmail is not there";
	return access(admin->sendmail, X_OK) == 0 ? CHANGE_BY_MAIL : CHANGE_NOT;
}

/* A colon ends the field, and a line end the line. */
static int
seal_plain(const char *password, char sealed[ACCOUNT_HASH_SIZE])
{
	const char *p;

	errno = EINVAL;
	for (p = password; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f || *p == ':')
			return -1;
	return password[0] != '\0' &&
		text_format(
		    sealed, ACCOUNT_HASH_SIZE, PLAIN_MARK "%s", password)
	    ? 0
	    : -1;
}

int
change_seal(const struct admin *admin, const char *domain, const char *password,
    char sealed[ACCOUNT_HASH_SIZE])
{
	return domain_wants_apop(admin, domain)
	    ? seal_plain(password, sealed)
	    : account_hash(password, sealed);
}

const char *
change_text(enum change_result result)
{
	static const char *const texts[] = {
		[CHANGE_DONE] = "done",
		[CHANGE_WAITING] = "not known yet",
		[CHANGE_CONFLICT] = "somebody else has changed the line "
				    "meanwhile",
		[CHANGE_EXISTS] = "there is such a user already",
		[CHANGE_NO_USER] = "there is no such user",
		[CHANGE_UNSOUND] = "a value cannot stand in its field",
		[CHANGE_TOO_LONG] = "the line would be too long",
		[CHANGE_NO_FIELD] = "the line has only two fields, name and "
				    "password",
		[CHANGE_FORBIDDEN] = "that is not allowed",
		[CHANGE_TROUBLE] = "it cannot be done now",
	};

	return texts[result];
}
