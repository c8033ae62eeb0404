/* Names and values in queries, forms and cookies. */
#include "config.h"

#include "web/request.h"
#include "web/utf8.h"

#include <string.h>

/* ---- octets -------------------------------------------------------------- */

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* In place, for it never grows.  False for a "%" without two digits, and for a
 * NUL. */
static bool
decode(char *text)
{
	char *out = text;

	for (; *text != '\0'; text++, out++) {
		*out = *text == '+' ? ' ' : *text;
		if (*text != '%')
			continue;
		if (digit(text[1]) == -1 || digit(text[2]) == -1)
			return false;
		*out = (char)(digit(text[1]) * 16 + digit(text[2]));
		if (*out == '\0')
			return false;
		text += 2;
	}
	*out = '\0';
	return true;
}

/* ---- pairs --------------------------------------------------------------- */

static const char *
find(const struct pairs *pairs, const char *name)
{
	size_t i;

	for (i = 0; i < pairs->count; i++)
		if (strcmp(pairs->pair[i].name, name) == 0)
			return pairs->pair[i].value;
	return NULL;
}

static bool
add(struct pairs *pairs, const char *name, const char *value)
{
	if (pairs->count == REQUEST_PAIRS_MOST)
		return false;
	pairs->pair[pairs->count].name = name;
	pairs->pair[pairs->count].value = value;
	pairs->count++;
	return true;
}

static bool
parse_pair(struct pairs *pairs, char *name)
{
	char *value = strchr(name, '=');

	if (value == NULL)
		value = name + strlen(name);
	else
		*value++ = '\0';
	return decode(name) && decode(value) && utf8_is_sound(name, "") &&
	    utf8_is_sound(value, "\t\r\n") && find(pairs, name) == NULL &&
	    add(pairs, name, value);
}

bool
request_parse(struct pairs *pairs, char *text)
{
	char *end;

	pairs->count = 0;
	for (; text != NULL; text = end) {
		end = strchr(text, '&');
		if (end != NULL)
			*end++ = '\0';
		if (*text != '\0' && !parse_pair(pairs, text))
			return false;
	}
	return true;
}

/* Those of others may look as they like. */
void
request_parse_cookies(struct pairs *pairs, char *text)
{
	char *value, *end;

	pairs->count = 0;
	for (; text != NULL; text = end) {
		end = strchr(text, ';');
		if (end != NULL)
			*end++ = '\0';
		text += strspn(text, " ");
		value = strchr(text, '=');
		if (value == NULL)
			continue;
		*value++ = '\0';
		if (utf8_is_sound(value, "") && find(pairs, text) == NULL &&
		    !add(pairs, text, value))
			return;
	}
}

static const char *
value_of(const struct pairs *pairs, const char *name)
{
	const char *value = find(pairs, name);

	return value != NULL ? value : "";
}

const char *
request_field(const struct request *request, const char *name)
{
	return value_of(&request->fields, name);
}

const char *
request_query(const struct request *request, const char *name)
{
	return value_of(&request->query, name);
}

const char *
request_cookie(const struct request *request, const char *name)
{
	return value_of(&request->cookies, name);
}
