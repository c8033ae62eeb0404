/* account/survey: what is said of a line is what a login does with it. */
#include "config.h"

#include "accounts.h"
#include "box.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

/* The hashes are of "secret". */
static const struct {
	const char *name, *field;
	enum account_secret secret;
	const char *method;
	bool opens, looks_hashed;
} rows[] = {
	{ "plain", "secret", ACCOUNT_PLAIN, NULL, true, false },
	{ "said", "{PLAIN}secret", ACCOUNT_PLAIN, NULL, true, false },
	{ "empty", "", ACCOUNT_LOCKED, NULL, false, false },
	{ "star", "*secret", ACCOUNT_LOCKED, NULL, false, false },
	{ "shadow", "x", ACCOUNT_LOCKED, NULL, false, false },
	{ "md5", "$1$salt$ez2vlPGdaLYkJam5pWs/Y1", ACCOUNT_HASH, "MD5", true,
	    false },
	{ "none", "$99$salt$hash", ACCOUNT_HASH, NULL, false, false },
	{ "text", "{CRYPT}secret", ACCOUNT_HASH, NULL, false, false },
	{ "des", "{CRYPT}saHW9GdxihkGQ", ACCOUNT_HASH, "DES", true, false },
	{ "bare", "saHW9GdxihkGQ", ACCOUNT_PLAIN, NULL, false, true },
	{ "bare-said", "{PLAIN}saHW9GdxihkGQ", ACCOUNT_PLAIN, NULL, false,
	    false },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static bool
opens(const struct account_rules *rules, const char *name)
{
	struct credentials credentials = { .kind = CREDENTIALS_PASSWORD };
	struct account_finding finding;

	snprintf(credentials.name, sizeof(credentials.name), "%s", name);
	strcpy(credentials.secret, "secret");
	return account_verify(rules, &credentials, "", NULL, &finding) ==
	    ACCOUNT_ACCEPTED;
}

static void
lines(const struct account_rules *rules)
{
	struct account_survey *survey;
	struct account_fault fault;
	struct account_line line;
	int error;
	size_t i;

	is_number(account_survey_open(&survey, rules, "kvt.dk", &fault),
	    ACCOUNT_FOUND, "a passwd file is opened");
	for (i = 0; i < ROWS; i++) {
		ok(account_survey_next(survey, &line, &error),
		    "there is line %zu", i + 1);
		is_number(line.number, i + 1, "with its number");
		is_text(line.fault, NULL, "%s: counts", rows[i].name);
		is_text(line.account.user, rows[i].name, "its user");
		is_number(line.secret, rows[i].secret, "%s: the kind of secret",
		    rows[i].name);
		is_text(line.method, rows[i].method, "%s: the method",
		    rows[i].name);
		is_number(line.looks_hashed, rows[i].looks_hashed,
		    "%s: whether it looks like a hash", rows[i].name);
		is_number(line.refusal != NULL,
		    rows[i].secret == ACCOUNT_LOCKED,
		    "%s: whether it is locked", rows[i].name);
	}
	ok(account_survey_next(survey, &line, &error),
	    "a line that is bad is shown too");
	ok(line.fault != NULL, "with its fault");
	ok(!account_survey_next(survey, &line, &error), "then there is none");
	is_number(error, 0, "and no error");
	account_survey_close(&survey);
	ok(survey == NULL, "what is closed is forgotten");
}

static void
logins(const struct account_rules *rules)
{
	struct account_explanation explanation;
	char name[64];
	size_t i;

	for (i = 0; i < ROWS; i++) {
		snprintf(name, sizeof(name), "%s%%KVT.dk", rows[i].name);
		account_explain(rules, name, &explanation);
		is_number(explanation.found, ACCOUNT_FOUND, "%s is found",
		    rows[i].name);
		is_number(explanation.line.number, i + 1, "in its line");
		is_text(explanation.domain, "kvt.dk", "of its domain");
		is_number(opens(rules, name), rows[i].opens,
		    "%s: whether it lets in", rows[i].name);
	}
	account_explain(rules, "s-plain@kvt.dk", &explanation);
	is_text(
	    explanation.user, "plain", "s- in front is no part of the name");
	ok(explanation.leaves_status, "and means something");
	account_explain(rules, "bad@kvt.dk", &explanation);
	is_number(explanation.found, ACCOUNT_UNKNOWN,
	    "who has only a bad line is unknown");
	is_number(explanation.line.number, ROWS + 1, "and the line is named");
	account_explain(rules, "nobody@kvt.org", &explanation);
	is_number(explanation.found, ACCOUNT_NO_DOMAIN, "no such domain");
}

int
main(void)
{
	struct account_rules rules;
	struct bytes file = { 0 };
	size_t i;

	box_open();
	rules = accounts_open();
	for (i = 0; i < ROWS; i++)
		accounts_add(&file, rows[i].name, rows[i].field);
	bytes_add_text(&file, "bad:secret:0:0::.:\n");
	accounts_write("kvt.dk", &file);
	bytes_free(&file);
	lines(&rules);
	logins(&rules);
	return done();
}
