/* account/verify: who may be logged in (rows 13, 21, 22, 23, 29). */
#include "config.h"

#include "account/private.h"
#include "accounts.h"
#include "box.h"
#include "support/md5.h"
#include "support/text.h"
#include "tap.h"

#include <crypt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
	accounts_add(&file, "s-ann", "literal");
	accounts_add(&file, "ann", "other");
	accounts_add(&file, "nil", "");
	accounts_add(&file, "bad", "{CRYPT}*0");
	accounts_add(&file, "lock", "x");
	accounts_add(&file, "spacy", "two words\t%{x}$(id)");
	accounts_write("kvt.dk", &file);
	bytes_free(&file);
	accounts_add(&file, "hal", hash);
	accounts_write("hashed.example", &file);
	bytes_free(&file);
}

static enum account_verdict
verify(enum credentials_kind kind, const char *name, const char *secret,
    const char *local_domain)
{
	struct credentials credentials = { .kind = kind };

	text_copy(credentials.name, sizeof(credentials.name), name);
	text_copy(credentials.secret, sizeof(credentials.secret), secret);
	return account_verify(
	    &rules, &credentials, STAMP, local_domain, &finding);
}

static void
accepted(const char *name, const char *secret, const char *as)
{
	is_number(verify(CREDENTIALS_PASSWORD, name, secret, NULL),
	    ACCOUNT_ACCEPTED, "%s is let in", name);
	is_text(finding.account.name, as, "%s is let in as %s", name, as);
}

static void
refused(const char *name, const char *secret, const char *reason)
{
	is_number(verify(CREDENTIALS_PASSWORD, name, secret, NULL),
	    ACCOUNT_REFUSED, "%s with \"%s\" is refused", name, secret);
	is_text(finding.why, reason, "the log says why: %s", reason);
}

/* ---- passwords ---------------------------------------------------------- */

static void
passwords(void)
{
	accepted("joe@kvt.dk", "secret", "joe@kvt.dk");
	accepted("hal@kvt.dk", "right", "hal@kvt.dk");
	accepted("spacy@kvt.dk", "two words\t%{x}$(id)", "spacy@kvt.dk");
	refused("joe@kvt.dk", "", "wrong password");
	refused("joe@kvt.dk", "secre", "wrong password");
	refused("joe@kvt.dk", "secrets", "wrong password");
	refused("joe@kvt.dk", "SECRET", "wrong password");
	refused("hal@kvt.dk", "wrong", "wrong password");
	refused("hal@kvt.dk", "", "wrong password");
	refused("bad@kvt.dk", "*0", "wrong password");
	refused("bad@kvt.dk", "*1", "wrong password");
	refused("nil@kvt.dk", "", "locked in the passwd file");
	refused("lock@kvt.dk", "x", "locked in the passwd file");
	refused("nobody.here@kvt.dk", "secret", "unknown user");
	refused("joe@example.org", "secret", "unknown domain");
}

static void
stolen_hash(void)
{
	is_number(verify(CREDENTIALS_PASSWORD, "hal@kvt.dk", hash, NULL),
	    ACCOUNT_REFUSED, "row 22: a stolen hash is no password");
	is_text(finding.why, "wrong password", "row 22: but a wrong one");
	is_number(verify(CREDENTIALS_APOP, "hal@kvt.dk", hash, NULL),
	    ACCOUNT_REFUSED, "row 22: nor an APOP digest");
}

static void
hashes(void)
{
	static const char *const odd[] = { "", "*", "*0", "*1", "!", "x", "$",
		"$6", "$6$", "$9$salt$hash", "right", "\xff\xff", "::" };
	size_t i;

	ok(secret_matches_hash("right", hash), "a hash matches its password");
	ok(!secret_matches_hash("Right", hash), "and no other");
	for (i = 0; i < sizeof(odd) / sizeof(*odd); i++)
		ok(!secret_matches_hash("right", odd[i]) &&
			!secret_matches_hash(odd[i], odd[i]) &&
			!secret_matches_hash("", odd[i]),
		    "row 23: nothing matches the odd hash %zu", i);
}

/* ---- names -------------------------------------------------------------- */

static void
separators(void)
{
	accepted("joe%kvt.dk", "secret", "joe@kvt.dk");
	accepted("joe:kvt.dk", "secret", "joe@kvt.dk");
	accepted("joe!kvt.dk", "secret", "joe@kvt.dk");
	accepted("joe;kvt.dk", "secret", "joe@kvt.dk");
	accepted("JOE@Kvt.DK", "secret", "joe@kvt.dk");
	refused("joe@kvt.dk.", "secret", "unknown domain");
	refused("joe@", "secret", "unknown user");
	refused("joe@.", "secret", "unknown domain");
	refused("joe@kvt.dk@kvt.dk", "secret", "unknown domain");
	refused("joe@../etc/kvt.dk", "secret", "unknown domain");
	refused("joe@../../etc", "secret", "unknown domain");
	refused("joe@kvt.dk/", "secret", "unknown domain");
	refused("../joe@kvt.dk", "secret", "unknown user");
	refused("@kvt.dk", "secret", "unknown user");
	refused("", "secret", "unknown user");
	refused("joe @kvt.dk", "secret", "unknown user");
}

