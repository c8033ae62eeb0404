/* Where the mail of an account is, and whether anybody has a plain secret. */
#include "config.h"

#include "account/private.h"
#include "support/text.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* 1, 0 if it is something else or nothing, -1 with errno if that cannot be
 * found out. */
static int
is_directory(const char *path)
{
	struct stat status;

	if (stat(path, &status) == -1)
		return is_trouble(errno) ? -1 : 0;
	return S_ISDIR(status.st_mode);
}

/* Splits HOME + home_mailbox at the last slash. */
static bool
split_home(const struct account_rules *rules, const struct account *account,
    char *directory, char *name)
{
	const char *path = rules->home_mailbox;
	const char *last = strrchr(path, '/');
	const char *slash = path[0] == '/' ? "" : "/";
	int length = last == NULL ? 0 : (int)(last - path);

	return text_format(directory, ACCOUNT_PATH_SIZE, "%s%s%.*s",
		   account->home, slash, length, path) &&
	    text_copy(name, ACCOUNT_USER_SIZE, last == NULL ? path : last + 1);
}

/* 1, 0, or -1 with errno, as above. */
static int
is_there(const char *directory, const char *name)
{
	char path[ACCOUNT_PATH_SIZE + ACCOUNT_USER_SIZE];
	struct stat status;

	if (!text_format(path, sizeof(path), "%s/%s", directory, name))
		return 0;
	if (lstat(path, &status) == -1)
		return is_trouble(errno) ? -1 : 0;
	return 1;
}

/* "." and nothing stand for no home; a home that is no directory has no
 * mailbox either.  1, 0, or -1 with errno. */
static int
has_home_mailbox(const struct account_rules *rules,
    const struct account *account, char *directory, char *name)
{
	int result;

	if (rules->home_mailbox[0] == '\0' || account->home[0] != '/')
		return 0;
	result = is_directory(account->home);
	if (result != 1 || !split_home(rules, account, directory, name))
		return result == -1 ? -1 : 0;
	return is_there(directory, name);
}

bool
account_spool(const struct account_rules *rules, const struct account *account,
    char *directory, char *name)
{
	return text_format(directory, ACCOUNT_PATH_SIZE, "%s/%s",
		   rules->virtual_spool, account->domain) &&
	    text_copy(name, ACCOUNT_USER_SIZE, account->user);
}

bool
account_mailbox(const struct account_rules *rules,
    const struct account *account, char *directory, char *name, bool *is_home)
{
	int found = has_home_mailbox(rules, account, directory, name);

	*is_home = found == 1;
	if (found != 0)
		return found == 1;
	errno = ENAMETOOLONG;
	if (account->domain[0] != '\0')
		return account_spool(rules, account, directory, name);
	return text_copy(directory, ACCOUNT_PATH_SIZE, rules->mail_spool) &&
	    text_copy(name, ACCOUNT_USER_SIZE, account->user);
}

static bool
domain_has_plain(const struct account_rules *rules, const char *domain)
{
	struct passwd_file file;
	struct record record;
	enum passwd_line line;
	bool is_found = false;

	if (!account_is_domain_name(domain) ||
	    passwd_open(&file, rules, domain) != ACCOUNT_FOUND)
		return false;
	while (!is_found &&
	    ((line = passwd_next(&file, &record)) == PASSWD_GOOD ||
		line == PASSWD_BAD))
		is_found = line == PASSWD_GOOD && record.kind == SECRET_PLAIN;
	explicit_bzero(&record, sizeof(record));
	passwd_close(&file);
	return is_found;
}

bool
account_some_are_plain(const struct account_rules *rules)
{
	DIR *directory = opendir(rules->virtual_directory);
	const struct dirent *entry;
	bool is_found = apop_has_some(rules);

	if (directory == NULL)
		return is_found;
	while (!is_found && (entry = readdir(directory)) != NULL)
		is_found = domain_has_plain(rules, entry->d_name);
	closedir(directory);
	return is_found;
}
