/*
 * One login, step by step, without its password: what the name means, which
 * line it leads to, which mailbox, and who has that now.  The first thing that
 * stands in the way comes last.
 */
#include "config.h"

#include "check/login.h"
#include "support/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
visit_obstruct(struct visit *visit, const char *remedy, const char *format, ...)
{
	struct obstacle *obstacle = &visit->obstacle;
	va_list arguments;

	if (obstacle->text[0] != '\0')
		return;
	va_start(arguments, format);
	vsnprintf(obstacle->text, sizeof(obstacle->text), format, arguments);
	va_end(arguments);
	text_copy(obstacle->remedy, sizeof(obstacle->remedy), remedy);
}

static const char *
edit(const struct visit *visit, char out[REPORT_LINE_SIZE])
{
	char word[QUOTED_SIZE];

	quote(word, visit->passwd);
	if (visit->login.line.number == 0)
		text_format(out, REPORT_LINE_SIZE, "vi %s", word);
	else
		text_format(out, REPORT_LINE_SIZE, "vi +%lu %s",
		    visit->login.line.number, word);
	return out;
}

/* ---- the name ----------------------------------------------------------- */

static void
explain_name(struct visit *visit, const char *typed)
{
	const struct account_explanation *login = &visit->login;
	struct report *report = &visit->check->report;

	report_ok(report, "name: %s is user %s%s%s", typed, login->user,
	    login->domain[0] != '\0' ? " of virtual domain " : " of the system",
	    login->domain);
	if (login->leaves_status)
		report_ok(report,
		    "name: s- in front: Status: headers are left alone");
	if (login->domain[0] == '\0' && login->typed_domain[0] != '\0')
		report_ok(report, "name: %s is the default domain",
		    login->typed_domain);
	if (login->domain[0] == '\0' && login->typed_domain[0] == '\0' &&
	    visit->check->options->is_ip_based)
		report_ok(report,
		    "name: --ip-based-virtual may give it the domain of the "
		    "address that is called");
	if (!account_is_user_name(login->user))
		visit_obstruct(visit,
		    "choose another name: a-z, 0-9 and ._+- only",
		    "the user name has characters that are not served");
	if (login->domain[0] != '\0' && !account_is_domain_name(login->domain))
		visit_obstruct(visit,
		    "choose another name: a-z, 0-9 and ._+- only",
		    "the domain has characters that are not served");
}

/* ---- the account -------------------------------------------------------- */

static void
tell_trouble(struct visit *visit)
{
	const struct account_fault *fault = &visit->login.fault;
	char word[QUOTED_SIZE], remedy[REPORT_LINE_SIZE];
	char path[MBOX_PATH_SIZE];

	text_copy(path, sizeof(path), visit->passwd);
	if (fault->is_of_directory && strrchr(path, '/') != NULL)
		*strrchr(path, '/') = '\0';
	text_format(remedy, sizeof(remedy), "%s %s",
	    fault->remedy != NULL ? fault->remedy : "ls -lL",
	    quote(word, path));
	visit_obstruct(visit, remedy, "%s: %s%s%s", visit->passwd, fault->text,
	    visit->login.error != 0 ? ": " : "",
	    visit->login.error != 0 ? strerror(visit->login.error) : "");
}

static void
tell_no_domain(struct visit *visit)
{
	char remedy[REPORT_LINE_SIZE], word[QUOTED_SIZE], path[MBOX_PATH_SIZE];

	text_format(path, sizeof(path), "%s/%s",
	    visit->check->options->rules.virtual_directory,
	    visit->login.domain);
	text_format(
	    remedy, sizeof(remedy), "install -d -m 755 %s", quote(word, path));
	visit_obstruct(
	    visit, remedy, "unknown domain: there is no directory %s", path);
}

static void
tell_no_user(struct visit *visit)
{
	const struct account_line *line = &visit->login.line;
	char remedy[REPORT_LINE_SIZE];

	if (line->number != 0)
		visit_obstruct(visit, edit(visit, remedy),
		    "line %lu counts for nothing: %s", line->number,
		    line->fault);
	else if (visit->login.domain[0] != '\0')
		visit_obstruct(visit, edit(visit, remedy),
		    "unknown user: no line of %s is for %s", visit->passwd,
		    visit->login.user);
	else
		visit_obstruct(visit, "adduser, or log in as USER@DOMAIN",
		    "unknown user: the system has no %s", visit->login.user);
}