static void
status_prefix(void)
{
	accepted("joe@kvt.dk", "secret", "joe@kvt.dk");
	ok(!finding.account.leaves_status,
	    "without s- status headers are kept");
	accepted("s-joe@kvt.dk", "secret", "joe@kvt.dk");
	ok(finding.account.leaves_status, "with s- they are left alone");
	accepted("s-ann@kvt.dk", "literal", "s-ann@kvt.dk");
	ok(!finding.account.leaves_status, "an account named s-ann is itself");
	refused("s-ann@kvt.dk", "other", "wrong password");
	refused("s-@kvt.dk", "secret", "unknown user");
	refused("s-s-joe@kvt.dk", "secret", "unknown user");
	refused("s-../joe@kvt.dk", "secret", "unknown user");
}

static void
domains(void)
{
	refused("joe", "secret", "unknown user");
	is_number(verify(CREDENTIALS_PASSWORD, "joe", "secret", "kvt.dk"),
	    ACCOUNT_ACCEPTED, "the address that was called names the domain");
	is_text(finding.account.name, "joe@kvt.dk", "and so the account");
	is_number(verify(CREDENTIALS_PASSWORD, "joe", "secret", "no.such"),
	    ACCOUNT_REFUSED, "unless it is no domain of ours");
	is_number(verify(CREDENTIALS_PASSWORD, "joe", "secret", "www.kvt.dk"),
	    ACCOUNT_REFUSED, "or a name below one");
	is_number(verify(CREDENTIALS_PASSWORD, "hal@hashed.example", "right",
		      "kvt.dk"),
	    ACCOUNT_ACCEPTED, "a domain that is typed goes before");
	is_text(
	    finding.account.domain, "hashed.example", "it is the one typed");
	rules.default_domain = "kvt.dk";
	refused("joe@kvt.dk", "secret", "unknown user");
	refused("joe@KVT.dk", "secret", "unknown user");
	rules.default_domain = "";
}

static void
unreadable(void)
{
	chmod("etc/kvt.dk/passwd", 0666);
	is_number(verify(CREDENTIALS_PASSWORD, "joe@kvt.dk", "secret", NULL),
	    ACCOUNT_TRY_LATER,
	    "accounts that are not safe to read are trouble");
	is_text(finding.why, "accounts cannot be read", "the log says so");
	is_text(finding.account.name, "", "nobody is let in");
	chmod("etc/kvt.dk/passwd", 0600);
}

/* ---- APOP --------------------------------------------------------------- */

static enum account_verdict
apop(const char *name, const char *stamp, const char *secret, bool in_capitals)
{
	unsigned char octets[MD5_LENGTH];
	char hex[2 * MD5_LENGTH + 1];
	struct md5 md5;
	char *p;

	md5_init(&md5);
	md5_update(&md5, stamp, strlen(stamp));
	md5_update(&md5, secret, strlen(secret));
	md5_final(&md5, octets);
	md5_hex(octets, hex);
	for (p = hex; in_capitals && *p != '\0'; p++)
		if (*p >= 'a')
			*p = (char)(*p - 'a' + 'A');
	return verify(CREDENTIALS_APOP, name, hex, NULL);
}

static void
apops(void)
{
	is_number(apop("joe@kvt.dk", STAMP, "secret", false), ACCOUNT_ACCEPTED,
	    "row 29: the digest of stamp and secret opens");
	is_number(apop("joe@kvt.dk", STAMP, "secret", true), ACCOUNT_REFUSED,
	    "row 29: not in capitals");
	is_text(
	    finding.why, "wrong password", "row 29: that is a wrong password");
	is_number(apop("joe@kvt.dk", "<2@x>", "secret", false), ACCOUNT_REFUSED,
	    "row 29: not with the stamp of another connection");
	is_number(apop("joe@kvt.dk", STAMP, "wrong", false), ACCOUNT_REFUSED,
	    "row 29: not with another secret");
	is_number(verify(CREDENTIALS_APOP, "joe@kvt.dk", "", NULL),
	    ACCOUNT_REFUSED, "row 29: not without a digest");
	is_number(verify(CREDENTIALS_APOP, "joe@kvt.dk", "secret", NULL),
	    ACCOUNT_REFUSED, "row 29: not with the secret itself");
	is_number(apop("hal@kvt.dk", STAMP, hash, false), ACCOUNT_REFUSED,
	    "row 29: APOP with a hash as secret is refused");
	is_text(finding.why, "method needs a plain-text secret",
	    "row 29: and says why");
	is_number(apop("hal@kvt.dk", STAMP, "right", false), ACCOUNT_REFUSED,
	    "row 29: APOP for a hashed account is refused");
	is_number(apop("nil@kvt.dk", STAMP, "", false), ACCOUNT_REFUSED,
	    "row 29: an empty secret opens nothing");
	is_number(apop("who@kvt.dk", STAMP, "", false), ACCOUNT_REFUSED,
	    "row 29: nor does no account");
	is_number(apop("who@no.such", STAMP, "", false), ACCOUNT_REFUSED,
	    "row 29: nor no domain");
}

static void
plain_secrets(void)
{
	ok(account_some_are_plain(&rules), "some account has a plain secret");
	if (rename("etc/kvt.dk", "aside") == -1)
		bail_out("rename");
	ok(!account_some_are_plain(&rules), "without them APOP is of no use");
	if (rename("aside", "etc/kvt.dk") == -1)
		bail_out("rename");
}

int
main(void)
{
	box_open();
	box_log_to("log");
	set_up();
	passwords();
	stolen_hash();
	hashes();
	separators();
	status_prefix();
	domains();
	unreadable();
	apops();
	plain_secrets();
	return done();
}
