/*
 * Header fields of a message, RFC 5322 section 2.2, where they are.
 */
#ifndef POP3_FIELDS_H
#define POP3_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

struct fields {
	const char *next;
	const char *end;
};

/* Name, and what is behind the colon, with all line ends.  No NUL ends them. */
struct field {
	const char *name;
	size_t name_length;
	const char *value;
	size_t length;
};

/* The next field up to the empty line or the end: 1; 0 if there is none; -1 if
 * the next line is none. */
int fields_next(struct fields *fields, struct field *field);

/* True if its name is, or begins with, name, in whatever case. */
bool field_is(const struct field *field, const char *name);
bool field_begins(const struct field *field, const char *name);

/* Its value as one line without blanks around it.  False, and out empty, if it
 * has octets other than printable ones of ASCII, or does not fit. */
bool field_text(const struct field *field, char *out, size_t size);

/* The first word of its value, up to a blank, a semicolon or a comment, in
 * lower case. */
bool field_word(const struct field *field, char *out, size_t size);

#endif
