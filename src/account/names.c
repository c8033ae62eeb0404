/*
 * Which names may go near a path: an allow-list.  Everything typed at the
 * network or handed over by an MTA passes here first.  And whether credentials
 * from another process have the right form.
 */
#include "config.h"

#include "account/account.h"

#include <string.h>

static bool
is_allowed(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
	    c == '_' || c == '+' || c == '-';
}

static bool
is_safe(const char *name, size_t size)
{
	size_t i;

	if (name[0] == '\0' || name[0] == '.' || strstr(name, "..") != NULL)
		return false;
	for (i = 0; name[i] != '\0'; i++)
		if (i + 1 >= size || !is_allowed(name[i]))
			return false;
	return true;
}

static bool
has_suffix(const char *name, const char *suffix)
{
	size_t length = strlen(name);
	size_t wanted = strlen(suffix);

	return length >= wanted && strcmp(name + length - wanted, suffix) == 0;
}

bool
account_is_user_name(const char *name)
{
	return is_safe(name, ACCOUNT_USER_SIZE) && !has_suffix(name, ".lock") &&
	    !has_suffix(name, ".new") && !has_suffix(name, ".old");
}

bool
account_is_domain_name(const char *name)
{
	return is_safe(name, ACCOUNT_DOMAIN_SIZE) && !has_suffix(name, ".");
}

bool
credentials_are_sound(const struct credentials *credentials)
{
	return credentials->kind >= CREDENTIALS_PASSWORD &&
	    credentials->kind <= CREDENTIALS_SCRAM_SHA_256 &&
	    memchr(credentials->name, '\0', CREDENTIALS_NAME_SIZE) != NULL &&
	    memchr(credentials->secret, '\0', CREDENTIALS_SECRET_SIZE) !=
	    NULL &&
	    memchr(credentials->message, '\0', CREDENTIALS_MESSAGE_SIZE) !=
	    NULL;
}

const char *
credentials_method(enum credentials_kind kind)
{
	switch (kind) {
	case CREDENTIALS_PASSWORD:
		return "password";
	case CREDENTIALS_APOP:
		return "apop";
	case CREDENTIALS_PLAIN:
		return "plain";
	case CREDENTIALS_LOGIN:
		return "login";
	case CREDENTIALS_CRAM_MD5:
		return "cram-md5";
	case CREDENTIALS_SCRAM_SHA_1:
		return "scram-sha-1";
	case CREDENTIALS_SCRAM_SHA_256:
		return "scram-sha-256";
	}
	return "-";
}
