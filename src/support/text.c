/* Operations on text from outside.  Runs in every process. */
#include "config.h"

#include "support/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool
text_to_number(const char *text, uint64_t most, uint64_t *number)
{
	uint64_t value = 0;
	const char *p;

	if (*text == '\0')
		return false;
	for (p = text; *p != '\0'; p++) {
		uint64_t digit = (uint64_t)(unsigned char)*p - '0';

		if (*p < '0' || *p > '9')
			return false;
		if (digit > most || value > (most - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*number = value;
	return true;
}

size_t
text_from_number(char out[TEXT_NUMBER_SIZE], uint64_t number)
{
	char digits[TEXT_NUMBER_SIZE];
	char *p = digits + sizeof(digits);
	size_t length;

	do {
		*--p = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	length = (size_t)(digits + sizeof(digits) - p);
	memcpy(out, p, length);
	return length;
}

bool
text_copy(char *out, size_t size, const char *text)
{
	size_t length = strlen(text);

	if (length >= size) {
		out[0] = '\0';
		return false;
	}
	memcpy(out, text, length + 1);
	return true;
}

bool
text_format(char *out, size_t size, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(out, size, format, arguments);
	va_end(arguments);
	if (length >= 0 && (size_t)length < size)
		return true;
	out[0] = '\0';
	return false;
}

void
text_lower(char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
}

static bool
is_plain(unsigned char c)
{
	return c >= 0x21 && c <= 0x7e && c != '"' && c != '\\';
}

const char *
text_escape(char *out, size_t size, const char *text, size_t length)
{
	size_t used = 0;
	size_t i;

	for (i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		size_t wanted = is_plain(c) ? 1 : 4;

		if (used + wanted >= size)
			break;
		if (wanted == 1)
			out[used] = (char)c;
		else
			snprintf(out + used, size - used, "\\x%02x", c);
		used += wanted;
	}
	out[used] = '\0';
	return out;
}

char *
text_field(char **rest, char separator)
{
	char *field = *rest;
	char *end;

	if (field == NULL)
		return NULL;
	end = strchr(field, separator);
	if (end != NULL)
		*end++ = '\0';
	*rest = end;
	return field;
}

bool
text_words(char *line, char *words[], size_t count)
{
	size_t i = 0;

	while (i < count && (words[i] = text_field(&line, ' ')) != NULL)
		if (words[i][0] != '\0')
			i++;
	return i == count;
}
