/* Coming and going. */
#include "config.h"

#include "support/log.h"
#include "support/text.h"
#include "web/page.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LOGGED_SIZE 512

/* ---- failures ------------------------------------------------------------ */

static void
log_login(const struct visit *visit, const char *why)
{
	char name[LOGGED_SIZE], address[LOGGED_SIZE];
	const char *typed = request_field(visit->request, "address");

	text_escape(name, sizeof(name), typed, strlen(typed));
	text_escape(address, sizeof(address), visit->request->address,
	    strlen(visit->request->address));
	if (why == NULL)
		log_event(LOG_INFO, "login method=page user=%s addr=%s", name,
		    address);
	else
		log_event(LOG_NOTICE,
		    "login failed reason=\"%s\" method=page user=%s addr=%s",
		    why, name, address);
}

static void
refuse(struct visit *visit, const char *why)
{
	log_login(visit, why);
	visit->reply.status = 403;
	login_form(visit, MESSAGE_BAD, TEXT_WRONG_LOGIN);
}

static void
refuse_too_many(struct visit *visit, const struct attempt *attempt)
{
	char minutes[24];

	snprintf(minutes, sizeof(minutes), "%lld",
	    ((long long)attempt->wait + 59) / 60);
	visit->reply.retry_after = (unsigned int)attempt->wait;
	page_trouble(visit, 429, TEXT_TOO_MANY, TEXT_TOO_MANY_WHY, minutes);
}

/* The attempt could not be noted, so it is not made. */
static void
refuse_unnoted(struct visit *visit, const struct attempt *attempt)
{
	const char *domain =
	    account_find_domain(&visit->site->admin.rules, attempt->domain);

	if (errno == EAGAIN) {
		refuse_too_many(visit, attempt);
	} else if (errno != ENOENT) {
		log_event(LOG_ERR, "what the pages of %s remember: %s",
		    attempt->domain, strerror(errno));
		page_error(visit, 500);
	} else if (domain == NULL || strcmp(domain, attempt->domain) != 0) {
		refuse(visit, "no such domain");
	} else {
		log_login(visit, "pages are off; see virtdomain web");
		page_trouble(
		    visit, 503, TEXT_NOT_SET_UP, TEXT_NOT_SET_UP_WHY, NULL);
	}
}

/* ---- logging in ---------------------------------------------------------- */

static bool
take_address(const struct visit *visit, struct attempt *attempt)
{
	char text[ACCOUNT_NAME_SIZE];
	char *rest = text, *user;

	if (!text_copy(
		text, sizeof(text), request_field(visit->request, "address")))
		return false;
	text_lower(text);
	user = text_field(&rest, '@');
	return user != NULL && rest != NULL &&
	    text_copy(attempt->user, sizeof(attempt->user), user) &&
	    text_copy(attempt->domain, sizeof(attempt->domain), rest) &&
	    account_is_user_name(user) && account_is_domain_name(rest);
}

/* The name that was typed must be that of the account, without what logins by
 * POP3 may put in front: attempts were counted for it. */
static enum account_verdict
verify(const struct visit *visit, const struct attempt *attempt,
    struct account_finding *finding)
{
	struct credentials credentials = { .kind = CREDENTIALS_PASSWORD };
	enum account_verdict verdict = ACCOUNT_REFUSED;

	finding->why = "too long";
	if (text_format(credentials.name, sizeof(credentials.name), "%s@%s",
		attempt->user, attempt->domain) &&
	    text_copy(credentials.secret, sizeof(credentials.secret),
		request_field(visit->request, "password")))
		verdict = account_verify(
		    &visit->site->admin.rules, &credentials, "", NULL, finding);
	explicit_bzero(&credentials, sizeof(credentials));
	if (verdict == ACCOUNT_ACCEPTED &&
	    (strcmp(finding->account.user, attempt->user) != 0 ||
		strcmp(finding->account.domain, attempt->domain) != 0)) {
		finding->why = "another name";
		return ACCOUNT_REFUSED;
	}
	return verdict;
}

static void
admit(struct visit *visit, const struct attempt *attempt)
{
	if (attempt_succeed(visit, attempt) == -1)
		log_event(LOG_WARNING, "what the pages of %s remember: %s",
		    attempt->domain, strerror(errno));
	if (session_begin(visit, attempt->user, attempt->domain) == -1) {
		log_event(LOG_ERR, "no session can begin: %s user=%s@%s",
		    strerror(errno), attempt->user, attempt->domain);
		page_error(visit, 500);
		return;
	}
	log_login(visit, NULL);
	reply_redirect(&visit->reply, "/");
}

void
login_post(struct visit *visit)
{
	struct account_finding finding = { .why = "" };
	struct attempt attempt = { 0 };

	if (!take_address(visit, &attempt)) {
		refuse(visit, "no address");
		return;
	}
	if (attempt_begin(visit, &attempt) == -1) {
		refuse_unnoted(visit, &attempt);
		return;
	}
	switch (verify(visit, &attempt, &finding)) {
	case ACCOUNT_ACCEPTED:
		admit(visit, &attempt);
		return;
	case ACCOUNT_REFUSED:
		refuse(visit, finding.why);
		return;
	case ACCOUNT_TRY_LATER:
		log_login(visit, finding.why);
		page_error(visit, 503);
		return;
	}
}

/* ---- logging out --------------------------------------------------------- */

void
logout_post(struct visit *visit)
{
	if (session_end(visit) == -1) {
		log_event(LOG_ERR, "what the pages of %s remember: %s",
		    visit->session.domain, strerror(errno));
		page_error(visit, 500);
		return;
	}
	reply_redirect(&visit->reply, "/?out=yes");
}
