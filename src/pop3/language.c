/* The table of languages. */
#include "config.h"

#include "pop3/language.h"
#include "support/range.h"

#include <string.h>

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

static const struct language *
find_tag(const char *range, size_t length)
{
	size_t i;

	for (i = 0; i < LANGUAGES; i++)
		if (range_is_tag(range, length, languages[i].tag) ||
		    range_is_tag(range, length, languages[i].alias))
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
		length = range_shorten(range, length);
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
