/*
 * Users of this system: passwd and shadow.  Needs root to read shadow; without
 * it nobody of these can log in whose hash is there.
 */
#include "config.h"

#include "account/private.h"
#include "support/text.h"

#include <errno.h>
#include <pwd.h>
#include <shadow.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECONDS_PER_DAY 86400

static bool
is_usable_hash(const char *text)
{
	return text[0] != '\0' && text[0] != '*' && text[0] != '!' &&
	    strcmp(text, "x") != 0;
}

/* The shadow fields that end a login: days since 1970, -1 where unset. */
static const char *
judge_age(const struct spwd *shadow)
{
	long today = (long)(time(NULL) / SECONDS_PER_DAY);

	if (shadow->sp_expire > 0 && today >= shadow->sp_expire)
		return "account expired";
	if (shadow->sp_lstchg == 0)
		return "password must be changed first";
	if (shadow->sp_lstchg > 0 && shadow->sp_max >= 0 &&
	    shadow->sp_inact >= 0 &&
	    today > shadow->sp_lstchg + shadow->sp_max + shadow->sp_inact)
		return "password expired";
	return NULL;
}

static const char *
judge_user(const struct account_rules *rules, const struct passwd *user)
{
	if (user->pw_uid == 0)
		return "uid 0 is never served";
	if (user->pw_gid == 0)
		return "gid 0 is never served";
	if (user->pw_uid < rules->least_uid)
		return "uid below --min-uid";
	return NULL;
}

static void
take_secret(struct record *record, const char *hash)
{
	if (!is_usable_hash(hash) && record->refusal == NULL)
		record->refusal = "account locked";
	if (is_usable_hash(hash) &&
	    text_copy(record->secret, sizeof(record->secret), hash))
		record->kind = SECRET_HASH;
}

static void
take_user(struct record *record, const struct passwd *user)
{
	struct account *account = &record->account;

	text_copy(account->name, sizeof(account->name), user->pw_name);
	text_copy(account->user, sizeof(account->user), user->pw_name);
	text_copy(account->home, sizeof(account->home), user->pw_dir);
	account->uid = user->pw_uid;
	account->gid = user->pw_gid;
}

/* Any hash of this system, for the time that unknown users take. */
static void
find_decoy(char decoy[SECRET_SIZE])
{
	const struct spwd *shadow;

	setspent();
	while (decoy[0] == '\0' && (shadow = getspent()) != NULL)
		if (is_usable_hash(shadow->sp_pwdp) &&
		    secret_is_hash(shadow->sp_pwdp))
			text_copy(decoy, SECRET_SIZE, shadow->sp_pwdp);
	endspent();
}

/* What is done for every name, so that the time does not tell which exist. */
static void
begin(const struct account_rules *rules, const char *user,
    enum account_search result, struct search *search)
{
	memset(search, 0, sizeof(*search));
	search->found = result;
	find_decoy(search->decoy);
	apop_find(rules, user, search->record.proof_secret);
}

void
system_find_nobody(const struct account_rules *rules,
    enum account_search result, struct search *search)
{
	begin(rules, "", result, search);
	search->record.proof_secret[0] = '\0';
}

/* Fills all of the search but the decoy. */
static void
look_up(
    const struct account_rules *rules, const char *user, struct search *search)
{
	const struct passwd *found;
	const struct spwd *shadow;
	int error;

	errno = 0;
	found = getpwnam(user);
	error = errno;
	errno = 0;
	shadow = getspnam(user); /* it takes its time for unknown users too */
	if (found == NULL) {
		if (is_trouble(error))
			search->found = ACCOUNT_TROUBLE;
		return;
	}
	if (shadow == NULL && is_trouble(errno)) {
		search->found = ACCOUNT_TROUBLE;
		return;
	}
	search->found = ACCOUNT_FOUND;
	take_user(&search->record, found);
	search->record.refusal = judge_user(rules, found);
	if (shadow != NULL && search->record.refusal == NULL)
		search->record.refusal = judge_age(shadow);
	take_secret(&search->record,
	    shadow != NULL ? shadow->sp_pwdp : found->pw_passwd);
}

void
system_find(
    const struct account_rules *rules, const char *user, struct search *search)
{
	begin(rules, user, ACCOUNT_UNKNOWN, search);
	look_up(rules, user, search);
}

void
system_look(
    const struct account_rules *rules, const char *user, struct search *search)
{
	memset(search, 0, sizeof(*search));
	search->found = ACCOUNT_UNKNOWN;
	apop_find(rules, user, search->record.proof_secret);
	look_up(rules, user, search);
}
