/*
 * Small operations on text from outside: numbers, copies that cannot
 * overflow, escaping for the log.
 */
#ifndef SUPPORT_TEXT_H
#define SUPPORT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads text as a decimal number from 0 to most.  Only digits are accepted:
 * no sign, blank, prefix or rest; leading zeros are fine.  False, with *number
 * untouched, for anything else.
 */
bool text_to_number(const char *text, uint64_t most, uint64_t *number);

#define TEXT_NUMBER_SIZE 20

/* Writes number in decimal, without a NUL.  Returns how many octets that
 * are. */
size_t text_from_number(char out[TEXT_NUMBER_SIZE], uint64_t number);

/* Copies text with its NUL into out.  False, and out empty, if it is too long
 * for the size octets there. */
bool text_copy(char *out, size_t size, const char *text);

/* snprintf(3) that returns false, and leaves out empty, when out is too
 * small. */
bool text_format(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Turns A-Z into a-z in place; all other octets stay. */
void text_lower(char *text);

/*
 * Writes length octets of text into out so that they are one harmless word of
 * a log line: octets outside 0x21-0x7e and the characters " and \ become \xHH.
 * What does not fit in size is cut at a whole character.  Returns out.
 */
const char *text_escape(
    char *out, size_t size, const char *text, size_t length);

/*
 * Cuts the first field off *rest at separator and returns it, or NULL when
 * nothing is left.  Empty fields count: "a::b" has three.  The separator
 * becomes NUL.
 */
char *text_field(char **rest, char separator);

/* Cuts the first count words off line, which blanks part.  False if there are
 * fewer. */
bool text_words(char *line, char *words[], size_t count);

#endif
