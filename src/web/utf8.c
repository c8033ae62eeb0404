/* UTF-8. */
#include "config.h"

#include "web/utf8.h"

#include <string.h>

static bool
is_more(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* The second octet tells whether the form is the shortest one, and no
 * surrogate. */
static bool
is_second(unsigned char first, char second)
{
	unsigned char c = (unsigned char)second;

	if (!is_more(second))
		return false;
	switch (first) {
	case 0xe0:
		return c >= 0xa0;
	case 0xed:
		return c < 0xa0;
	case 0xf0:
		return c >= 0x90;
	case 0xf4:
		return c < 0x90;
	}
	return true;
}

size_t
utf8_length(const char *text)
{
	unsigned char first = (unsigned char)*text;

	if (first == '\0')
		return 0;
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4 || !is_second(first, text[1]))
		return 0;
	if (first < 0xe0)
		return 2;
	if (!is_more(text[2]))
		return 0;
	if (first < 0xf0)
		return 3;
	return is_more(text[3]) ? 4 : 0;
}

static bool
is_control(const char *text)
{
	unsigned char first = (unsigned char)*text;

	return first < ' ' || first == 0x7f ||
	    (first == 0xc2 && (unsigned char)text[1] < 0xa0);
}

bool
utf8_is_sound(const char *text, const char *allowed)
{
	size_t length;

	for (; *text != '\0'; text += length) {
		length = utf8_length(text);
		if (length == 0 ||
		    (is_control(text) && strchr(allowed, *text) == NULL))
			return false;
	}
	return true;
}

void
utf8_mend(char *text)
{
	size_t length;

	for (; *text != '\0'; text += length) {
		length = utf8_length(text);
		if (length > 0 && !is_control(text))
			continue;
		length = length > 0 ? length : 1;
		memset(text, '?', length);
	}
}
