/* How values look. */
#include "config.h"

#include "web/value.h"
#include "support/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define DASH "\xe2\x80\x93"

const char *
value_size(int64_t size, char out[VALUE_SIZE])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	size_t unit = 0;

	if (size < 0) {
		text_copy(out, VALUE_SIZE, DASH);
		return out;
	}
	while (size > 9999 && unit + 1 < sizeof(units) / sizeof(*units)) {
		size = size / 1000 + (size % 1000 > 0);
		unit++;
	}
	text_format(out, VALUE_SIZE, "%lld %s", (long long)size, units[unit]);
	return out;
}

const char *
value_time(int64_t seconds, char out[VALUE_SIZE])
{
	time_t time = (time_t)seconds;
	struct tm local;

	if (seconds < 0 || localtime_r(&time, &local) == NULL ||
	    strftime(out, VALUE_SIZE, "%Y-%m-%d %H:%M", &local) == 0)
		text_copy(out, VALUE_SIZE, DASH);
	return out;
}

/* The words have room: they come from a text of half the size. */
static void
append(char *out, const char *word, const char *separator)
{
	size_t length = strlen(out);

	text_format(out + length, VALUE_FORWARD_SIZE - length, "%s%s",
	    length > 0 ? separator : "", word);
}

const char *
value_forward(const struct forward *forward, const char *separator,
    char out[VALUE_FORWARD_SIZE])
{
	unsigned int i;

	out[0] = '\0';
	for (i = 0; i < forward->count; i++)
		append(out, forward->addresses[i], separator);
	if (forward->keeps)
		append(out, "mailbox", separator);
	return out;
}

static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (c != '\0' && strchr("-._~", c) != NULL);
}

bool
value_encode(char *path, size_t size, const char *text)
{
	size_t start = strlen(path), length = start;

	for (; *text != '\0'; text++) {
		if (length + 3 >= size) {
			path[start] = '\0';
			return false;
		}
		if (is_plain(*text)) {
			path[length++] = *text;
			path[length] = '\0';
			continue;
		}
		snprintf(path + length, 4, "%%%02X",
		    (unsigned int)(unsigned char)*text);
		length += 3;
	}
	return true;
}
