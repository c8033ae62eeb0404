/*
 * Who may be logged in: the one place that decides it.
 *
 * A stored secret is compared one way only: a hash with crypt(3), a plain text
 * octet by octet.  So the text of a stolen hash opens nothing.  Every attempt
 * with a password costs at most one crypt(3), and costs it also where the user
 * is unknown or locked or has a plain secret, if anybody in the same file has a
 * hash; only a right password may cost none, with a cache.  Every attempt with
 * a proof costs the work of that proof, if need be on a secret that nobody has.
 */
#include "config.h"

#include "account/cache.h"
#include "account/private.h"
#include "support/log.h"
#include "support/hash.h"
#include "support/secret.h"
#include "support/text.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

/* What separates user and domain in a login; vm-pop3d knew them all. */
#define SEPARATORS "@%:!;"

/* ---- the login name ----------------------------------------------------- */

void
login_name_split(const char *name, struct login_name *login)
{
	size_t length = strcspn(name, SEPARATORS);

	memcpy(login->user, name, length);
	login->user[length] = '\0';
	text_copy(login->domain, sizeof(login->domain),
	    name[length] == '\0' ? "" : name + length + 1);
	text_lower(login->user);
	text_lower(login->domain);
}

const char *
login_name_domain(const struct account_rules *rules,
    const struct login_name *login, const char *local_domain)
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
		system_find_nobody(rules, ACCOUNT_UNKNOWN, search);
	else if (domain == NULL)
		system_find(rules, user, search);
	else if (account_is_domain_name(domain))
		virtual_find(rules, user, domain, secret_is_hash, search);
	else
		search->found = ACCOUNT_NO_DOMAIN;
	if (search->found == ACCOUNT_NO_DOMAIN)
		system_find_nobody(rules, ACCOUNT_NO_DOMAIN, search);
	log_trace(TRACE_LOGIN, "look-up in %s: %s",
	    domain == NULL ? "the system" : "a virtual domain",
	    search->found == ACCOUNT_FOUND ? "found" : "not found");
}

/* With "s-" in front, where no account has such a name, the rest of the name
 * is meant. */
static void
look_up_login(const struct account_rules *rules, const struct login_name *login,
    const char *local_domain, struct search *search)
{
	const char *domain = login_name_domain(rules, login, local_domain);

	look_up(rules, login->user, domain, search);
	if (search->found != ACCOUNT_UNKNOWN ||
	    strncmp(login->user, "s-", 2) != 0)
		return;
	look_up(rules, login->user + 2, domain, search);
	search->record.account.leaves_status = true;
}

/* ---- comparing ---------------------------------------------------------- */

bool
secret_is_hash(const char *text)
{
#ifdef HAVE_CRYPT_CHECKSALT
	int judgement = crypt_checksalt(text);

	return judgement != CRYPT_SALT_INVALID &&
	    judgement != CRYPT_SALT_METHOD_DISABLED;
#else
	return text[0] != '*';
#endif
}

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
	unsigned char digests[2][HASH_LENGTH];

	hash_once(&hash_sha256, a, strlen(a), digests[0]);
	hash_once(&hash_sha256, b, strlen(b), digests[1]);
	return secret_equal(digests[0], digests[1], HASH_LENGTH) &&
	    strcmp(a, b) == 0;
}

static bool
has_plain(const struct search *search)
{
	return search->found == ACCOUNT_FOUND &&
	    search->record.kind == SECRET_PLAIN &&
	    search->record.secret[0] != '\0';
}

/* crypt(3), unless it has found the same before. */
static bool
matches_hash(struct account_cache *cache, const char *password,
    const struct record *record)
{
	unsigned char digest[HASH_LENGTH];
	bool is_known = cache_recalls(
	    cache, record->account.name, password, record->secret, digest);
	bool is_match =
	    is_known || secret_matches_hash(password, record->secret);

	if (is_match && !is_known)
		cache_note(cache, digest);
	explicit_bzero(digest, sizeof(digest));
	return is_match;
}

