/*
 * The languages of the pages.  Each is one file, languages/TAG.def, an
 * initializer of a struct language; the build finds them all, and nothing else
 * names them.
 */
#ifndef WEB_LANGUAGE_H
#define WEB_LANGUAGE_H

#include "web/texts.h"

#include <stddef.h>

struct language {
	const char *tag;   /* RFC 5646 */
	const char *alias; /* another tag for it, or NULL */
	const char *name;  /* in the language itself, UTF-8 */
	/* UTF-8, no markup.  "{}" stands where the page puts a value. */
	const char *texts[TEXT_COUNT];
};

/* The language number i, from 0; NULL behind the last one. */
const struct language *language_at(size_t i);

/* The language for a basic language range of length octets, RFC 4647 section
 * 3.4: "da" for da-DK or DA.  NULL if there is none. */
const struct language *language_find(const char *range, size_t length);

/* The language that an Accept-Language header likes best, RFC 9110 section
 * 12.5.4; English if it likes none of ours, or is no such header. */
const struct language *language_choose(const char *header);

/* A text, in English where the language has none. */
const char *language_text(const struct language *language, enum text text);

#endif
