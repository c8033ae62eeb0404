/*
 * Whom a message is for.  Postfix hands over "owner+user--domain" split up in
 * the environment; both user and domain may contain "--", as in xn--..., so
 * only what stands in the virtual directory tells where to split.
 */
#include "config.h"

#include "delivery/private.h"
#include "support/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* Longer texts cannot be addresses. */
#define ADDRESS_SIZE (ACCOUNT_USER_SIZE + ACCOUNT_DOMAIN_SIZE + 8)

/* Takes user and domain, where domain, or a parent of it, is ours. */
static bool
take(const struct account_rules *rules, const char *user, const char *domain,
    struct recipient *recipient)
{
	const char *found = account_find_domain(rules, domain);

	return found != NULL && account_is_user_name(user) &&
	    text_copy(recipient->user, sizeof(recipient->user), user) &&
	    text_copy(recipient->domain, sizeof(recipient->domain), found);
}

/* "user--domain", tried at every "--" from right to left. */
static bool
take_extension(const struct account_rules *rules, const char *extension,
    struct recipient *recipient)
{
	char text[ADDRESS_SIZE];
	size_t i;

	if (!text_copy(text, sizeof(text), extension))
		return false;
	text_lower(text);
	for (i = strlen(text); i-- > 1;) {
		if (strncmp(text + i, "--", 2) != 0)
			continue;
		text[i] = '\0';
		if (take(rules, text, text + i + 2, recipient))
			return true;
		text[i] = '-';
	}
	return false;
}

/* "user@domain" */
static bool
take_address(const struct account_rules *rules, const char *address,
    struct recipient *recipient)
{
	char text[ADDRESS_SIZE];
	char *at;

	if (!text_copy(text, sizeof(text), address))
		return false;
	text_lower(text);
	at = strrchr(text, '@');
	if (at == NULL)
		return false;
	*at = '\0';
	return take(rules, text, at + 1, recipient);
}

/* A virtual directory that is not there now may be back soon; a name that is
 * not in it is unknown. */
static int
explain(const struct account_rules *rules, const char *name,
    struct outcome *outcome)
{
	char escaped[400];

	if (access(rules->virtual_directory, X_OK) == -1)
		return outcome_set(outcome, EX_TEMPFAIL, "4.3.0 %s: %s",
		    rules->virtual_directory, strerror(errno));
	return outcome_set(outcome, EX_NOUSER, "5.1.1 no such virtual user: %s",
	    text_escape(escaped, sizeof(escaped), name, strlen(name)));
}

int
recipient_find(const struct delivery *delivery, struct recipient *recipient,
    struct outcome *outcome)
{
	const struct account_rules *rules = &delivery->rules;
	const char *extension = getenv("EXTENSION");
	const char *original = getenv("ORIGINAL_RECIPIENT");

	if (delivery->recipient != NULL)
		return take_address(rules, delivery->recipient, recipient)
		    ? 0
		    : explain(rules, delivery->recipient, outcome);
	if (extension != NULL && take_extension(rules, extension, recipient))
		return 0;
	if (original != NULL && take_address(rules, original, recipient))
		return 0;
	if (extension == NULL && original == NULL)
		return outcome_set(outcome, EX_TEMPFAIL,
		    "4.3.5 no recipient: neither -r nor EXTENSION nor "
		    "ORIGINAL_RECIPIENT is given");
	return explain(
	    rules, extension != NULL ? extension : original, outcome);
}
