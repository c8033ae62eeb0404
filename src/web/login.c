/* Coming and going. */
#include "config.h"

#include "support/log.h"
#include "support/text.h"
#include "web/page.h"

#include <errno.h>
#include <string.h>

#define LOGGED_SIZE 512

/* ---- the log ------------------------------------------------------------- */

/* In the words of gnu-pop3d, so that who looks for them there finds these
 * too. */
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

/* The session is of the password that is stored before it is proved. */
static enum proof
try(struct visit *visit, struct attempt *attempt, struct session *session,
    const char **why)
{
	enum proof proof;
	int error = 0;

	if (!take_address(visit, attempt))
		return PROOF_WRONG;
	if (session_make(
		visit, attempt->user, attempt->domain, NULL, session) == -1)
		error = errno;
	proof = prove(
	    visit, attempt, request_field(visit->request, "password"), why);
	if (proof != PROOF_RIGHT || error == 0)
		return proof;
	*why = "no session can begin";
	log_event(LOG_ERR, "no session can begin: %s user=%s@%s",
	    strerror(error), attempt->user, attempt->domain);
	return PROOF_TROUBLE;
}

/* The page does not tell what of it was wrong. */
static void
refuse(struct visit *visit)
{
	visit->reply.status = 403;
	login_form(visit, MESSAGE_BAD, TEXT_WRONG_LOGIN);
}

void
login_post(struct visit *visit)
{
	struct attempt attempt = { 0 };
	struct session session = { 0 };
	const char *why = "no address";
	enum proof proof = try(visit, &attempt, &session, &why);

	log_login(visit, proof == PROOF_RIGHT ? NULL : why);
	switch (proof) {
	case PROOF_RIGHT:
		session_begin(visit, &session);
		reply_redirect(&visit->reply, "/");
		break;
	case PROOF_WRONG:
	case PROOF_NO_DOMAIN:
		refuse(visit);
		break;
	case PROOF_TOO_OFTEN:
		prove_wait(visit, &attempt);
		break;
	case PROOF_OFF:
		page_trouble(
		    visit, 503, TEXT_NOT_SET_UP, TEXT_NOT_SET_UP_WHY, NULL);
		break;
	case PROOF_TROUBLE:
		page_error(visit, 503);
		break;
	}
	explicit_bzero(&session, sizeof(session));
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
