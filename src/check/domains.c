/* The passwd files of the virtual domains, line by line. */
#include "config.h"

#include "check/private.h"
#include "support/text.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define GROUPS_AT_MOST 256

struct domain {
	struct check *check;
	const char *name;
	char directory[MBOX_PATH_SIZE];
	char path[MBOX_PATH_SIZE]; /* of the passwd file */
	char word[QUOTED_SIZE];	   /* the same for a shell */
	struct roster roster;
	bool has_plain;
};

/* ---- the file ----------------------------------------------------------- */

static void
tell_missing(struct domain *domain)
{
	report_wrong(&domain->check->report,
	    "%s: is missing, so nobody of the domain can log in", domain->path);
	report_remedy(&domain->check->report,
	    "install -m 640 -o root -g GROUP-OF-THE-OWNER /dev/null %s",
	    domain->word);
}

static void
tell_distrust(struct domain *domain, const struct account_fault *fault)
{
	struct report *report = &domain->check->report;
	char word[QUOTED_SIZE];

	report_wrong(report, "%s: %s", domain->path, fault->text);
	if (fault->remedy != NULL)
		report_remedy(report, "%s %s", fault->remedy,
		    fault->is_of_directory ? quote(word, domain->directory)
					   : domain->word);
	else
		report_remedy(report, "ls -lL %s", domain->word);
}

/* It could not be opened, or is not to be read. */
static void
tell_trouble(
    struct domain *domain, const struct account_fault *fault, int error)
{
	struct report *report = &domain->check->report;

	if (error == ENOENT) {
		tell_missing(domain);
	} else if (error == 0) {
		tell_distrust(domain, fault);
	} else if (error == EACCES && !domain->check->is_root) {
		report_warning(
		    report, "%s: cannot be read by this user", domain->path);
		report_remedy(report, "sudo gnu-pop3d --check");
	} else {
		report_wrong(report, "%s: %s: %s", domain->path, fault->text,
		    strerror(error));
		report_remedy(report, "ls -lL %s", domain->word);
	}
}

/* True if the user may read a file of this status. */
static bool
may_read(const struct stat *file, uid_t uid, gid_t gid)
{
	gid_t groups[GROUPS_AT_MOST];
	int i, count = GROUPS_AT_MOST;
	const struct passwd *user = getpwuid(uid);

	if (file->st_uid == uid)
		return (file->st_mode & S_IRUSR) != 0;
	if (file->st_gid == gid)
		return (file->st_mode & S_IRGRP) != 0;
	if (user != NULL &&
	    getgrouplist(user->pw_name, gid, groups, &count) != -1)
		for (i = 0; i < count; i++)
			if (groups[i] == file->st_gid)
				return (file->st_mode & S_IRGRP) != 0;
	return (file->st_mode & S_IROTH) != 0;
}

/* The delivery program runs as the owner of the mailboxes. */
static void
check_reader(struct domain *domain, const struct stat *file)
{
	const struct account_rules *rules = &domain->check->options->rules;
	struct report *report = &domain->check->report;
	char path[MBOX_PATH_SIZE];
	struct stat spool;

	if (!text_format(path, sizeof(path), "%s/%s", rules->virtual_spool,
		domain->name) ||
	    stat(path, &spool) == -1 || spool.st_uid == 0 ||
	    may_read(file, spool.st_uid, spool.st_gid))
		return;
	report_warning(report,
	    "%s: uid %u, who has the mailboxes, cannot read it, and virtual "
	    "cannot deliver",
	    domain->path, (unsigned int)spool.st_uid);
	report_remedy(report, "chgrp %u %s && chmod 640 %s",
	    (unsigned int)spool.st_gid, domain->word, domain->word);
}

static void
check_readers(struct domain *domain)
{
	struct stat status;

	if (stat(domain->path, &status) == -1)
		return;
	check_reader(domain, &status);
	if (!domain->has_plain || (status.st_mode & S_IROTH) == 0)
		return;
	report_warning(&domain->check->report,
	    "%s: everybody can read the plain-text passwords in it",
	    domain->path);
	report_remedy(&domain->check->report, "chmod o-r %s", domain->word);
}

/* ---- its lines ---------------------------------------------------------- */

static void
tell_line(struct domain *domain, const struct account_line *line,
    const char *what, const char *advice)
{
	struct report *report = &domain->check->report;

	report_wrong(
	    report, "%s: line %lu: %s", domain->path, line->number, what);
	report_remedy(
	    report, "vi +%lu %s%s", line->number, domain->word, advice);
}

static void
warn_of_line(struct domain *domain, const struct account_line *line,
    const char *what, const char *advice)
{
	struct report *report = &domain->check->report;

	report_warning(report, "%s: line %lu: %s: %s", domain->path,
	    line->number, line->account.user, what);
	report_remedy(
	    report, "vi +%lu %s%s", line->number, domain->word, advice);
}