/* Whether there is such an account. */
static bool
explain_account(struct visit *visit)
{
	const struct account_explanation *login = &visit->login;
	struct report *report = &visit->check->report;

	switch (login->found) {
	case ACCOUNT_TROUBLE:
		tell_trouble(visit);
		return false;
	case ACCOUNT_NO_DOMAIN:
		tell_no_domain(visit);
		return false;
	case ACCOUNT_UNKNOWN:
		tell_no_user(visit);
		return false;
	case ACCOUNT_FOUND:
		break;
	}
	if (login->line.number != 0)
		report_ok(report, "account: %s, line %lu", visit->passwd,
		    login->line.number);
	else
		report_ok(report,
		    "account: users of the system, passwd and "
		    "shadow");
	return true;
}

/* ---- the secret --------------------------------------------------------- */

static const char *
list_ways(const struct visit *visit)
{
	const struct options *options = visit->check->options;
	bool takes_passwords = !options->requires_secure ||
	    options->is_secure || options->proxy_count > 0;

	if (visit->login.line.secret == ACCOUNT_PLAIN &&
	    options->challenges != CHALLENGES_NEVER)
		return takes_passwords
		    ? "PASS, PLAIN, LOGIN, APOP, CRAM-MD5, SCRAM"
		    : "APOP, CRAM-MD5, SCRAM";
	return takes_passwords ? "PASS, PLAIN, LOGIN" : "none";
}

static void
explain_secret(struct visit *visit)
{
	const struct account_line *line = &visit->login.line;
	struct report *report = &visit->check->report;
	char remedy[REPORT_LINE_SIZE];
	const char *ways = list_ways(visit);

	if (line->refusal != NULL && line->number == 0 &&
	    !visit->check->is_root)
		visit_obstruct(visit, "sudo gnu-pop3d --check=USER",
		    "only root can read the password of a system user");
	else if (line->refusal != NULL)
		visit_obstruct(visit,
		    line->number == 0 ? "passwd -S and chage -l tell more"
				      : edit(visit, remedy),
		    "%s", line->refusal);
	if (line->secret == ACCOUNT_HASH && line->method == NULL)
		visit_obstruct(visit, edit(visit, remedy),
		    "the password is for a method that crypt(3) does not "
		    "know, or no hash");
	if (visit->obstacle.text[0] != '\0')
		return;
	report_ok(report, "password: %s",
	    line->secret == ACCOUNT_PLAIN ? "plain text" : line->method);
	report_ok(report, "methods: %s", ways);
	if (strcmp(ways, "none") == 0)
		visit_obstruct(visit, "--secure or --proxy-from",
		    "--require-secure: no connection counts as protected");
	if (line->looks_hashed)
		report_warning(report,
		    "password: looks like a hash, and counts as plain text");
	if (line->looks_hashed)
		report_remedy(report, "put {CRYPT} in front of a hash");
}

static void
explain_ids(struct visit *visit)
{
	const struct account *account = &visit->login.line.account;
	const char *why = "is allowed: from --min-uid on, and not root";

	if (visit->login.line.number != 0)
		why = "is allowed by whom the passwd file belongs to, and "
		      "from --min-uid on";
	report_ok(&visit->check->report, "identity: uid %u, gid %u %s",
	    (unsigned int)account->uid, (unsigned int)account->gid, why);
}

/* ---- all of it ---------------------------------------------------------- */

static void
conclude(struct visit *visit)
{
	struct report *report = &visit->check->report;

	report_section(report, "result");
	if (visit->obstacle.text[0] == '\0') {
		report_ok(report, "this login works, with the right password");
		return;
	}
	report_wrong(report, "%s", visit->obstacle.text);
	if (visit->obstacle.remedy[0] != '\0')
		report_remedy(report, "%s", visit->obstacle.remedy);
}

void
check_login(struct check *check, const char *name)
{
	struct visit visit = { .check = check };

	report_section(&check->report, "name and account");
	account_explain(&check->options->rules, name, &visit.login);
	text_format(visit.passwd, sizeof(visit.passwd), "%s/%s/passwd",
	    check->options->rules.virtual_directory, visit.login.domain);
	explain_name(&visit, name);
	if (visit.obstacle.text[0] == '\0' && explain_account(&visit)) {
		explain_ids(&visit);
		explain_secret(&visit);
		visit_mailbox(&visit);
	}
	conclude(&visit);
}
