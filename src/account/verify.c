/*
 * Who may be logged in: the one place that decides it.
 *
 * A stored secret is compared one way only: a hash with crypt(3), a plain text
 * octet by octet.  So the text of a stolen hash opens nothing.  Every attempt
 * costs at most one crypt(3), and costs it also where the user is unknown or
 * locked or has a plain secret, if anybody in the same file has a hash.
 */
#include "config.h"

#include "account/private.h"
#include "support/log.h"
#include "support/md5.h"
#include "support/secret.h"
#include "support/text.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

/* What separates user and domain in a login; vm-pop3d knew them all. */
#define SEPARATORS "@%:!;"

/* ---- the login name ----------------------------------------------------- */

struct login {
	char user[CREDENTIALS_NAME_SIZE];
	char domain[CREDENTIALS_NAME_SIZE]; /* empty for none */
};

static void
split_login(const char *name, struct login *login)
{
	size_t length = strcspn(name, SEPARATORS);

	memcpy(login->user, name, length);
	login->user[length] = '\0';
	text_copy(login->domain, sizeof(login->domain),
	    name[length] == '\0' ? "" : name + length + 1);
	text_lower(login->user);
	text_lower(login->domain);
}

/* The domain whose passwd file counts, or NULL for a user of the system. */
static const char *
choose_domain(const struct account_rules *rules, const struct login *login,
    const char *local_domain)
{
	if (login->domain[0] != '\0')
		return strcmp(login->domain, rules->default_domain) == 0
		    ? NULL
		    : login->domain;
	if (local_domain != NULL &&
	    account_find_domain(rules, local_domain) == local_domain)
		return local_domain;
	return NULL;
}

/* ---- looking up --------------------------------------------------------- */

static void
look_up(const struct account_rules *rules, const char *user, const char *domain,
    struct search *search)
{
	memset(search, 0, sizeof(*search));
	if (!account_is_user_name(user))
		system_find_nobody(ACCOUNT_UNKNOWN, search);
	else if (domain == NULL)
		system_find(rules, user, search);
	else if (account_is_domain_name(domain))
		virtual_find(rules, user, domain, search);
	else
		search->found = ACCOUNT_NO_DOMAIN;
	if (search->found == ACCOUNT_NO_DOMAIN)
		system_find_nobody(ACCOUNT_NO_DOMAIN, search);
	log_trace(TRACE_LOGIN, "look-up in %s: %s",
	    domain == NULL ? "the system" : "a virtual domain",
	    search->found == ACCOUNT_FOUND ? "found" : "not found");
}

/* With "s-" in front, where no account has such a name, the rest of the name
 * is meant. */
static void
look_up_login(const struct account_rules *rules, const struct login *login,
    const char *local_domain, struct search *search)
{
	const char *domain = choose_domain(rules, login, local_domain);

	look_up(rules, login->user, domain, search);
	if (search->found != ACCOUNT_UNKNOWN ||
	    strncmp(login->user, "s-", 2) != 0)
		return;
	look_up(rules, login->user + 2, domain, search);
	search->record.account.leaves_status = true;
}

/* ---- comparing ---------------------------------------------------------- */

bool
secret_matches_hash(const char *password, const char *stored)
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *hash;
	bool matches;

	if (data == NULL)
		return false;
	hash = crypt_r(password, stored, data);
	matches = hash != NULL && hash[0] != '*' &&
	    strlen(hash) == strlen(stored) &&
	    secret_equal(hash, stored, strlen(stored));
	explicit_bzero(data, sizeof(*data));
	free(data);
	return matches;
}

/* Digests first: then the time does not depend on where texts differ. */
static bool
is_same_text(const char *a, const char *b)
{
	unsigned char digests[2][MD5_LENGTH];
	struct md5 md5;

	md5_init(&md5);
	md5_update(&md5, a, strlen(a));
	md5_final(&md5, digests[0]);
	md5_init(&md5);
	md5_update(&md5, b, strlen(b));
	md5_final(&md5, digests[1]);
	return secret_equal(digests[0], digests[1], MD5_LENGTH) &&
	    strcmp(a, b) == 0;
}

/* RFC 1939 section 7: MD5 over the stamp with its brackets, then the secret. */
static bool
matches_apop(const char *digest, const char *stamp, const char *secret)
{
	unsigned char expected[MD5_LENGTH];
	char hex[2 * MD5_LENGTH + 1];
	struct md5 md5;

	md5_init(&md5);
	md5_update(&md5, stamp, strlen(stamp));
	md5_update(&md5, secret, strlen(secret));
	md5_final(&md5, expected);
	md5_hex(expected, hex);
	return strlen(digest) == 2 * MD5_LENGTH &&
	    secret_equal(digest, hex, 2 * MD5_LENGTH);
}

static bool
matches_password(const char *password, const struct search *search)
{
	const struct record *record = &search->record;

	if (search->found == ACCOUNT_FOUND && record->kind == SECRET_HASH)
		return secret_matches_hash(password, record->secret);
	if (search->decoy[0] != '\0')
		(void)secret_matches_hash(password, search->decoy);
	return search->found == ACCOUNT_FOUND && record->kind == SECRET_PLAIN &&
	    is_same_text(password, record->secret);
}

static bool
matches(const struct credentials *credentials, const char *stamp,
    const struct search *search)
{
	switch (credentials->kind) {
	case CREDENTIALS_PASSWORD:
		return matches_password(credentials->secret, search);
	case CREDENTIALS_APOP:
		return search->record.kind == SECRET_PLAIN &&
		    matches_apop(
			credentials->secret, stamp, search->record.secret);
	}
	return false;
}

/* ---- deciding ----------------------------------------------------------- */

static const char *
explain_mismatch(
    const struct credentials *credentials, const struct search *search)
{
	if (search->found == ACCOUNT_NO_DOMAIN)
		return "unknown domain";
	if (search->found == ACCOUNT_UNKNOWN)
		return "unknown user";
	if (search->record.refusal != NULL)
		return search->record.refusal;
	if (credentials->kind == CREDENTIALS_APOP &&
	    search->record.kind != SECRET_PLAIN)
		return "APOP needs a plain-text secret";
	return "wrong password";
}

static enum account_verdict
decide(const struct credentials *credentials, const char *stamp,
    const struct search *search, const char **why)
{
	bool is_match = matches(credentials, stamp, search);

	if (search->found == ACCOUNT_TROUBLE) {
		*why = "accounts cannot be read";
		return ACCOUNT_TRY_LATER;
	}
	if (!is_match || search->record.refusal != NULL) {
		*why = explain_mismatch(credentials, search);
		return ACCOUNT_REFUSED;
	}
	*why = "accepted";
	return ACCOUNT_ACCEPTED;
}

enum account_verdict
account_verify(const struct account_rules *rules,
    const struct credentials *credentials, const char *stamp,
    const char *local_domain, struct account *account, const char **why)
{
	enum account_verdict verdict;
	struct search search;
	struct login login;

	split_login(credentials->name, &login);
	look_up_login(rules, &login, local_domain, &search);
	verdict = decide(credentials, stamp, &search, why);
	if (verdict == ACCOUNT_ACCEPTED)
		*account = search.record.account;
	explicit_bzero(&search, sizeof(search));
	return verdict;
}
