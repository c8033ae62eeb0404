/* Users of virtual domains, and the domains themselves. */
#include "config.h"

#include "account/private.h"
#include "support/text.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* The time that is spent on somebody who is found. */
static void
take_nobody(const struct passwd_file *file)
{
	static const struct passwd_entry nobody = {
		.user = "nobody", .secret = "", .home = ".", .forward = ""
	};
	struct record record;

	passwd_take(file, &nobody, &record);
}

/* Reads the whole file in any case: the time must not tell whether and where
 * the user is in it, and the decoy must be the same for all. */
static void
search_file(struct passwd_file *file, const char *user,
    bool (*is_hash)(const char *text), struct search *search)
{
	struct passwd_entry entry;
	enum passwd_line line;

	while ((line = passwd_next_entry(file, &entry)) == PASSWD_GOOD ||
	    line == PASSWD_BAD) {
		if (line == PASSWD_BAD) {
			passwd_log_fault(file);
			continue;
		}
		if (is_hash != NULL && entry.kind == SECRET_HASH &&
		    search->decoy[0] == '\0' && is_hash(entry.secret))
			text_copy(search->decoy, SECRET_SIZE, entry.secret);
		if (search->found == ACCOUNT_UNKNOWN &&
		    strcmp(entry.user, user) == 0) {
			passwd_take(file, &entry, &search->record);
			search->found = ACCOUNT_FOUND;
		}
	}
	if (search->found == ACCOUNT_UNKNOWN)
		take_nobody(file);
	if (line == PASSWD_TROUBLE) {
		passwd_log_fault(file);
		search->found = ACCOUNT_TROUBLE;
	}
}

void
virtual_find(const struct account_rules *rules, const char *user,
    const char *domain, bool (*is_hash)(const char *text),
    struct search *search)
{
	struct passwd_file file;

	memset(search, 0, sizeof(*search));
	search->found = passwd_open(&file, rules, domain);
	if (search->found == ACCOUNT_TROUBLE)
		passwd_log_fault(&file);
	if (search->found != ACCOUNT_FOUND)
		return;
	search->found = ACCOUNT_UNKNOWN;
	search_file(&file, user, is_hash, search);
	passwd_close(&file);
}

enum account_search
account_find_forward(const struct account_rules *rules, const char *user,
    const char *domain, struct account *account, char *forward)
{
	enum account_search found;
	struct search search;

	if (!account_is_domain_name(domain))
		return ACCOUNT_NO_DOMAIN;
	if (!account_is_user_name(user))
		return ACCOUNT_UNKNOWN;
	virtual_find(rules, user, domain, NULL, &search);
	found = search.found;
	*account = search.record.account;
	memcpy(forward, search.record.forward, ACCOUNT_FORWARD_SIZE);
	explicit_bzero(&search, sizeof(search));
	return found;
}

enum account_search
account_find(const struct account_rules *rules, const char *user,
    const char *domain, struct account *account)
{
	char forward[ACCOUNT_FORWARD_SIZE];

	return account_find_forward(rules, user, domain, account, forward);
}

/* A directory that cannot be looked at may be one; opening its passwd file will
 * tell what is wrong. */
static bool
is_domain(const struct account_rules *rules, const char *name)
{
	char path[ACCOUNT_PATH_SIZE];
	struct stat status;

	if (!account_is_domain_name(name) ||
	    !text_format(
		path, sizeof(path), "%s/%s", rules->virtual_directory, name))
		return false;
	if (stat(path, &status) == -1)
		return errno != ENOENT && errno != ENOTDIR;
	return S_ISDIR(status.st_mode);
}

const char *
account_find_domain(const struct account_rules *rules, const char *name)
{
	while (name != NULL && !is_domain(rules, name)) {
		name = strchr(name, '.');
		if (name != NULL)
			name++;
	}
	return name;
}
