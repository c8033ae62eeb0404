/* Users as data, for who shows them. */
#include "config.h"

#include "admin/private.h"
#include "support/hash.h"
#include "support/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- users -------------------------------------------------------------- */

bool
look_mailbox(const struct admin *admin, const struct account *account,
    struct stat *status)
{
	char path[2 * ADMIN_PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s/%s", admin->virtual_spool,
	    account->domain, account->user);
	return lstat(path, status) == 0;
}

static void
complete(const struct admin *admin, struct user *user)
{
	struct stat status;

	forward_parse(
	    &user->forward, user->line.forward, user->line.account.name);
	user->size = user->last_read = -1;
	if (!look_mailbox(admin, &user->line.account, &status))
		return;
	user->size = (int64_t)status.st_size;
	user->last_read = (int64_t)status.st_atime;
}

bool
user_next(const struct admin *admin, struct account_survey *survey,
    struct user *user, int *error)
{
	while (account_survey_next(survey, &user->line, error)) {
		if (user->line.fault != NULL)
			continue;
		complete(admin, user);
		return true;
	}
	return false;
}

enum account_search
user_find(const struct admin *admin, const char *domain, const char *name,
    struct user *user, struct account_fault *fault)
{
	struct account_survey *survey;
	enum account_search found = ACCOUNT_NO_DOMAIN;
	int error = 0;

	if (account_is_domain_name(domain))
		found =
		    account_survey_open(&survey, &admin->rules, domain, fault);
	if (found != ACCOUNT_FOUND)
		return found;
	found = ACCOUNT_UNKNOWN;
	while (found == ACCOUNT_UNKNOWN &&
	    account_survey_next(survey, &user->line, &error))
		if (user->line.fault == NULL &&
		    strcmp(user->line.account.user, name) == 0)
			found = ACCOUNT_FOUND;
	account_survey_close(&survey);
	if (found == ACCOUNT_FOUND)
		complete(admin, user);
	fault->text = "cannot be read";
	errno = error;
	return error != 0 ? ACCOUNT_TROUBLE : found;
}

/* ---- the line that was seen --------------------------------------------- */

int
seen_digest(const struct admin *admin, const char *domain,
    const struct account_edit *edit, const char *user,
    char digest[CHANGE_DIGEST_SIZE])
{
	unsigned char secret[DOMAIN_SECRET_SIZE], made[HASH_LENGTH];
	char text[ACCOUNT_LINE_SIZE + sizeof("line ")] = "line ";

	if (account_edit_line(edit, user, text + strlen(text)) == -1)
		return -1;
	if (domain_secret(admin, domain, secret) == -1) {
		/* Not to be taken for a user who is not there. */
		errno = errno == ENOENT ? ENOKEY : errno;
		explicit_bzero(text, sizeof(text));
		return -1;
	}
	hash_hmac(
	    &hash_sha256, secret, sizeof(secret), text, strlen(text), made);
	hash_hex(made, sizeof(made), digest);
	explicit_bzero(secret, sizeof(secret));
	explicit_bzero(text, sizeof(text));
	return 0;
}

int
change_seen(const struct admin *admin, const char *domain, const char *user,
    char digest[CHANGE_DIGEST_SIZE])
{
	struct account_edit *edit;
	int result;

	if (account_edit_look(&edit, &admin->rules, domain) == -1)
		return -1;
	result = seen_digest(admin, domain, edit, user, digest);
	account_edit_close(&edit);
	return result;
}

bool
domain_wants_apop(const struct admin *admin, const char *domain)
{
	struct account_edit *edit;
	bool wants;

	if (account_edit_look(&edit, &admin->rules, domain) == -1)
		return false;
	wants = mark_wants_apop(account_edit_text(edit));
	account_edit_close(&edit);
	return wants;
}
