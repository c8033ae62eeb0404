/* Forms. */
#include "config.h"

#include "web/page.h"

#include <string.h>

/* ---- the form ------------------------------------------------------------ */

static void
open_form(struct visit *visit, const char *path)
{
	page_path(visit, path);
	html_markup(&visit->html, "\" accept-charset=\"utf-8\">\n");
}

void
page_form(struct visit *visit, const char *path)
{
	char token[TOKEN_SIZE];

	html_markup(&visit->html, "<form method=\"post\" action=\"");
	open_form(visit, path);
	page_hidden(visit, "token", token_make(visit, path, token));
}

void
page_search_form(struct visit *visit, const char *path)
{
	html_markup(
	    &visit->html, "<form method=\"get\" role=\"search\" action=\"");
	open_form(visit, path);
}

void
page_form_end(struct visit *visit)
{
	html_markup(&visit->html, "</form>\n");
}

/* ---- fields -------------------------------------------------------------- */

static void
put_label(struct visit *visit, const struct page_field *field)
{
	struct html *html = &visit->html;

	html_markup(html, "<label for=\"");
	html_text(html, field->name);
	html_markup(html, "\">");
	page_say(visit, field->label, NULL);
	html_markup(html, "</label>\n");
	if (field->hint == TEXT_NONE)
		return;
	html_markup(html, "<p class=\"hint\" id=\"");
	html_text(html, field->name);
	html_markup(html, "-hint\">");
	page_say(visit, field->hint, NULL);
	html_markup(html, "</p>\n");
}

static void
put_error(struct visit *visit, const struct page_field *field)
{
	struct html *html = &visit->html;

	if (field->error == TEXT_NONE)
		return;
	html_markup(html, "<p class=\"error\" id=\"");
	html_text(html, field->name);
	html_markup(html, "-error\">");
	page_say(visit, field->error, field->error_value);
	html_markup(html, "</p>\n");
}

/* Which other elements say something of the field. */
static void
put_description(struct html *html, const struct page_field *field)
{
	if (field->hint == TEXT_NONE && field->error == TEXT_NONE)
		return;
	html_markup(html, " aria-describedby=\"");
	if (field->hint != TEXT_NONE) {
		html_text(html, field->name);
		html_markup(html, "-hint");
	}
	if (field->hint != TEXT_NONE && field->error != TEXT_NONE)
		html_markup(html, " ");
	if (field->error != TEXT_NONE) {
		html_text(html, field->name);
		html_markup(html, "-error");
	}
	html_markup(html, "\"");
	if (field->error != TEXT_NONE)
		html_markup(html, " aria-invalid=\"true\"");
}

static void
put_attributes(struct html *html, const struct page_field *field)
{
	html_markup(html, " id=\"");
	html_text(html, field->name);
	html_markup(html, "\" name=\"");
	html_text(html, field->name);
	html_markup(html, "\" autocomplete=\"");
	html_text(html, field->complete != NULL ? field->complete : "off");
	html_markup(html, "\"");
	if (field->most > 0) {
		html_markup(html, " maxlength=\"");
		html_number(html, field->most);
		html_markup(html, "\"");
	}
	if (field->is_required)
		html_markup(html, " required");
	if (field->has_focus)
		html_markup(html, " autofocus");
	if (field->is_code)
		html_markup(
		    html, " spellcheck=\"false\" autocapitalize=\"none\"");
	put_description(html, field);
}

/* A line end behind the tag of a textarea does not count. */
static void
put_area(struct html *html, const struct page_field *field)
{
	html_markup(html, "<textarea rows=\"4\"");
	put_attributes(html, field);
	html_markup(html, ">\n");
	html_text(html, field->value != NULL ? field->value : "");
	html_markup(html, "</textarea>\n");
}

static void
put_input(struct html *html, const struct page_field *field)
{
	html_markup(html, "<input type=\"");
	html_text(html, field->type);
	html_markup(html, "\"");
	put_attributes(html, field);
	if (field->value != NULL) {
		html_markup(html, " value=\"");
		html_text(html, field->value);
		html_markup(html, "\"");
	}
	html_markup(html, ">\n");
}

void
page_field(struct visit *visit, const struct page_field *field)
{
	html_markup(&visit->html, "<div class=\"field\">\n");
	put_label(visit, field);
	put_error(visit, field);
	if (strcmp(field->type, "textarea") == 0)
		put_area(&visit->html, field);
	else
		put_input(&visit->html, field);
	html_markup(&visit->html, "</div>\n");
}

void
page_tick(
    struct visit *visit, const char *name, enum text label, bool is_ticked)
{
	struct html *html = &visit->html;

	html_markup(html,
	    "<div class=\"field tick\">\n<input type=\"checkbox\" "
	    "value=\"yes\" id=\"");
	html_text(html, name);
	html_markup(html, "\" name=\"");
	html_text(html, name);
	html_markup(html, "\"");
	if (is_ticked)
		html_markup(html, " checked");
	html_markup(html, ">\n<label for=\"");
	html_text(html, name);
	html_markup(html, "\">");
	page_say(visit, label, NULL);
	html_markup(html, "</label>\n</div>\n");
}

void
page_hidden(struct visit *visit, const char *name, const char *value)
{
	struct html *html = &visit->html;

	html_markup(html, "<input type=\"hidden\" name=\"");
	html_text(html, name);
	html_markup(html, "\" value=\"");
	html_text(html, value);
	html_markup(html, "\">\n");
}

void
page_button(struct visit *visit, enum page_button kind, enum text text,
    const char *name, const char *value)
{
	struct html *html = &visit->html;

	html_markup(html, "<button type=\"submit\"");
	switch (kind) {
	case BUTTON_MAIN:
		break;
	case BUTTON_OTHER:
		html_markup(html, " class=\"other\"");
		break;
	case BUTTON_DANGER:
		html_markup(html, " class=\"danger\"");
		break;
	}
	if (name != NULL) {
		html_markup(html, " name=\"");
		html_text(html, name);
		html_markup(html, "\" value=\"");
		html_text(html, value);
		html_markup(html, "\"");
	}
	html_markup(html, ">");
	page_say(visit, text, NULL);
	html_markup(html, "</button>\n");
}
