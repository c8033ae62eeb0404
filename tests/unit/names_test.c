/* account/names: which names may go near a path (row 21). */
#include "config.h"

#include "account/account.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

static const char *const good[] = { "joe", "j", "joe.smith", "joe_smith",
	"joe+list", "joe-smith", "0", "1joe", "-", "_", "+", "joe-", "lock",
	"joe.locks", "x.newer", "s-joe", "xn--bcher-kva" };

static const char *const bad[] = { "", ".", "..", ".hidden", "...", "a..b",
	"../x", "a/b", "/", "joe/", "/etc/passwd", "a\\b", "joe ", " joe",
	"joe\t", "joe\n", "joe\r", "joe@", "joe%kvt.dk", "joe:x", "joe!x",
	"joe;x", "Joe", "JOE", "j\xc3\xb8rgen", "\xff", "a\x7f", "a\x01",
	"$(id)", "`id`", "%n%s", "joe*", "a?", "a'b", "a\"b", "a,b", "a=b",
	"a|b", "a&b", "<a>", "(a)", "[a]", "{a}", "~", "~joe", "a#b" };

static const char *const bad_users[] = { "joe.lock", "joe.new", "joe.old",
	".lock", "joe..", "a.lock.lock" };

static const char *const good_domains[] = { "kvt.dk", "localhost", "a.b.c.d.e",
	"xn--bcher-kva.example", "127.0.0.1", "kvt.lock" };

static const char *const bad_domains[] = { "kvt.dk.", ".kvt.dk", "kvt..dk",
	"../../etc", "kvt.dk/passwd", "[127.0.0.1]", "KVT.dk", "a@b" };

#define EACH(list, i) (i = 0; i < sizeof(list) / sizeof(*(list)); i++)

static void
names(void)
{
	size_t i;

	for
		EACH(good, i)
		{
			ok(account_is_user_name(good[i]), "user name: %s",
			    good[i]);
			ok(account_is_domain_name(good[i]), "domain: %s",
			    good[i]);
		}
	for
		EACH(bad, i)
		{
			ok(!account_is_user_name(bad[i]),
			    "row 21: bad name %zu is no "
			    "user name",
			    i);
			ok(!account_is_domain_name(bad[i]),
			    "row 21: bad name %zu is no domain", i);
		}
	for
		EACH(bad_users, i)
	ok(!account_is_user_name(bad_users[i]), "row 21: no user name: %s",
	    bad_users[i]);
	for
		EACH(good_domains, i)
	ok(account_is_domain_name(good_domains[i]), "domain: %s",
	    good_domains[i]);
	for
		EACH(bad_domains, i)
	ok(!account_is_domain_name(bad_domains[i]), "row 21: no domain: %s",
	    bad_domains[i]);
}

static void
lengths(void)
{
	char text[600];
	int wrong = 0;
	size_t length;

	memset(text, 'a', sizeof(text));
	for (length = sizeof(text) - 1; length > 0; length--) {
		text[length] = '\0';
		wrong += account_is_user_name(text) != (length <= 64);
		wrong += account_is_domain_name(text) != (length <= 253);
	}
	is_number(
	    wrong, 0, "row 21: users have at most 64 octets, domains 253");
}

/* Any octet anywhere that is not on the list. */
static void
every_octet(void)
{
	int wrong = 0;
	int c;

	for (c = 1; c < 256; c++) {
		char text[4] = { 'a', (char)c, 'b', '\0' };
		bool is_allowed =
		    strchr("abcdefghijklmnopqrstuvwxyz0123456789._+-", c) !=
		    NULL;

		wrong += account_is_user_name(text) != is_allowed;
		wrong += account_is_domain_name(text) != is_allowed;
	}
	is_number(
	    wrong, 0, "row 21: of all octets only the listed are allowed");
}

static void
credentials(void)
{
	struct credentials sent;

	memset(&sent, 0, sizeof(sent));
	ok(!credentials_are_sound(&sent), "credentials of no kind are refused");
	sent.kind = CREDENTIALS_PASSWORD;
	ok(credentials_are_sound(&sent), "a password is sound");
	sent.kind = CREDENTIALS_APOP;
	ok(credentials_are_sound(&sent), "APOP is sound");
	sent.kind = CREDENTIALS_SCRAM_SHA_256;
	ok(credentials_are_sound(&sent), "SCRAM-SHA-256 is sound");
	sent.kind = (enum credentials_kind)(CREDENTIALS_SCRAM_SHA_256 + 1);
	ok(!credentials_are_sound(&sent), "an unknown kind is refused");
	sent.kind = CREDENTIALS_PASSWORD;
	memset(sent.name, 'x', sizeof(sent.name));
	ok(!credentials_are_sound(&sent), "a name without end is refused");
	sent.name[sizeof(sent.name) - 1] = '\0';
	ok(credentials_are_sound(&sent), "one that just ends is sound");
	memset(sent.secret, 'x', sizeof(sent.secret));
	ok(!credentials_are_sound(&sent), "a secret without end is refused");
	sent.secret[0] = '\0';
	memset(sent.message, 'x', sizeof(sent.message));
	ok(!credentials_are_sound(&sent), "a message without end is refused");
}

int
main(void)
{
	names();
	lengths();
	every_octet();
	credentials();
	return done();
}
