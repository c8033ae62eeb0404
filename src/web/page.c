/* The frame of a page, and texts in it. */
#include "config.h"

#include "web/page.h"
#include "support/text.h"

#include <string.h>

/* ---- texts --------------------------------------------------------------- */

/* Puts the text before "{}" in; what stands behind it, or NULL. */
static const char *
say_before(struct html *html, const char *text)
{
	const char *place = strstr(text, "{}");
	char part[1024];

	if (place == NULL ||
	    !text_format(part, sizeof(part), "%.*s", (int)(place - text), text))
		return NULL;
	html_text(html, part);
	return place + 2;
}

void
page_say(struct visit *visit, enum text text, const char *value)
{
	const char *all = language_text(visit->language, text);
	const char *rest = value != NULL ? say_before(&visit->html, all) : NULL;

	if (rest == NULL) {
		html_text(&visit->html, all);
		return;
	}
	html_text(&visit->html, value);
	html_text(&visit->html, rest);
}

void
page_paragraph(struct visit *visit, enum text text, const char *value)
{
	html_markup(&visit->html, "<p>");
	page_say(visit, text, value);
	html_markup(&visit->html, "</p>\n");
}

void
page_heading(struct visit *visit, enum text text, const char *value)
{
	html_markup(&visit->html, "<h2>");
	page_say(visit, text, value);
	html_markup(&visit->html, "</h2>\n");
}

void
page_path(struct visit *visit, const char *path)
{
	html_text(&visit->html, visit->request->script);
	html_text(&visit->html, path);
}

void
page_link(struct visit *visit, const char *path, enum text text)
{
	html_markup(&visit->html, "<a href=\"");
	page_path(visit, path);
	html_markup(&visit->html, "\">");
	page_say(visit, text, NULL);
	html_markup(&visit->html, "</a>");
}

void
page_message(struct visit *visit, enum page_message kind, enum text text,
    const char *value)
{
	switch (kind) {
	case MESSAGE_GOOD:
		html_markup(
		    &visit->html, "<p class=\"message good\" role=\"status\">");
		break;
	case MESSAGE_NOTE:
		html_markup(
		    &visit->html, "<p class=\"message note\" role=\"status\">");
		break;
	case MESSAGE_BAD:
		html_markup(
		    &visit->html, "<p class=\"message bad\" role=\"alert\">");
		break;
	}
	page_say(visit, text, value);
	html_markup(&visit->html, "</p>\n");
}

/* ---- the frame ----------------------------------------------------------- */