/* The same work for nobody, who is never remembered. */
static void
spend(
    const struct account_cache *cache, const char *password, const char *decoy)
{
	unsigned char digest[HASH_LENGTH];

	(void)cache_recalls(cache, "", password, decoy, digest);
	(void)secret_matches_hash(password, decoy);
	explicit_bzero(digest, sizeof(digest));
}

static bool
matches_password(struct account_cache *cache, const char *password,
    const struct search *search)
{
	const struct record *record = &search->record;

	if (search->found == ACCOUNT_FOUND && record->kind == SECRET_HASH &&
	    secret_is_hash(record->secret))
		return matches_hash(cache, password, record);
	if (search->decoy[0] != '\0')
		spend(cache, password, search->decoy);
	return has_plain(search) && is_same_text(password, record->secret);
}

/* In SASL passwords are text, not octets. */
static bool
matches_prepared(
    struct account_cache *cache, const char *password, struct search *search)
{
	char prepared[CREDENTIALS_SECRET_SIZE];
	bool is_match;

	text_copy(prepared, sizeof(prepared), password);
	secret_prepare(prepared);
	secret_prepare(search->record.secret);
	is_match =
	    prepared[0] != '\0' && matches_password(cache, prepared, search);
	explicit_bzero(prepared, sizeof(prepared));
	return is_match;
}

/* Where the secret would be by which this account can prove itself.  A user of
 * the system has another one than his password. */
static char *
proof_secret(struct record *record)
{
	return record->kind == SECRET_PLAIN ? record->secret
					    : record->proof_secret;
}

static bool
matches_proof(const struct credentials *credentials, const char *stamp,
    struct search *search, unsigned char *signature)
{
	static const char nobodys[] = "a secret of nobody";
	const char *secret = proof_secret(&search->record);

	if (search->found == ACCOUNT_FOUND && secret[0] != '\0')
		return secret_is_proved(credentials, stamp, secret, signature);
	(void)secret_is_proved(credentials, stamp, nobodys, signature);
	return false;
}

static bool
matches(struct account_cache *cache, const struct credentials *credentials,
    const char *stamp, struct search *search, unsigned char *signature)
{
	switch (credentials->kind) {
	case CREDENTIALS_PASSWORD:
		return matches_password(cache, credentials->secret, search);
	case CREDENTIALS_PLAIN:
	case CREDENTIALS_LOGIN:
		return matches_prepared(cache, credentials->secret, search);
	case CREDENTIALS_CRAM_MD5:
	case CREDENTIALS_SCRAM_SHA_1:
	case CREDENTIALS_SCRAM_SHA_256:
		secret_prepare(proof_secret(&search->record));
		break;
	case CREDENTIALS_APOP:
		break;
	}
	return matches_proof(credentials, stamp, search, signature);
}

/* ---- deciding ----------------------------------------------------------- */

static bool
shows_password(const struct credentials *credentials)
{
	return credentials->kind == CREDENTIALS_PASSWORD ||
	    credentials->kind == CREDENTIALS_PLAIN ||
	    credentials->kind == CREDENTIALS_LOGIN;
}

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
	if (!shows_password(credentials) &&
	    search->record.kind != SECRET_PLAIN &&
	    search->record.proof_secret[0] == '\0')
		return "method needs a plain-text secret";
	return "wrong password";
}

static enum account_verdict
decide(const struct credentials *credentials, bool is_match,
    const struct search *search, const char **why)
{
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
    const char *local_domain, struct account_finding *finding)
{
	enum account_verdict verdict;
	struct search search;
	struct login_name login;
	bool is_match;

	memset(finding, 0, sizeof(*finding));
	login_name_split(credentials->name, &login);
	look_up_login(rules, &login, local_domain, &search);
	is_match = matches(
	    rules->cache, credentials, stamp, &search, finding->signature);
	verdict = decide(credentials, is_match, &search, &finding->why);
	if (verdict == ACCOUNT_ACCEPTED)
		finding->account = search.record.account;
	else
		explicit_bzero(finding->signature, sizeof(finding->signature));
	explicit_bzero(&search, sizeof(search));
	return verdict;
}
