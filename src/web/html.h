/*
 * A page that is being written.  Nothing but html_text() and what calls it puts
 * text into it that is not constant, and that escapes.
 */
#ifndef WEB_HTML_H
#define WEB_HTML_H

#include <stdbool.h>
#include <stddef.h>

#define HTML_MOST ((size_t)4 * 1024 * 1024)

struct html {
	char *text;
	size_t length, room;
	bool is_broken; /* no memory, or too long: all later calls do nothing */
};

/* All zeros is an empty page too.  Clearing wipes, and begins anew. */
void html_clear(struct html *html);

/* Puts markup in: it must be a constant in quotes. */
#define html_markup(html, constant) \
	html_put(html, "" constant, sizeof(constant) - 1)
void html_put(struct html *html, const char *markup, size_t length);

/* Puts text in, escaped for HTML and XML, between tags and in attributes in
 * either kind of quotes.  Control characters but line ends, and octets that are
 * not UTF-8, become "?". */
void html_text(struct html *html, const char *text);

/* A number, in decimal. */
void html_number(struct html *html, size_t number);

#endif
