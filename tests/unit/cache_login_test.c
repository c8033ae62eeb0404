/* account/verify with a login cache: what is remembered, and what counts. */
#include "config.h"

#include "account/cache.h"
#include "account/private.h"
#include "accounts.h"
#include "box.h"
#include "support/clock.h"
#include "support/text.h"
#include "tap.h"

#include <crypt.h>
#include <string.h>

static struct account_rules rules;
static char hash[200];

static void
write_accounts(const char *stored)
{
	struct bytes file = { 0 };

	accounts_add(&file, "hal", stored);
	accounts_add(&file, "joe", "plain");
	if (box_has("etc/kvt.dk"))
		box_write("etc/kvt.dk/passwd", &file);
	else
		accounts_write("kvt.dk", &file);
	bytes_free(&file);
}

static enum account_verdict
verify(enum credentials_kind kind, const char *name, const char *password)
{
	struct credentials credentials = { .kind = kind };
	struct account_finding finding;

	text_copy(credentials.name, sizeof(credentials.name), name);
	text_copy(credentials.secret, sizeof(credentials.secret), password);
	return account_verify(
	    &rules, &credentials, "<1.2@kvt.dk>", NULL, &finding);
}

static bool
is_empty(const struct account_cache *cache)
{
	const unsigned char *octets = (const unsigned char *)cache->slots;
	size_t i = 0;

	while (i < sizeof(cache->slots) && octets[i] == 0)
		i++;
	return i == sizeof(cache->slots);
}

/* As crypt(3) would never find: only who asks the cache can believe it. */
static void
remember(const char *name, const char *password, const char *stored)
{
	unsigned char digest[HASH_LENGTH];

	cache_digest(rules.cache, name, password, stored, digest);
	cache_note(rules.cache, digest);
}

static void
unremembered(void)
{
	is_number(verify(CREDENTIALS_PASSWORD, "hal@kvt.dk", "wrong"),
	    ACCOUNT_REFUSED, "a wrong password is refused");
	is_number(verify(CREDENTIALS_PASSWORD, "nobody@kvt.dk", "right"),
	    ACCOUNT_REFUSED, "so is nobody with the password of somebody");
	is_number(verify(CREDENTIALS_PASSWORD, "joe@kvt.dk", "plain"),
	    ACCOUNT_ACCEPTED, "a plain password costs no crypt(3)");
	is_number(verify(CREDENTIALS_PASSWORD, "joe@kvt.dk", "right"),
	    ACCOUNT_REFUSED, "nobody has that of another one");
	ok(is_empty(rules.cache), "nothing of all that is remembered");
}

static void
remembered(void)
{
	unsigned char digest[HASH_LENGTH];

	is_number(verify(CREDENTIALS_PASSWORD, "HAL%kvt.dk", "right"),
	    ACCOUNT_ACCEPTED, "a right password is accepted");
	cache_digest(rules.cache, "hal@kvt.dk", "right", hash, digest);
	ok(cache_has(rules.cache, digest, clock_now()),
	    "and remembered, under the name of the account");
	remember("hal@kvt.dk", "wrong", hash);
	is_number(verify(CREDENTIALS_PASSWORD, "hal@kvt.dk", "wrong"),
	    ACCOUNT_ACCEPTED, "what is remembered is accepted");
	is_number(verify(CREDENTIALS_PLAIN, "hal@kvt.dk", "wrong"),
	    ACCOUNT_ACCEPTED, "by SASL as well");
	is_number(verify(CREDENTIALS_APOP, "hal@kvt.dk", "wrong"),
	    ACCOUNT_REFUSED, "but it proves nothing by APOP");
	remember("", "any", hash);
	is_number(verify(CREDENTIALS_PASSWORD, "nobody@kvt.dk", "any"),
	    ACCOUNT_REFUSED, "and nobody is never let in");
}

static void
changed(void)
{
	char another[200];

	text_copy(
	    another, sizeof(another), crypt("right", "$5$rounds=1000$other$"));
	write_accounts(another);
	is_number(verify(CREDENTIALS_PASSWORD, "hal@kvt.dk", "wrong"),
	    ACCOUNT_REFUSED, "another hash, and it counts no more");
	write_accounts("x");
	is_number(verify(CREDENTIALS_PASSWORD, "hal@kvt.dk", "right"),
	    ACCOUNT_REFUSED, "who is locked is not let in");
	write_accounts(hash);
	is_number(verify(CREDENTIALS_PASSWORD, "hal@kvt.dk", "wrong"),
	    ACCOUNT_ACCEPTED, "the same hash, and it counts again");
	is_number(account_cache_close(&rules.cache), 0, "a cache is closed");
	ok(rules.cache == NULL, "and is none then");
	is_number(verify(CREDENTIALS_PASSWORD, "hal@kvt.dk", "wrong"),
	    ACCOUNT_REFUSED, "without a cache there is only crypt(3)");
}

int
main(void)
{
	box_open();
	box_log_to("log");
	rules = accounts_open();
	rules.cache = account_cache_open(60);
	if (rules.cache == NULL)
		bail_out("account_cache_open");
	text_copy(hash, sizeof(hash), crypt("right", "$5$rounds=1000$salt$"));
	write_accounts(hash);
	unremembered();
	remembered();
	changed();
	return done();
}
