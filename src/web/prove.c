/* Whether somebody knows a password. */
#include "config.h"

#include "support/log.h"
#include "support/text.h"
#include "web/page.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- the attempt --------------------------------------------------------- */

/* Why the attempt could not be noted, so that it is not made. */
static enum proof
explain(
    const struct visit *visit, const struct attempt *attempt, const char **why)
{
	const char *domain;

	if (errno == EAGAIN) {
		*why = "too many attempts";
		return PROOF_TOO_OFTEN;
	}
	if (errno != ENOENT) {
		*why = "the attempt cannot be noted";
		log_event(LOG_ERR, "what the pages of %s remember: %s",
		    attempt->domain, strerror(errno));
		return PROOF_TROUBLE;
	}
	domain =
	    account_find_domain(&visit->site->admin.rules, attempt->domain);
	if (domain == NULL || strcmp(domain, attempt->domain) != 0) {
		*why = "no such domain";
		return PROOF_NO_DOMAIN;
	}
	*why = "the pages are off; see virtdomain web";
	return PROOF_OFF;
}

/* ---- the password -------------------------------------------------------- */

/* The name must be that of the account, without what logins by POP3 may put in
 * front: attempts were counted for it. */
static enum account_verdict
verify(const struct visit *visit, const struct attempt *attempt,
    const char *password, const char **why)
{
	struct credentials credentials = { .kind = CREDENTIALS_PASSWORD };
	struct account_finding finding = { .why = "too long" };
	enum account_verdict verdict = ACCOUNT_REFUSED;

	if (text_format(credentials.name, sizeof(credentials.name), "%s@%s",
		attempt->user, attempt->domain) &&
	    text_copy(credentials.secret, sizeof(credentials.secret), password))
		verdict = account_verify(&visit->site->admin.rules,
		    &credentials, "", NULL, &finding);
	explicit_bzero(&credentials, sizeof(credentials));
	*why = finding.why;
	if (verdict != ACCOUNT_ACCEPTED ||
	    (strcmp(finding.account.user, attempt->user) == 0 &&
		strcmp(finding.account.domain, attempt->domain) == 0))
		return verdict;
	*why = "another name";
	return ACCOUNT_REFUSED;
}

enum proof
prove(const struct visit *visit, struct attempt *attempt, const char *password,
    const char **why)
{
	if (attempt_begin(visit, attempt) == -1)
		return explain(visit, attempt, why);
	switch (verify(visit, attempt, password, why)) {
	case ACCOUNT_ACCEPTED:
		break;
	case ACCOUNT_REFUSED:
		return PROOF_WRONG;
	case ACCOUNT_TRY_LATER:
		return PROOF_TROUBLE;
	}
	if (attempt_succeed(visit, attempt) == -1)
		log_event(LOG_WARNING, "what the pages of %s remember: %s",
		    attempt->domain, strerror(errno));
	return PROOF_RIGHT;
}

/* ---- the page ------------------------------------------------------------ */

void
prove_wait(struct visit *visit, const struct attempt *attempt)
{
	char minutes[24];

	snprintf(minutes, sizeof(minutes), "%lld",
	    ((long long)attempt->wait + 59) / 60);
	visit->reply.retry_after = (unsigned int)attempt->wait;
	page_trouble(visit, 429, TEXT_TOO_MANY, TEXT_TOO_MANY_WHY, minutes);
}