static void
check_line(struct domain *domain, const struct account_line *line)
{
	if (line->fault != NULL)
		tell_line(domain, line, line->fault, "");
	else if (line->refusal != NULL)
		warn_of_line(domain, line, line->refusal,
		    "; put a password into the second field");
	else if (line->secret == ACCOUNT_HASH && line->method == NULL)
		tell_line(domain, line,
		    "the password is for a method that crypt(3) does not know, "
		    "or no hash",
		    "; \"openssl passwd -6\" makes a hash");
	else if (line->looks_hashed)
		warn_of_line(domain, line,
		    "the password looks like a hash, and counts as plain text",
		    "; put {CRYPT} in front of a hash, {PLAIN} in front of a "
		    "password");
	else
		report_ok(&domain->check->report, "%s: line %lu: %s, %s",
		    domain->path, line->number, line->account.user,
		    line->secret == ACCOUNT_PLAIN ? "plain text"
						  : line->method);
}

static void
check_lines(struct domain *domain, struct account_survey *survey)
{
	static const struct account_fault unread = { "cannot be read", NULL,
		false };
	struct account_line line;
	unsigned long count = 0;
	int error;

	while (account_survey_next(survey, &line, &error)) {
		check_line(domain, &line);
		if (line.fault == NULL)
			(void)roster_add(&domain->roster, &line);
		domain->has_plain |= line.secret == ACCOUNT_PLAIN;
		report_progress(&domain->check->report, ++count);
	}
	if (error != 0)
		tell_trouble(domain, &unread, error);
}

static void
check_twins(struct domain *domain)
{
	const struct member *members = domain->roster.members;
	size_t first = 0, i;

	roster_sort(&domain->roster);
	for (i = 1; i < domain->roster.count; i++) {
		if (strcmp(members[i].account.user,
			members[first].account.user) != 0) {
			first = i;
			continue;
		}
		report_wrong(&domain->check->report,
		    "%s: line %lu: %s has line %lu already, and only the first "
		    "counts",
		    domain->path, members[i].line, members[i].account.user,
		    members[first].line);
		report_remedy(&domain->check->report, "vi +%lu %s",
		    members[i].line, domain->word);
	}
}

/* ---- domains ------------------------------------------------------------ */

static void
check_domain(struct domain *domain)
{
	const struct account_rules *rules = &domain->check->options->rules;
	struct account_survey *survey;
	struct account_fault fault;

	switch (account_survey_open(&survey, rules, domain->name, &fault)) {
	case ACCOUNT_TROUBLE:
		tell_trouble(domain, &fault, errno);
		return;
	case ACCOUNT_NO_DOMAIN:
	case ACCOUNT_UNKNOWN:
		return;
	case ACCOUNT_FOUND:
		break;
	}
	check_lines(domain, survey);
	account_survey_close(&survey);
	check_twins(domain);
	check_readers(domain);
	roster_free(&domain->roster);
}

static void
tell_name(struct domain *domain)
{
	struct report *report = &domain->check->report;
	char lower[MBOX_NAME_SIZE], path[MBOX_PATH_SIZE], word[QUOTED_SIZE],
	    other[QUOTED_SIZE];

	text_copy(lower, sizeof(lower), domain->name);
	text_lower(lower);
	if (account_is_domain_name(lower)) {
		report_wrong(report,
		    "%s: has upper case, and names are looked up in lower case",
		    domain->directory);
		text_format(path, sizeof(path), "%s/%s",
		    domain->check->options->rules.virtual_directory, lower);
		report_remedy(report, "mv %s %s",
		    quote(word, domain->directory), quote(other, path));
		return;
	}
	report_wrong(report,
	    "%s: is no name of a domain: a-z, 0-9 and ._+- only, no dot in "
	    "front or at the end, no two in a row",
	    domain->directory);
	report_remedy(report, "ls -ld %s", quote(word, domain->directory));
}

static void
check_entry(struct check *check, const char *name)
{
	struct domain domain = { .check = check, .name = name };
	struct stat status;

	if (!text_format(domain.directory, sizeof(domain.directory), "%s/%s",
		check->options->rules.virtual_directory, name) ||
	    !text_format(domain.path, sizeof(domain.path), "%s/passwd",
		domain.directory) ||
	    name[0] == '.' || stat(domain.directory, &status) == -1 ||
	    !S_ISDIR(status.st_mode))
		return;
	quote(domain.word, domain.path);
	if (account_is_domain_name(name))
		check_domain(&domain);
	else
		tell_name(&domain);
}

void
check_domains(struct check *check)
{
	const char *directory = check->options->rules.virtual_directory;
	struct entries entries;
	size_t i;

	report_section(&check->report, "passwd files");
	if (entries_read(&entries, directory) == -1) {
		if (errno == ENOENT)
			return; /* it was said before */
		report_warning(&check->report, "%s: cannot be read: %s",
		    directory, strerror(errno));
		report_remedy(&check->report, "sudo gnu-pop3d --check");
		return;
	}
	for (i = 0; i < entries.count; i++)
		check_entry(check, entries.names[i]);
	entries_free(&entries);
}
