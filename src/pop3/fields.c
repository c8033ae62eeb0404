/* Header fields.  Runs as the mailbox owner, on what strangers have written. */
#include "config.h"

#include "pop3/fields.h"
#include "support/text.h"

#include <string.h>
#include <strings.h>

/* Behind the line that begins at p. */
static const char *
skip_line(const char *p, const char *end)
{
	const char *newline = memchr(p, '\n', (size_t)(end - p));

	return newline == NULL ? end : newline + 1;
}

static bool
is_empty_line(const char *p, const char *end)
{
	return *p == '\n' || (*p == '\r' && p + 1 < end && p[1] == '\n');
}

static size_t
find_name(const char *p, const char *end)
{
	const char *begin = p;

	while (p<end && * p> ' ' && *p < 0x7f && *p != ':')
		p++;
	return (size_t)(p - begin);
}

int
fields_next(struct fields *fields, struct field *field)
{
	const char *end = fields->end;
	const char *p = fields->next;

	if (p == end || is_empty_line(p, end))
		return 0;
	field->name = p;
	field->name_length = find_name(p, end);
	p += field->name_length;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if (field->name_length == 0 || p == end || *p != ':')
		return -1;
	field->value = p + 1;
	do
		p = skip_line(p, end);
	while (p < end && (*p == ' ' || *p == '\t'));
	field->length = (size_t)(p - field->value);
	fields->next = p;
	return 1;
}

bool
field_begins(const struct field *field, const char *name)
{
	return field->name_length >= strlen(name) &&
	    strncasecmp(field->name, name, strlen(name)) == 0;
}

bool
field_is(const struct field *field, const char *name)
{
	return field->name_length == strlen(name) && field_begins(field, name);
}

bool
field_text(const struct field *field, char *out, size_t size)
{
	size_t used = 0;
	size_t i;

	for (i = 0; i < field->length; i++) {
		char c = field->value[i] == '\t' ? ' ' : field->value[i];

		if (c == '\n' ||
		    (c == '\r' && i + 1 < field->length &&
			field->value[i + 1] == '\n') ||
		    (c == ' ' && used == 0))
			continue;
		if (c < ' ' || c > 0x7e || used + 1 >= size) {
			out[0] = '\0';
			return false;
		}
		out[used++] = c;
	}
	while (used > 0 && out[used - 1] == ' ')
		used--;
	out[used] = '\0';
	return true;
}

/* What comes behind the word may be of any length. */
bool
field_word(const struct field *field, char *out, size_t size)
{
	struct field word = *field;
	bool is_begun = false;
	size_t i;

	for (i = 0; i < field->length; i++) {
		bool is_end = memchr(" \t\r\n;(", field->value[i], 6) != NULL;

		if (is_begun && is_end)
			break;
		is_begun = is_begun || !is_end;
	}
	word.length = i;
	if (!field_text(&word, out, size))
		return false;
	text_lower(out);
	return true;
}
