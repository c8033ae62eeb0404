/*
 * The languages of the reply texts.  Each is one file, languages/TAG.def, an
 * initializer of a struct language; the build finds them all, and nothing else
 * names them.
 */
#ifndef POP3_LANGUAGE_H
#define POP3_LANGUAGE_H

#include "pop3/reply.h"

#include <stddef.h>

struct language {
	const char *tag;   /* RFC 5646 */
	const char *alias; /* another tag for it, or NULL */
	const char *name;  /* in the language itself, UTF-8 */
	/* UTF-8, without "%", "<" and line ends; none begins with "[". */
	const char *texts[REPLY_COUNT];
};

/* The language number i, from 0; NULL behind the last one. */
const struct language *language_at(size_t i);

/* The number of a language that came from here. */
size_t language_number(const struct language *language);

/* The language for a basic language range, RFC 4647 section 3.4: "da" for
 * da-DK or DA.  NULL if there is none. */
const struct language *language_find(const char *range);

/* A reply text, in English where the language has none. */
const char *language_text(const struct language *language, enum reply number);

#endif
