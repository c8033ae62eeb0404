/* The table of languages. */
#include "config.h"

#include "web/language.h"
#include "support/range.h"

#include <stdlib.h>
#include <string.h>

/* The build makes this list of the files in languages/. */
static const struct language languages[] = {
#include "web/languages.inc"
};

#define LANGUAGES (sizeof(languages) / sizeof(*languages))

const struct language *
language_at(size_t i)
{
	return i < LANGUAGES ? &languages[i] : NULL;
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
language_find(const char *range, size_t length)
{
	const struct language *found = find_tag(range, length);

	while (found == NULL && length > 0) {
		length = range_shorten(range, length);
		found = find_tag(range, length);
	}
	return found;
}

/* ---- Accept-Language ----------------------------------------------------- */

/* What stands behind "q=" in thousandths; 1000 without it. */
static int
read_weight(const char *parameters, size_t length)
{
	int weight = 0, unit = 1000;
	size_t i = strcspn(parameters, "=");

	if (i >= length)
		return 1000;
	for (i++; i < length && unit > 0; i++) {
		if (parameters[i] == '.' || parameters[i] == ' ')
			continue;
		if (parameters[i] < '0' || parameters[i] > '9')
			return 0;
		weight += (parameters[i] - '0') * unit;
		unit /= 10;
	}
	return weight;
}

const struct language *
language_choose(const char *header)
{
	const struct language *found, *best = NULL;
	size_t length, range;
	int weight, most = 0;

	while (*header != '\0') {
		header += strspn(header, " \t,");
		length = strcspn(header, ",");
		range = strcspn(header, ";, \t");
		weight = read_weight(header + range, length - range);
		found = language_find(header, range);
		if (found != NULL && weight > most) {
			best = found;
			most = weight;
		}
		header += length;
	}
	return best != NULL ? best : language_find("en", 2);
}

const char *
language_text(const struct language *language, enum text text)
{
	const char *found = language->texts[text];

	if (found == NULL)
		found = language_find("en", 2)->texts[text];
	return found != NULL ? found : "";
}
