/*
 * Base64, RFC 4648 section 4, strictly: no octet outside the alphabet, whole
 * groups of four, padding at the end only, and nothing in the bits that do not
 * count.  So every text has one way to be written.
 */
#ifndef SUPPORT_BASE64_H
#define SUPPORT_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Octets that the text for length octets takes, with its NUL. */
#define BASE64_SIZE(length) (((length) + 2) / 3 * 4 + 1)

/* Writes the text for length octets, with a NUL, into out, which has room for
 * BASE64_SIZE(length). */
void base64_encode(const void *data, size_t length, char *out);

/*
 * Replaces text by what it stands for, with a NUL behind it, and sets *length;
 * there may be more NULs within.  False, with text in no defined state, if it
 * is not base64.
 */
bool base64_decode(char *text, size_t *length);

#endif
