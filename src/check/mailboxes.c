/* The spool directories: of each virtual domain, and of the system. */
#include "config.h"

#include "check/private.h"
#include "daemon/lockkeeper.h"
#include "support/text.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* A spool directory, and whose mailboxes are in it. */
struct spool {
	struct check *check;
	const char *domain; /* empty: users of the system */
	char directory[ACCOUNT_PATH_SIZE];
	struct roster roster; /* of the domain */
	unsigned long done;
};

static bool
ends_in(const char *name, const char *suffix)
{
	size_t length = strlen(name), wanted = strlen(suffix);

	return length > wanted && strcmp(name + length - wanted, suffix) == 0;
}

/* ---- names in it -------------------------------------------------------- */

/* Where there is a domain, its accounts are looked at one by one.  True if the
 * name is somebody's. */
static bool
check_system_user(struct spool *spool, const char *name)
{
	struct check *check = spool->check;
	struct account_explanation explanation;
	const struct account *account = &explanation.line.account;
	struct mbox_place place;

	if (!account_is_user_name(name))
		return false;
	account_explain(&check->options->rules, name, &explanation);
	if (explanation.found != ACCOUNT_FOUND || explanation.leaves_status)
		return explanation.found == ACCOUNT_TROUBLE;
	if (account->uid == 0 || account->gid == 0 ||
	    account->uid < check->options->rules.least_uid ||
	    !check_find_place(check, account, &place))
		return true;
	check_mailbox(check, &place);
	return true;
}

static bool
is_somebodys(struct spool *spool, const char *name)
{
	if (spool->domain[0] != '\0')
		return roster_find(&spool->roster, name) != NULL;
	return check_system_user(spool, name);
}

static void
tell_orphan(struct spool *spool, const char *path)
{
	struct report *report = &spool->check->report;
	char word[QUOTED_SIZE];

	report_warning(report, "%s: a mailbox without an account", path);
	if (spool->domain[0] != '\0')
		report_remedy(report,
		    "add a line to %s/%s/passwd, or mv %s elsewhere",
		    spool->check->options->rules.virtual_directory,
		    spool->domain, quote(word, path));
	else
		report_remedy(
		    report, "adduser, or mv %s elsewhere", quote(word, path));
}

/* A lock whose mailbox is somebody's is looked at with that. */
static void
check_lock(struct spool *spool, const char *name, const char *path)
{
	char user[MBOX_NAME_SIZE], word[QUOTED_SIZE];
	struct stat status;

	text_format(user, sizeof(user), "%.*s",
	    (int)(strlen(name) - strlen(".lock")), name);
	if (spool->domain[0] != '\0' ? roster_find(&spool->roster, user) != NULL
				     : text_format(word, sizeof(word), "%s/%s",
					   spool->directory, user) &&
		    lstat(word, &status) == 0)
		return;
	report_warning(
	    &spool->check->report, "%s: a lock without a mailbox", path);
	report_remedy(&spool->check->report, "rm %s", quote(word, path));
}

/* In the spools of domains the daemon reads it when it starts. */
static void
tell_leftover(struct spool *spool, const char *path)
{
	struct report *report = &spool->check->report;
	char word[QUOTED_SIZE];

	if (spool->domain[0] != '\0') {
		report_warning(
		    report, "%s: left over by GNU pop3d; not merged yet", path);
		report_remedy(
		    report, "gnu-pop3d --recover, or start the daemon");
		return;
	}
	report_warning(
	    report, "%s: left over by GNU pop3d; nothing reads it", path);
	report_remedy(report, "look whether its mail is missing, then rm %s",
	    quote(word, path));
}

/* NAME.old.merged, and .2 and so on behind it: kept for whoever wants to look.
 */
static bool
is_merged(const char *name)
{
	const char *end = strstr(name, ".old.merged");

	return end != NULL && end > name;
}

static void
check_name(struct spool *spool, const char *name)
{
	struct report *report = &spool->check->report;
	char path[MBOX_PATH_SIZE];

	if (name[0] == '.' || is_merged(name) ||
	    !text_format(path, sizeof(path), "%s/%s", spool->directory, name))
		return;
	report_progress(report, ++spool->done);
	if (ends_in(name, ".lock")) {
		check_lock(spool, name, path);
	} else if (ends_in(name, ".old")) {
		tell_leftover(spool, path);
	} else if (!is_somebodys(spool, name)) {
		tell_orphan(spool, path);
	}
}

static void
check_names(struct spool *spool)
{
	struct entries entries;
	size_t i;

	if (entries_read(&entries, spool->directory) == -1) {
		if (errno == ENOENT)
			return;
		report_warning(&spool->check->report, "%s: cannot be read: %s",
		    spool->directory, strerror(errno));
		report_remedy(&spool->check->report, "sudo gnu-pop3d --check");
		return;
	}
	for (i = 0; i < entries.count; i++)
		check_name(spool, entries.names[i]);
	entries_free(&entries);
}

