/* Names of the command line; what is safe is decided by the account room. */
#include "config.h"

#include "admin/private.h"
#include "support/text.h"

#include <string.h>
#include <sysexits.h>

int
take_domain(const char *word, char domain[ACCOUNT_DOMAIN_SIZE])
{
	if (text_copy(domain, ACCOUNT_DOMAIN_SIZE, word)) {
		text_lower(domain);
		if (account_is_domain_name(domain))
			return EX_OK;
	}
	return fail(EX_USAGE,
	    "'%s' is no domain name: letters, digits, . - _ and + are "
	    "allowed, and .. is not",
	    word);
}

int
take_address(const char *word, char user[ACCOUNT_USER_SIZE],
    char domain[ACCOUNT_DOMAIN_SIZE])
{
	const char *at = strrchr(word, '@');

	if (at == NULL)
		return fail(EX_USAGE, "'%s' is no address: user@domain", word);
	if (!text_format(
		user, ACCOUNT_USER_SIZE, "%.*s", (int)(at - word), word))
		return fail(EX_USAGE, "'%s': the user name is too long", word);
	text_lower(user);
	if (!account_is_user_name(user))
		return fail(EX_USAGE,
		    "'%s' is no user name: letters, digits, . - _ and + are "
		    "allowed, and .. .lock .new .old are not",
		    user);
	return take_domain(at + 1, domain);
}
