/*
 * UTF-8, RFC 3629.
 */
#ifndef WEB_UTF8_H
#define WEB_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The octets of the character at text: 1 to 4, or 0 if they are none: too long
 * a form, a surrogate, behind U+10FFFF, or cut off. */
size_t utf8_length(const char *text);

/* True if text is UTF-8 and has no control character, of ASCII or of U+0080 to
 * U+009F, but those in allowed. */
bool utf8_is_sound(const char *text, const char *allowed);

/* Puts "?" in the place of each octet for which text is not sound. */
void utf8_mend(char *text);

#endif