/* ---- one domain --------------------------------------------------------- */

/* Somebody whose mail is there, and not at home; or NULL. */
static const struct account *
find_user(const struct spool *spool)
{
	struct mbox_place place;
	size_t i;

	for (i = 0; i < spool->roster.count; i++) {
		const struct account *account =
		    &spool->roster.members[i].account;

		if (check_find_place(spool->check, account, &place) &&
		    strcmp(place.directory, spool->directory) == 0)
			return account;
	}
	return NULL;
}

static void
check_spool_directory(struct spool *spool, const struct account *user)
{
	struct report *report = &spool->check->report;
	unsigned int uid = (unsigned int)user->uid;
	unsigned int gid = (unsigned int)user->gid;
	char word[QUOTED_SIZE];
	struct stat status;

	quote(word, spool->directory);
	if (stat(spool->directory, &status) == -1 || !S_ISDIR(status.st_mode)) {
		report_wrong(report,
		    "%s: there is no such directory for the mail of %s",
		    spool->directory, spool->domain);
		report_remedy(
		    report, "install -d -m 700 -o %u -g %u %s", uid, gid, word);
	} else if (!lockkeeper_is_spared(&status, user->uid, user->gid)) {
		report_wrong(report,
		    "%s: is not writable for uid %u, the owner of its "
		    "mailboxes; no mail can be delivered",
		    spool->directory, uid);
		report_remedy(report, "chown %u:%u %s && chmod 700 %s", uid,
		    gid, word, word);
	} else if ((status.st_mode & S_IWOTH) != 0) {
		report_wrong(
		    report, "%s: is writable for everybody", spool->directory);
		report_remedy(report, "chmod o-w %s", word);
	} else {
		report_ok(report, "%s: a directory of uid %u", spool->directory,
		    (unsigned int)status.st_uid);
	}
}

static void
check_accounts(struct spool *spool)
{
	struct mbox_place place;
	size_t i;

	for (i = 0; i < spool->roster.count; i++) {
		const struct account *account =
		    &spool->roster.members[i].account;

		if (roster_find(&spool->roster, account->user) !=
		    &spool->roster.members[i])
			continue; /* a second line counts for nothing */
		if (check_find_place(spool->check, account, &place))
			check_mailbox(spool->check, &place);
		report_progress(&spool->check->report, ++spool->done);
	}
}

static void
check_domain(struct check *check, const char *name)
{
	const struct account_rules *rules = &check->options->rules;
	struct spool spool = { .check = check, .domain = name };
	const struct account *user;
	bool is_known;

	if (!account_is_domain_name(name) ||
	    !text_format(spool.directory, sizeof(spool.directory), "%s/%s",
		rules->virtual_spool, name))
		return;
	is_known = roster_read(&spool.roster, rules, name);
	user = find_user(&spool);
	if (user != NULL)
		check_spool_directory(&spool, user);
	check_accounts(&spool);
	if (is_known)
		check_names(&spool);
	roster_free(&spool.roster);
}

/* ---- all ---------------------------------------------------------------- */

static void
check_all_domains(struct check *check)
{
	struct entries entries;
	size_t i;

	if (entries_read(&entries, check->options->rules.virtual_directory) ==
	    -1)
		return; /* it was said before */
	for (i = 0; i < entries.count; i++)
		check_domain(check, entries.names[i]);
	entries_free(&entries);
}

/* Mail whose domain has gone. */
static void
check_spool_of_nobody(struct check *check, const char *name)
{
	const struct account_rules *rules = &check->options->rules;
	char path[MBOX_PATH_SIZE], domain[MBOX_PATH_SIZE], word[QUOTED_SIZE];
	struct stat status;

	if (name[0] == '.' ||
	    !text_format(
		path, sizeof(path), "%s/%s", rules->virtual_spool, name) ||
	    !text_format(domain, sizeof(domain), "%s/%s",
		rules->virtual_directory, name) ||
	    stat(domain, &status) == 0 || stat(path, &status) == -1 ||
	    !S_ISDIR(status.st_mode))
		return;
	report_warning(&check->report, "%s: mailboxes without a domain", path);
	report_remedy(&check->report,
	    "make %s with its passwd file, or mv %s "
	    "elsewhere",
	    domain, quote(word, path));
}

static void
check_virtual_spool(struct check *check)
{
	struct entries entries;
	size_t i;

	if (entries_read(&entries, check->options->rules.virtual_spool) == -1)
		return;
	for (i = 0; i < entries.count; i++)
		check_spool_of_nobody(check, entries.names[i]);
	entries_free(&entries);
}

void
check_mailboxes(struct check *check)
{
	struct spool system = { .check = check, .domain = "" };

	report_section(&check->report, "mailboxes");
	check_all_domains(check);
	check_virtual_spool(check);
	text_copy(system.directory, sizeof(system.directory),
	    check->options->rules.mail_spool);
	check_names(&system);
}
