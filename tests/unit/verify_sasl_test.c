/* account/verify: who may be logged in by SASL. */
#include "config.h"

#include "account/private.h"
#include "accounts.h"
#include "box.h"
#include "support/hash.h"
#include "support/md5.h"
#include "support/text.h"
#include "tap.h"

#include <crypt.h>
#include <string.h>

#define STAMP "<1.2.3@example.com>"

static struct account_rules rules;
static struct account_finding finding;
static char hash[200];

static void
set_up(void)
{
	struct bytes file = { 0 };

	rules = accounts_open();
	text_copy(hash, sizeof(hash), crypt("right", "$5$rounds=1000$salt$"));
	accounts_add(&file, "joe", "secret");
	accounts_add(&file, "hal", hash);
	accounts_add(&file, "lock", "x");
	accounts_add(&file, "spacy", "two words\t%{x}$(id)");
	accounts_add(&file, "unseen", "\xc2\xad");
	accounts_write("kvt.dk", &file);
	bytes_free(&file);
}

static void
judged(enum credentials_kind kind, const char *name, const char *secret,
    enum account_verdict verdict, const char *reason)
{
	struct credentials credentials = { .kind = kind };

	text_copy(credentials.name, sizeof(credentials.name), name);
	text_copy(credentials.secret, sizeof(credentials.secret), secret);
	is_number(account_verify(&rules, &credentials, STAMP, NULL, &finding),
	    verdict, "%s with \"%s\", kind %d", name, secret, (int)kind);
	is_text(finding.why, reason, "because: %s", reason);
}

/* Text here, octets in USER and PASS: a no-break space is a blank. */
static void
sasl_passwords(void)
{
	static const enum credentials_kind kinds[] = { CREDENTIALS_PLAIN,
		CREDENTIALS_LOGIN };
	const char *spaces = "two\xc2\xa0words\t%{x}$\xc2\xad(id)";
	size_t i;

	for (i = 0; i < 2; i++) {
		enum credentials_kind kind = kinds[i];

		judged(
		    kind, "joe@kvt.dk", "secret", ACCOUNT_ACCEPTED, "accepted");
		judged(kind, "joe@kvt.dk", "secrets", ACCOUNT_REFUSED,
		    "wrong password");
		judged(
		    kind, "joe@kvt.dk", "", ACCOUNT_REFUSED, "wrong password");
		judged(
		    kind, "hal@kvt.dk", "right", ACCOUNT_ACCEPTED, "accepted");
		judged(kind, "hal@kvt.dk", "ri\xc2\xadght", ACCOUNT_ACCEPTED,
		    "accepted");
		judged(kind, "hal@kvt.dk", hash, ACCOUNT_REFUSED,
		    "wrong password");
		judged(
		    kind, "spacy@kvt.dk", spaces, ACCOUNT_ACCEPTED, "accepted");
		judged(kind, "unseen@kvt.dk", "\xc2\xad", ACCOUNT_REFUSED,
		    "wrong password");
	}
	judged(CREDENTIALS_PASSWORD, "spacy@kvt.dk", spaces, ACCOUNT_REFUSED,
	    "wrong password");
	judged(CREDENTIALS_PASSWORD, "hal@kvt.dk", "ri\xc2\xadght",
	    ACCOUNT_REFUSED, "wrong password");
	judged(CREDENTIALS_PASSWORD, "unseen@kvt.dk", "\xc2\xad",
	    ACCOUNT_ACCEPTED, "accepted");
}

static void
cram(const char *name, const char *secret, enum account_verdict verdict,
    const char *reason)
{
	unsigned char digest[HASH_LENGTH];
	char hex[2 * MD5_LENGTH + 1];

	hash_hmac(
	    &hash_md5, secret, strlen(secret), STAMP, strlen(STAMP), digest);
	md5_hex(digest, hex);
	judged(CREDENTIALS_CRAM_MD5, name, hex, verdict, reason);
}

/* What a client does that knows secret. */
static void
scram(const char *name, const char *secret, const char *stamp,
    enum account_verdict verdict, const char *reason)
{
	struct credentials credentials = { .kind = CREDENTIALS_SCRAM_SHA_1 };
	unsigned char salted[20], key[20], stored[20], shown[20];
	bool has_signature = false;
	size_t i;

	text_copy(credentials.name, sizeof(credentials.name), name);
	text_format(credentials.message, sizeof(credentials.message),
	    "n=x,r=y,r=y%s,s=,i=,c=biws,r=y%s", stamp, stamp);
	hash_pbkdf2(&hash_sha1, secret, credentials.salt, CREDENTIALS_SALT_SIZE,
	    CREDENTIALS_ITERATIONS, salted);
	hash_hmac(&hash_sha1, salted, 20, "Client Key", 10, key);
	hash_once(&hash_sha1, key, 20, stored);
	hash_hmac(&hash_sha1, stored, 20, credentials.message,
	    strlen(credentials.message), shown);
	for (i = 0; i < 20; i++)
		credentials.proof[i] = key[i] ^ shown[i];
	is_number(account_verify(&rules, &credentials, STAMP, NULL, &finding),
	    verdict, "%s proves to know \"%s\"", name, secret);
	is_text(finding.why, reason, "because: %s", reason);
	for (i = 0; i < sizeof(finding.signature); i++)
		has_signature |= finding.signature[i] != 0;
	ok(has_signature == (verdict == ACCOUNT_ACCEPTED),
	    "our signature is for those who are accepted");
}

static void
proofs(void)
{
	static const char need[] = "method needs a plain-text secret";

	cram("joe@kvt.dk", "secret", ACCOUNT_ACCEPTED, "accepted");
	cram("joe@kvt.dk", "wrong", ACCOUNT_REFUSED, "wrong password");
	cram("hal@kvt.dk", "right", ACCOUNT_REFUSED, need);
	cram("hal@kvt.dk", hash, ACCOUNT_REFUSED, need);
	cram("lock@kvt.dk", "x", ACCOUNT_REFUSED, "locked in the passwd file");
	cram("unseen@kvt.dk", "", ACCOUNT_REFUSED, "wrong password");
	cram("who@kvt.dk", "a secret of nobody", ACCOUNT_REFUSED,
	    "unknown user");
	scram("joe@kvt.dk", "secret", STAMP, ACCOUNT_ACCEPTED, "accepted");
	scram("joe@kvt.dk", "wrong", STAMP, ACCOUNT_REFUSED, "wrong password");
	scram(
	    "joe@kvt.dk", "secret", "<2@x>", ACCOUNT_REFUSED, "wrong password");
	scram("hal@kvt.dk", "right", STAMP, ACCOUNT_REFUSED, need);
	scram("hal@kvt.dk", "a secret of nobody", STAMP, ACCOUNT_REFUSED, need);
	scram("who@kvt.dk", "a secret of nobody", STAMP, ACCOUNT_REFUSED,
	    "unknown user");
	scram("who@no.such", "a secret of nobody", STAMP, ACCOUNT_REFUSED,
	    "unknown domain");
}

int
main(void)
{
	box_open();
	box_log_to("log");
	set_up();
	sasl_passwords();
	proofs();
	return done();
}
