/* Which function answers which path. */
#include "config.h"

#include "support/text.h"
#include "web/visit.h"

#include <string.h>

static const struct route routes[] = {
	{ "/", FOR_VISITOR, start_get, NULL },
	{ "/account", FOR_USER, account_get, NULL },
	{ "/account/forwards", FOR_USER, account_get, account_forwards_post },
	{ "/account/password", FOR_USER, account_get, account_password_post },
	{ "/autoconfig/mail/config-v1.1.xml", FOR_ANYBODY, autoconfig_get,
	    NULL },
	{ "/client", FOR_USER, client_get, NULL },
	{ "/language", FOR_VISITOR, NULL, language_post },
	{ "/login", FOR_VISITOR, start_get, login_post },
	{ "/logout", FOR_USER, NULL, logout_post },
	{ "/new", FOR_POSTMASTER, user_new_get, user_new_post },
	{ "/pending/*", FOR_VISITOR, pending_get, NULL },
	{ "/style.css", FOR_ANYBODY, style_get, NULL },
	{ "/users", FOR_POSTMASTER, users_get, NULL },
	{ "/users/*", FOR_POSTMASTER, user_get, user_post },
	{ "/users/*/password", FOR_POSTMASTER, user_get, user_password_post },
	{ "/users/*/remove", FOR_POSTMASTER, user_remove_get,
	    user_remove_post },
};

/* A user name has no "/", so no row stands in the way of a user. */
static bool
matches(const char *pattern, const char *path, char name[ACCOUNT_USER_SIZE])
{
	size_t start = strcspn(pattern, "*"), length;

	name[0] = '\0';
	if (pattern[start] == '\0')
		return strcmp(pattern, path) == 0;
	if (strncmp(pattern, path, start) != 0)
		return false;
	length = strcspn(path + start, "/");
	return strcmp(path + start + length, pattern + start + 1) == 0 &&
	    text_format(
		name, ACCOUNT_USER_SIZE, "%.*s", (int)length, path + start) &&
	    account_is_user_name(name);
}

const struct route *
route_find(struct visit *visit, const char *path)
{
	size_t i;

	for (i = 0; i < sizeof(routes) / sizeof(*routes); i++)
		if (matches(routes[i].path, path, visit->name))
			return &routes[i];
	return NULL;
}