static void
put_head(struct visit *visit, enum text title, const char *value)
{
	struct html *html = &visit->html;

	html_markup(html, "<!DOCTYPE html>\n<html lang=\"");
	html_text(html, visit->language->tag);
	html_markup(html,
	    "\">\n<head>\n<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" "
	    "content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	page_say(visit, title, value);
	html_markup(html, " - ");
	page_say(visit, TEXT_SITE, NULL);
	html_markup(html, "</title>\n<link rel=\"stylesheet\" href=\"");
	page_path(visit, "/style.css?v=" PACKAGE_VERSION);
	html_markup(html, "\">\n</head>\n");
}

static void
put_menu_item(struct visit *visit, const char *path, enum text text)
{
	struct html *html = &visit->html;

	html_markup(html, "<li><a href=\"");
	page_path(visit, path);
	html_markup(html, "\"");
	if (strcmp(visit->request->path, path) == 0)
		html_markup(html, " aria-current=\"page\"");
	html_markup(html, ">");
	page_say(visit, text, NULL);
	html_markup(html, "</a></li>\n");
}

static void
put_menu(struct visit *visit)
{
	struct html *html = &visit->html;

	html_markup(html, "<nav aria-label=\"");
	page_say(visit, TEXT_MENU, NULL);
	html_markup(html, "\">\n<ul>\n");
	if (visit->session.is_postmaster)
		put_menu_item(visit, "/users", TEXT_MENU_USERS);
	put_menu_item(visit, "/account", TEXT_MENU_ACCOUNT);
	put_menu_item(visit, "/client", TEXT_MENU_CLIENT);
	html_markup(html, "</ul>\n</nav>\n");
	page_form(visit, "/logout");
	html_markup(html, "<p>");
	page_say(visit, TEXT_LOGGED_IN, visit->session.name);
	html_markup(html, "</p>\n");
	page_button(visit, BUTTON_OTHER, TEXT_LOG_OUT, NULL, NULL);
	page_form_end(visit);
}

void
page_begin(struct visit *visit, enum text title, const char *value)
{
	struct html *html = &visit->html;

	html_clear(html);
	put_head(visit, title, value);
	html_markup(html, "<body>\n<a class=\"skip\" href=\"#main\">");
	page_say(visit, TEXT_SKIP, NULL);
	html_markup(html, "</a>\n<header>\n<p class=\"site\">");
	page_say(visit, TEXT_SITE, NULL);
	html_markup(html, "</p>\n");
	if (visit->session.is_open)
		put_menu(visit);
	html_markup(
	    html, "</header>\n<main id=\"main\" tabindex=\"-1\">\n<h1>");
	page_say(visit, title, value);
	html_markup(html, "</h1>\n");
}

/* ---- the choice of language ---------------------------------------------- */

static void
put_languages(struct visit *visit)
{
	struct html *html = &visit->html;
	const struct language *language;
	size_t i;

	for (i = 0; (language = language_at(i)) != NULL; i++) {
		html_markup(html, "<option value=\"");
		html_text(html, language->tag);
		html_markup(html, "\" lang=\"");
		html_text(html, language->tag);
		html_markup(html, "\"");
		if (language == visit->language)
			html_markup(html, " selected");
		html_markup(html, ">");
		html_text(html, language->name);
		html_markup(html, "</option>\n");
	}
}

/* Where the choice leads back to: this page, or that of its form. */
static void
put_next(struct visit *visit)
{
	const struct request *request = visit->request;
	char next[REQUEST_PATH_SIZE];

	if (request->method == METHOD_GET && request->query.count > 0 &&
	    text_format(next, sizeof(next), "%s?%s", request->path,
		request->query_string))
		page_hidden(visit, "next", next);
	else
		page_hidden(visit, "next", request->path);
}

void
page_end(struct visit *visit)
{
	struct html *html = &visit->html;

	html_markup(html, "</main>\n<footer>\n");
	page_form(visit, "/language");
	put_next(visit);
	html_markup(html, "<label for=\"language\">");
	page_say(visit, TEXT_LANGUAGE, NULL);
	html_markup(html,
	    "</label>\n<select id=\"language\" "
	    "name=\"language\">\n");
	put_languages(visit);
	html_markup(html, "</select>\n");
	page_button(visit, BUTTON_OTHER, TEXT_CHOOSE, NULL, NULL);
	page_form_end(visit);
	html_markup(html, "</footer>\n</body>\n</html>\n");
}

/* ---- errors -------------------------------------------------------------- */

void
page_trouble(struct visit *visit, int status, enum text title, enum text why,
    const char *value)
{
	visit->reply.status = status;
	page_begin(visit, title, NULL);
	page_paragraph(visit, why, value);
	html_markup(&visit->html, "<p>");
	page_link(visit, "/", TEXT_BACK);
	html_markup(&visit->html, "</p>\n");
	page_end(visit);
}

void
page_error(struct visit *visit, int status)
{
	static const struct {
		int status;
		enum text title, why;
	} rows[] = {
		{ 400, TEXT_BAD_REQUEST, TEXT_BAD_REQUEST_WHY },
		{ 403, TEXT_FORBIDDEN, TEXT_FORBIDDEN_WHY },
		{ 404, TEXT_NOT_FOUND, TEXT_NOT_FOUND_WHY },
		{ 405, TEXT_BAD_METHOD, TEXT_BAD_METHOD_WHY },
		{ 411, TEXT_BAD_REQUEST, TEXT_BAD_REQUEST_WHY },
		{ 413, TEXT_TOO_LARGE, TEXT_TOO_LARGE_WHY },
		{ 414, TEXT_TOO_LARGE, TEXT_TOO_LARGE_WHY },
		{ 415, TEXT_BAD_REQUEST, TEXT_BAD_REQUEST_WHY },
		{ 0, TEXT_TROUBLE, TEXT_TROUBLE_WHY },
	};
	size_t i = 0;

	while (rows[i].status != 0 && rows[i].status != status)
		i++;
	page_trouble(visit, status, rows[i].title, rows[i].why, NULL);
}
