/* The first page, coming and going, and the choice of language. */
#include "config.h"

#include "support/text.h"
#include "web/page.h"

#include <string.h>

#define LANGUAGE_COOKIE "virtdomain-language"
#define LANGUAGE_LASTS	(365L * 24 * 60 * 60)

/* ---- logging in ---------------------------------------------------------- */

static void
put_login(struct visit *visit, enum text error)
{
	const struct page_field address = {
		.name = "address",
		.label = TEXT_ADDRESS,
		.hint = TEXT_ADDRESS_HINT,
		.type = "text",
		.value = request_field(visit->request, "address"),
		.complete = "username",
		.most = ACCOUNT_NAME_SIZE - 1,
		.is_required = true,
		.is_code = true,
	};
	const struct page_field password = {
		.name = "password",
		.label = TEXT_PASSWORD,
		.type = "password",
		.complete = "current-password",
		.most = CREDENTIALS_SECRET_SIZE - 1,
		.is_required = true,
	};

	page_begin(visit, TEXT_LOG_IN, NULL);
	if (error != TEXT_NONE)
		page_message(visit, MESSAGE_BAD, error, NULL);
	page_paragraph(visit, TEXT_LOG_IN_HINT, NULL);
	page_form(visit, "/login");
	page_field(visit, &address);
	page_field(visit, &password);
	page_button(visit, BUTTON_MAIN, TEXT_LOG_IN, NULL, NULL);
	page_form_end(visit);
	page_end(visit);
}

void
start_get(struct visit *visit)
{
	if (visit->session.is_open)
		reply_redirect(&visit->reply,
		    visit->session.is_postmaster ? "/users" : "/account");
	else
		put_login(visit, TEXT_NONE);
}

void
login_post(struct visit *visit)
{
	visit->reply.status = 403;
	put_login(visit, TEXT_WRONG_LOGIN);
}

void
logout_post(struct visit *visit)
{
	reply_redirect(&visit->reply, "/");
}

/* ---- language ------------------------------------------------------------ */

void
language_post(struct visit *visit)
{
	const char *wanted = request_field(visit->request, "language");
	const char *next = request_field(visit->request, "next");
	const struct language *language = language_find(wanted, strlen(wanted));
	const struct route *route = route_find(visit, next);

	if (language != NULL)
		reply_cookie(&visit->reply, visit->request, LANGUAGE_COOKIE,
		    language->tag, LANGUAGE_LASTS);
	reply_redirect(
	    &visit->reply, route != NULL && route->get != NULL ? next : "/");
}
