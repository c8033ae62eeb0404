/* The page that is being written.  It may show secrets: memory is wiped before
 * it is given back. */
#include "config.h"

#include "web/html.h"
#include "support/text.h"
#include "web/utf8.h"

#include <stdlib.h>
#include <string.h>

#define ROOM 16384

void
html_clear(struct html *html)
{
	if (html->text != NULL)
		explicit_bzero(html->text, html->length);
	free(html->text);
	memset(html, 0, sizeof(*html));
}

static void
give_up(struct html *html)
{
	html_clear(html);
	html->is_broken = true;
}

static bool
make_room(struct html *html, size_t length)
{
	size_t room = html->room == 0 ? ROOM : html->room;
	char *text;

	if (length > HTML_MOST - html->length)
		return false;
	while (room - html->length < length)
		room *= 2;
	if (room == html->room)
		return true;
	text = malloc(room);
	if (text == NULL)
		return false;
	if (html->length > 0) {
		memcpy(text, html->text, html->length);
		explicit_bzero(html->text, html->length);
	}
	free(html->text);
	html->text = text;
	html->room = room;
	return true;
}

void
html_put(struct html *html, const char *markup, size_t length)
{
	if (html->is_broken)
		return;
	if (!make_room(html, length)) {
		give_up(html);
		return;
	}
	memcpy(html->text + html->length, markup, length);
	html->length += length;
}

static void
put_character(struct html *html, const char *text)
{
	switch (*text) {
	case '&':
		html_markup(html, "&amp;");
		return;
	case '<':
		html_markup(html, "&lt;");
		return;
	case '>':
		html_markup(html, "&gt;");
		return;
	case '"':
		html_markup(html, "&quot;");
		return;
	case '\'':
		html_markup(html, "&#39;");
		return;
	}
	if (((unsigned char)*text < ' ' && strchr("\t\r\n", *text) == NULL) ||
	    *text == 0x7f)
		html_markup(html, "?");
	else
		html_put(html, text, 1);
}

void
html_text(struct html *html, const char *text)
{
	size_t length;

	for (; *text != '\0'; text += length) {
		length = utf8_length(text);
		if (length > 1)
			html_put(html, text, length);
		else if (length == 1)
			put_character(html, text);
		else
			html_markup(html, "?");
		length += length == 0;
	}
}

void
html_number(struct html *html, size_t number)
{
	char digits[TEXT_NUMBER_SIZE];

	html_put(html, digits, text_from_number(digits, number));
}
