/* What the system must have: users, directories, a kernel. */
#include "config.h"

#include "check/private.h"
#include "daemon/filter.h"
#include "daemon/paths.h"
#include "daemon/privilege.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
check_login_user(struct check *check)
{
	const char *name = check->options->login_user;
	uid_t uid;
	gid_t gid;

	if (!check->is_root)
		return; /* the login process stays who it is */
	if (privilege_find_user(name, &uid, &gid)) {
		report_ok(&check->report, "login user: uid %u, gid %u",
		    (unsigned int)uid, (unsigned int)gid);
		return;
	}
	report_wrong(&check->report,
	    "login user: %s does not exist, or its uid or gid is 0",
	    name != NULL ? name : "neither pop3d nor nobody");
	report_remedy(&check->report,
	    "useradd --system --home-dir /nonexistent --shell "
	    "/usr/sbin/nologin %s",
	    name != NULL ? name : "pop3d");
}

/* ---- directories -------------------------------------------------------- */

/* False, after a line about it, if there is no such directory. */
static bool
find_directory(struct check *check, const char *what, const char *path,
    struct stat *status)
{
	char word[QUOTED_SIZE];

	if (stat(path, status) == 0 && S_ISDIR(status->st_mode))
		return true;
	if (errno == ENOENT)
		report_warning(&check->report, "%s: %s is missing", what, path);
	else
		report_wrong(
		    &check->report, "%s: %s is no directory", what, path);
	report_remedy(
	    &check->report, "install -d -m 755 %s", quote(word, path));
	return false;
}

/* forbidden are bits of the mode; where everybody may make files, the sticky
 * bit keeps them from the files of others. */
static void
check_directory(
    struct check *check, const char *what, const char *path, mode_t forbidden)
{
	char word[QUOTED_SIZE];
	struct stat status;

	errno = 0;
	if (!find_directory(check, what, path, &status))
		return;
	if ((status.st_mode & forbidden) == 0 ||
	    (forbidden == S_IWOTH && (status.st_mode & S_ISVTX) != 0)) {
		report_ok(&check->report, "%s: %s", what, path);
		return;
	}
	report_wrong(&check->report, "%s: %s is writable for %s", what, path,
	    (status.st_mode & S_IWOTH) != 0 ? "everybody" : "its group");
	report_remedy(&check->report, "chmod %s %s",
	    forbidden == S_IWOTH ? "+t" : "go-w", quote(word, path));
}

/* ---- the kernel --------------------------------------------------------- */

static void
check_sandbox(struct check *check)
{
	if (!check->options->is_sandboxed)
		return;
	if (filter_is_available()) {
		report_ok(&check->report, "kernel: seccomp");
	} else {
		report_warning(&check->report,
		    "kernel: no filter of system calls, by this kernel, "
		    "processor or C library");
		report_remedy(
		    &check->report, "a kernel with CONFIG_SECCOMP_FILTER=y");
	}
	if (paths_are_restrictable()) {
		report_ok(&check->report, "kernel: landlock");
		return;
	}
	report_warning(
	    &check->report, "kernel: has no landlock, or it is switched off");
	report_remedy(&check->report,
	    "a kernel from 5.13 on, with landlock in the list of its option "
	    "lsm=");
}

void
check_system(struct check *check)
{
	const struct account_rules *rules = &check->options->rules;

	report_section(&check->report, "system");
	check_login_user(check);
	check_directory(check, "virtual directory", rules->virtual_directory,
	    S_IWGRP | S_IWOTH);
	check_directory(check, "virtual spool", rules->virtual_spool, S_IWOTH);
	check_directory(check, "mail spool", rules->mail_spool, S_IWOTH);
	check_sandbox(check);
}
