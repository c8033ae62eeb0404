/* What there is: domains, users, one user. */
#include "config.h"

#include "admin/private.h"
#include "support/text.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

static bool
is_domain(const struct admin *admin, const char *name)
{
	char path[2 * ADMIN_PATH_SIZE];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", admin->virtual_directory, name);
	return account_is_domain_name(name) && stat(path, &status) == 0 &&
	    S_ISDIR(status.st_mode);
}

/* Says why a passwd file is not read; an exit status. */
static int
complain(const struct admin *admin, const char *domain,
    enum account_search found, const struct account_fault *fault)
{
	if (found == ACCOUNT_NO_DOMAIN)
		return fail(EX_NOUSER, "there is no domain %s", domain);
	if (errno != 0)
		return fail_errno("%s/%s/passwd %s", admin->virtual_directory,
		    domain, fault->text);
	return fail(EX_CONFIG, "%s/%s/passwd %s", admin->virtual_directory,
	    domain, fault->text);
}

/* ---- all domains -------------------------------------------------------- */

static const char *
owner_of(const struct admin *admin, const char *domain)
{
	char path[2 * ADMIN_PATH_SIZE];
	const struct passwd *owner;
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", admin->virtual_spool, domain);
	if (stat(path, &status) == -1)
		return "-";
	owner = getpwuid(status.st_uid);
	return owner == NULL ? "?" : owner->pw_name;
}

static unsigned long
count_users(struct account_survey *survey)
{
	struct account_line line;
	unsigned long count = 0;
	int error;

	while (account_survey_next(survey, &line, &error))
		count += line.fault == NULL;
	return count;
}

static int
print_domain(const struct admin *admin, const char *domain)
{
	static const char *const ways[] = { [ORIGIN_NONE] = "-",
		[ORIGIN_FOREIGN] = "by hand",
		[ORIGIN_RECIPE] = "recipe",
		[ORIGIN_POSTFIX] = "postfix",
		[ORIGIN_UNKNOWN] = "-" };
	struct account_fault fault = { 0 };
	struct account_survey *survey;
	enum account_search found =
	    account_survey_open(&survey, &admin->rules, domain, &fault);
	unsigned long users;

	if (found != ACCOUNT_FOUND)
		return complain(admin, domain, found, &fault);
	users = count_users(survey);
	account_survey_close(&survey);
	printf("%s\t%s\t%s\t%lu\n", domain, owner_of(admin, domain),
	    ways[plan_origin(admin, domain, NULL)], users);
	return EX_OK;
}

static int
list_domains(const struct admin *admin)
{
	struct dirent **entries;
	int i, count, one, status = EX_OK;

	count = scandir(admin->virtual_directory, &entries, NULL, alphasort);
	if (count == -1)
		return fail_errno("%s", admin->virtual_directory);
	for (i = 0; i < count; i++) {
		if (is_domain(admin, entries[i]->d_name)) {
			one = print_domain(admin, entries[i]->d_name);
			status = one != EX_OK ? one : status;
		}
		free(entries[i]);
	}
	free(entries);
	return status;
}

/* ---- users -------------------------------------------------------------- */

static const char *
name_secret(const struct account_line *line)
{
	switch (line->secret) {
	case ACCOUNT_LOCKED:
		return "locked";
	case ACCOUNT_PLAIN:
		return "plain text";
	case ACCOUNT_HASH:
		break;
	}
	return line->method != NULL ? line->method : "unknown hash";
}

static void
print_user(const struct admin *admin, const struct account_line *line)
{
	struct stat status;

	printf("%s\t%s\t", line->account.name, name_secret(line));
	if (look_mailbox(admin, &line->account, &status))
		printf("%lld\n", (long long)status.st_size);
	else
		printf("-\n");
}

static int
list_users(const struct admin *admin, const char *word)
{
	char domain[ACCOUNT_DOMAIN_SIZE];
	struct account_fault fault = { 0 };
	struct account_survey *survey;
	struct account_line line;
	enum account_search found;
	int error, status = take_domain(word, domain);

	if (status != EX_OK)
		return status;
	found = account_survey_open(&survey, &admin->rules, domain, &fault);
	if (found != ACCOUNT_FOUND)
		return complain(admin, domain, found, &fault);
	while (account_survey_next(survey, &line, &error))
		if (line.fault == NULL)
			print_user(admin, &line);
		else
			warn("%s/%s/passwd: line %lu counts for nothing: %s",
			    admin->virtual_directory, domain, line.number,
			    line.fault);
	account_survey_close(&survey);
	errno = error;
	return error == 0 ? EX_OK : fail_errno("%s", domain);
}

int
command_list(const struct admin *admin, char **words)
{
	return words[0] == NULL ? list_domains(admin)
				: list_users(admin, words[0]);
}

/* ---- one user ----------------------------------------------------------- */

static void
show_forward(const struct forward *forward)
{
	unsigned int i;

	printf("mail      %s", forward->keeps ? "mailbox" : "");
	for (i = 0; i < forward->count; i++)
		printf("%s%s", i > 0 || forward->keeps ? ", " : "",
		    forward->addresses[i]);
	printf("\n");
}

static void
show(const struct admin *admin, const struct user *user)
{
	const struct account_line *line = &user->line;
	const struct account *account = &line->account;
	const struct passwd *owner = getpwuid(account->uid);

	printf("user      %s\n", account->name);
	if (line->gecos[0] != '\0')
		printf("name      %s\n", line->gecos);
	printf("password  %s%s%s\n", name_secret(line),
	    line->refusal == NULL ? "" : "; cannot log in: ",
	    line->refusal == NULL ? "" : line->refusal);
	printf("owner     %s, uid %u, gid %u\n",
	    owner == NULL ? "?" : owner->pw_name, (unsigned int)account->uid,
	    (unsigned int)account->gid);
	printf("mailbox   %s/%s/%s, ", admin->virtual_spool, account->domain,
	    account->user);
	if (user->size == -1)
		printf("not there yet\n");
	else
		printf("%lld octets\n", (long long)user->size);
	show_forward(&user->forward);
	printf("line      %lu of %s/%s/passwd\n", line->number,
	    admin->virtual_directory, account->domain);
}

int
command_show(const struct admin *admin, char **words)
{
	char name[ACCOUNT_USER_SIZE], domain[ACCOUNT_DOMAIN_SIZE];
	struct account_fault fault = { 0 };
	struct user user;
	int status = take_address(words[0], name, domain);

	if (status != EX_OK)
		return status;
	switch (user_find(admin, domain, name, &user, &fault)) {
	case ACCOUNT_FOUND:
		show(admin, &user);
		return EX_OK;
	case ACCOUNT_UNKNOWN:
		break;
	case ACCOUNT_NO_DOMAIN:
		return complain(admin, domain, ACCOUNT_NO_DOMAIN, &fault);
	case ACCOUNT_TROUBLE:
		return complain(admin, domain, ACCOUNT_TROUBLE, &fault);
	}
	return fail(EX_NOUSER, "there is no user %s@%s", name, domain);
}
