/* pop3/language and pop3/reply: finding a language, and lines in it. */
#include "config.h"

#include "pop3/language.h"
#include "tap.h"

#include <string.h>

static const char *
tag_for(const char *range)
{
	const struct language *language = language_find(range);

	return language == NULL ? "none" : language->tag;
}

static void
finding(void)
{
	static const struct {
		const char *range;
		const char *tag;
	} table[] = {
		{ "da", "da" },
		{ "DA", "da" },
		{ "Da-dK", "da" },
		{ "da-Latn-DK-x-private", "da" },
		{ "pt-BR", "pt" },
		{ "nb", "nb" },
		{ "no", "nb" },
		{ "no-NO", "nb" },
		{ "nn", "none" },
		{ "d", "none" },
		{ "dan", "none" },
		{ "danish", "none" },
		{ "da_DK", "none" },
		{ "x-da", "none" },
		{ "mul", "none" },
		{ "*", "none" },
		{ "", "none" },
		{ "-", "none" },
		{ "-da", "none" },
		{ "---", "none" },
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(*table); i++)
		is_text(tag_for(table[i].range), table[i].tag,
		    "the range \"%s\" means %s", table[i].range, table[i].tag);
}

static void
numbers(void)
{
	const struct language *language;
	size_t i;

	for (i = 0; (language = language_at(i)) != NULL; i++) {
		is_number(language_number(language), i,
		    "%s is the language number %zu", language->tag, i);
		ok(language_find(language->tag) == language,
		    "%s is found by its tag", language->tag);
	}
	ok(i >= 12, "there are twelve languages at least");
	ok(language_at(i + 1) == NULL && language_at((size_t)-1) == NULL,
	    "numbers that are no language give none");
	ok(language_find(DEFAULT_LANGUAGE) != NULL,
	    "the built-in default is one of them");
}

static void
lines(void)
{
	static const struct language partial = { .tag = "xx",
		.texts = { [REPLY_GOODBYE] = "xx" } };
	char line[WIRE_LINE_SIZE];

	is_number(reply_line(language_find("en"), REPLY_GOODBYE, line), 13,
	    "the length of a line is returned");
	is_text(line, "+OK goodbye\r\n", "a line has status, text and its end");
	reply_line(language_find("da"), REPLY_BAD_CREDENTIALS, line);
	is_text(line, "-ERR [AUTH] forkert brugernavn eller adgangskode\r\n",
	    "the response code is the same in every language");
	reply_line(&partial, REPLY_GOODBYE, line);
	is_text(line, "+OK xx\r\n", "a language has its own text");
	reply_line(&partial, REPLY_GREETING, line);
	is_text(line, "+OK POP3 server ready\r\n",
	    "a text that a language lacks is English");
}

int
main(void)
{
	finding();
	numbers();
	lines();
	return done();
}
