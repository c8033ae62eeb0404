/*
 * What a login child that was taken over may send: nobody is let in without the
 * secret, and unsound credentials are seen.  Input: a whole struct credentials,
 * shorter ones ending in zeros.
 */
#include "config.h"

#include "../unit/accounts.h"
#include "../unit/box.h"
#include "account/private.h"
#include "fuzz.h"
#include "support/log.h"

#include <string.h>
#include <strings.h>

static struct account_rules rules;

void
prepare(void)
{
	struct bytes file = { 0 };

	log_close();
	rules = accounts_open();
	accounts_add(&file, "joe", "right");
	accounts_add(&file, "eve", "*");
	accounts_write("kvt.dk", &file);
	bytes_free(&file);
}

/* joe@kvt.dk, in whatever case and with whatever separator. */
static bool
is_joe(const char *name)
{
	return strlen(name) == 10 && strncasecmp(name, "joe", 3) == 0 &&
	    strchr("@%:!;", name[3]) != NULL &&
	    strcasecmp(name + 4, "kvt.dk") == 0;
}

static void
check(const struct credentials *credentials)
{
	const char *name = credentials->name;
	struct account_finding finding;
	enum account_verdict verdict =
	    account_verify(&rules, credentials, "<1.2@kvt>", NULL, &finding);

	must(verdict != ACCOUNT_TRY_LATER, "there is no trouble");
	must(finding.why != NULL, "the log is told why");
	if (verdict == ACCOUNT_REFUSED)
		return;
	name += strncmp(name, "s-", 2) == 0 ? 2 : 0;
	must(is_joe(name), "nobody but joe is let in");
	must(strcmp(credentials->secret, "right") == 0, "with his secret");
	must(strcmp(finding.account.name, "joe@kvt.dk") == 0, "as himself");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct credentials credentials;
	bool is_sound;

	memset(&credentials, 0, sizeof(credentials));
	if (size > 0)
		memcpy(&credentials, data,
		    size < sizeof(credentials) ? size : sizeof(credentials));
	is_sound = credentials_are_sound(&credentials);
	must(!is_sound ||
		(memchr(credentials.name, '\0', sizeof(credentials.name)) !=
			NULL &&
		    memchr(credentials.secret, '\0',
			sizeof(credentials.secret)) != NULL &&
		    memchr(credentials.message, '\0',
			sizeof(credentials.message)) != NULL),
	    "sound credentials end");
	if (is_sound)
		check(&credentials);
	return 0;
}
