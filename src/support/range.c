/* Basic language ranges. */
#include "config.h"

#include "support/range.h"

#include <string.h>
#include <strings.h>

bool
range_is_tag(const char *range, size_t length, const char *tag)
{
	return tag != NULL && strlen(tag) == length &&
	    strncasecmp(tag, range, length) == 0;
}

size_t
range_shorten(const char *range, size_t length)
{
	while (length > 0 && range[--length] != '-')
		continue;
	return length;
}
