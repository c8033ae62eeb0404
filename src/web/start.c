/* The first page, and the choice of language. */
#include "config.h"

#include "support/text.h"
#include "web/page.h"

#include <string.h>

#define LANGUAGE_COOKIE "virtdomain-language"
#define LANGUAGE_LASTS	(365L * 24 * 60 * 60)

/* ---- the login ----------------------------------------------------------- */

void
login_form(struct visit *visit, enum page_message kind, enum text message)
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
	if (message != TEXT_NONE)
		page_message(visit, kind, message, NULL);
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
	enum text message = TEXT_NONE;

	if (request_query(visit->request, "over")[0] != '\0')
		message = TEXT_SESSION_OVER;
	else if (request_query(visit->request, "out")[0] != '\0')
		message = TEXT_LOGGED_OUT;
	if (visit->session.is_open)
		reply_redirect(&visit->reply,
		    visit->session.is_postmaster ? "/users" : "/account");
	else
		login_form(visit, MESSAGE_NOTE, message);
}

/* ---- language ------------------------------------------------------------ */

/* True for a page of ours, with or without a query. */
static bool
is_page(struct visit *visit, const char *next)
{
	char path[REQUEST_PATH_SIZE];
	const struct route *route;

	if (!text_format(
		path, sizeof(path), "%.*s", (int)strcspn(next, "?"), next))
		return false;
	route = route_find(visit, path);
	return route != NULL && route->get != NULL;
}

void
language_post(struct visit *visit)
{
	const char *wanted = request_field(visit->request, "language");
	const char *next = request_field(visit->request, "next");
	const struct language *language = language_find(wanted, strlen(wanted));

	if (language != NULL)
		reply_cookie(&visit->reply, visit->request, LANGUAGE_COOKIE,
		    language->tag, LANGUAGE_LASTS);
	reply_redirect(&visit->reply, is_page(visit, next) ? next : "/");
}
