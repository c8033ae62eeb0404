/* The table of languages. */
#include "config.h"

#include "pop3/language.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* The build makes this list of the files in languages/. */
static const struct language languages[] = {
#include "pop3/languages.inc"
};

#define LANGUAGES (sizeof(languages) / sizeof(*languages))

const struct language *
language_at(size_t i)
{
	return i < LANGUAGES ? &languages[i] : NULL;
}

size_t
language_number(const struct language *language)
{
	return (size_t)(language - languages);
}

static bool
is_tag(const char *tag, const char *range, size_t length)
{
	return tag != NULL && strlen(tag) == length &&
	    strncasecmp(tag, range, length) == 0;
}

static const struct language *
find_tag(const char *range, size_t length)
{
	size_t i;

	for (i = 0; i < LANGUAGES; i++)
		if (is_tag(languages[i].tag, range, length) ||
		    is_tag(languages[i].alias, range, length))
			return &languages[i];
	return NULL;
}

/* Without a match the range loses its last part and is looked up again. */
const struct language *
language_find(const char *range)
{
	size_t length = strlen(range);
	const struct language *found = find_tag(range, length);

	while (found == NULL && length > 0) {
		while (length > 0 && range[--length] != '-')
			continue;
		found = find_tag(range, length);
	}
	return found;
}

const char *
language_text(const struct language *language, enum reply number)
{
	const char *text = language->texts[number];

	return text != NULL ? text : language_find("en")->texts[number];
}
