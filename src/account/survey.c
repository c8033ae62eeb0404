/* What is in a passwd file, for somebody who looks over it, or after one
 * login.  The lines are judged where a login has them judged. */
#include "config.h"

#include "account/private.h"
#include "support/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct account_survey {
	struct passwd_file file;
	char domain[ACCOUNT_DOMAIN_SIZE];
};

/* ---- secrets ------------------------------------------------------------ */

/* 2 characters of salt and 11 for each 8 of the password.  crypt(3) takes any
 * text for such a salt. */
static bool
is_des(const char *hash)
{
	size_t length = strlen(hash);

	return length >= 13 && (length - 2) % 11 == 0;
}

/* How the methods of crypt(5) are called, by the start of the hash; NULL if it
 * is none. */
static const char *
name_method(const char *hash)
{
	static const struct {
		const char *start, *name;
	} methods[] = { { "$y$", "yescrypt" }, { "$gy$", "gost-yescrypt" },
		{ "$7$", "scrypt" }, { "$2", "bcrypt" }, { "$6$", "SHA-512" },
		{ "$5$", "SHA-256" }, { "$sha1", "PBKDF1 with SHA-1" },
		{ "$md5", "MD5 of SunOS" }, { "$1$", "MD5" }, { "$3$", "NT" },
		{ "_", "DES of BSDi" } };
	const size_t count = sizeof(methods) / sizeof(methods[0]);
	size_t i = 0;

	while (i < count &&
	    strncmp(hash, methods[i].start, strlen(methods[i].start)) != 0)
		i++;
	if (i < count)
		return methods[i].name;
	return is_des(hash) ? "DES" : NULL;
}

static void
note_secret(const struct record *record, struct account_line *line)
{
	line->refusal = record->refusal;
	line->looks_hashed = record->looks_hashed;
	switch (record->kind) {
	case SECRET_NONE:
		line->secret = ACCOUNT_LOCKED;
		return;
	case SECRET_PLAIN:
		line->secret = ACCOUNT_PLAIN;
		return;
	case SECRET_HASH:
		break;
	}
	line->secret = ACCOUNT_HASH;
	line->method =
	    secret_is_hash(record->secret) ? name_method(record->secret) : NULL;
}

/* ---- all lines ---------------------------------------------------------- */

static void
note_fault(const struct passwd_file *file, struct account_fault *fault)
{
	memset(fault, 0, sizeof(*fault));
	if (file->distrusted != NULL)
		*fault = *file->distrusted;
	else
		fault->text = file->fault;
	errno = file->error;
}

enum account_search
account_survey_open(struct account_survey **survey,
    const struct account_rules *rules, const char *domain,
    struct account_fault *fault)
{
	struct account_survey *opened = calloc(1, sizeof(*opened));
	enum account_search result;

	*survey = NULL;
	memset(fault, 0, sizeof(*fault));
	fault->text = "cannot be read";
	if (opened == NULL)
		return ACCOUNT_TROUBLE;
	if (!text_copy(opened->domain, sizeof(opened->domain), domain)) {
		free(opened);
		return ACCOUNT_NO_DOMAIN;
	}
	result = passwd_open(&opened->file, rules, opened->domain);
	if (result == ACCOUNT_TROUBLE)
		note_fault(&opened->file, fault);
	if (result == ACCOUNT_FOUND)
		*survey = opened;
	else
		free(opened);
	return result;
}

bool
account_survey_next(
    struct account_survey *survey, struct account_line *line, int *error)
{
	struct record record;
	enum passwd_line kind;

	memset(line, 0, sizeof(*line));
	memset(&record, 0, sizeof(record));
	kind = passwd_next(&survey->file, &record);
	*error = kind == PASSWD_TROUBLE ? survey->file.error : 0;
	if (kind != PASSWD_GOOD && kind != PASSWD_BAD)
		return false;
	line->number = survey->file.line_number;
	line->fault = survey->file.fault;
	line->account = record.account;
	text_copy(line->gecos, sizeof(line->gecos), record.gecos);
	text_copy(line->forward, sizeof(line->forward), record.forward);
	note_secret(&record, line);
	explicit_bzero(&record, sizeof(record));
	return true;
}

void
account_survey_close(struct account_survey **survey)
{
	if (*survey == NULL)
		return;
	passwd_close(&(*survey)->file);
	free(*survey);
	*survey = NULL;
}

/* ---- one login ---------------------------------------------------------- */

/* The first line that counts; if none does, the first with that name. */
static void
search_lines(struct account_survey *survey, const char *user,
    struct account_explanation *explanation)
{
	struct account_line line;

	explanation->found = ACCOUNT_UNKNOWN;
	while (explanation->found != ACCOUNT_FOUND &&
	    account_survey_next(survey, &line, &explanation->error)) {
		if (strcmp(line.account.user, user) != 0 ||
		    (line.fault != NULL && explanation->line.number != 0))
			continue;
		explanation->line = line;
		if (line.fault == NULL)
			explanation->found = ACCOUNT_FOUND;
	}
	if (explanation->error != 0) {
		explanation->found = ACCOUNT_TROUBLE;
		explanation->fault.text = "cannot be read";
	}
}

static void
explain_virtual(const struct account_rules *rules, const char *user,
    struct account_explanation *explanation)
{
	struct account_survey *survey;

	explanation->found = ACCOUNT_NO_DOMAIN;
	if (!account_is_domain_name(explanation->domain))
		return;
	explanation->found = account_survey_open(
	    &survey, rules, explanation->domain, &explanation->fault);
	explanation->error = explanation->found == ACCOUNT_TROUBLE ? errno : 0;
	if (explanation->found != ACCOUNT_FOUND)
		return;
	search_lines(survey, user, explanation);
	account_survey_close(&survey);
}

static void
explain_system(const struct account_rules *rules, const char *user,
    struct account_explanation *explanation)
{
	struct search search;

	system_look(rules, user, &search);
	explanation->found = search.found;
	explanation->fault.text = "cannot be asked";
	explanation->line.account = search.record.account;
	note_secret(&search.record, &explanation->line);
	explicit_bzero(&search, sizeof(search));
}

static void
explain_user(const struct account_rules *rules, const char *user,
    struct account_explanation *explanation)
{
	memset(&explanation->line, 0, sizeof(explanation->line));
	explanation->found = ACCOUNT_UNKNOWN;
	if (!account_is_user_name(user))
		return;
	if (explanation->domain[0] == '\0')
		explain_system(rules, user, explanation);
	else
		explain_virtual(rules, user, explanation);
}

void
account_explain(const struct account_rules *rules, const char *name,
    struct account_explanation *explanation)
{
	char cut[CREDENTIALS_NAME_SIZE]; /* nobody has a name that long */
	struct login_name login;
	const char *domain;

	memset(explanation, 0, sizeof(*explanation));
	snprintf(cut, sizeof(cut), "%s", name);
	login_name_split(cut, &login);
	domain = login_name_domain(rules, &login, NULL);
	text_copy(explanation->user, sizeof(explanation->user), login.user);
	text_copy(explanation->typed_domain, sizeof(explanation->typed_domain),
	    login.domain);
	text_copy(explanation->domain, sizeof(explanation->domain),
	    domain == NULL ? "" : domain);
	explain_user(rules, login.user, explanation);
	if (explanation->found != ACCOUNT_UNKNOWN ||
	    explanation->line.number != 0 || strncmp(login.user, "s-", 2) != 0)
		return;
	explain_user(rules, login.user + 2, explanation);
	text_copy(explanation->user, sizeof(explanation->user), login.user + 2);
	explanation->leaves_status = true;
}
