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

static void
let_in(struct visit *visit, const struct attempt *attempt)
{
	if (session_begin(visit, attempt->user, attempt->domain) == 0) {
		log_login(visit, NULL);
		reply_redirect(&visit->reply, "/");
		return;
	}
	log_event(LOG_ERR, "no session can begin: %s user=%s@%s",
	    strerror(errno), attempt->user, attempt->domain);
	page_error(visit, 500);
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
	const char *why = "no address";
	enum proof proof = PROOF_WRONG;

	if (take_address(visit, &attempt))
		proof = prove(visit, &attempt,
		    request_field(visit->request, "password"), &why);
	if (proof != PROOF_RIGHT)
		log_login(visit, why);
	switch (proof) {
	case PROOF_RIGHT:
		let_in(visit, &attempt);
		return;
	case PROOF_WRONG:
	case PROOF_NO_DOMAIN:
		refuse(visit);
		return;
	case PROOF_TOO_OFTEN:
		prove_wait(visit, &attempt);
		return;
	case PROOF_OFF:
		page_trouble(
		    visit, 503, TEXT_NOT_SET_UP, TEXT_NOT_SET_UP_WHY, NULL);
		return;
	case PROOF_TROUBLE:
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
