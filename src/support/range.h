/*
 * Basic language ranges, RFC 4647, as clients say which language they want.
 */
#ifndef SUPPORT_RANGE_H
#define SUPPORT_RANGE_H

#include <stdbool.h>
#include <stddef.h>

/* True if the range of length octets is the tag; false for NULL. */
bool range_is_tag(const char *range, size_t length, const char *tag);

/* What is left of a range without its last part, to be looked up next, section
 * 3.4: 0 when that was all. */
size_t range_shorten(const char *range, size_t length);

#endif
