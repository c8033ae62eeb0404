/*
 * Mail addresses as far as we send mail to them or write them into a header:
 * local-part@domain of RFC 5322 section 3.4.1 in its plainest form.
 */
#ifndef POP3_ADDR_SPEC_H
#define POP3_ADDR_SPEC_H

#include <stdbool.h>

/* An address with its NUL: RFC 5321 section 4.5.3.1. */
#define ADDR_SPEC_SIZE 255

/*
 * True for letters, digits and some marks with single dots between them, an @,
 * and a domain name: nothing quoted, no address literal, no octet that a header
 * or a command line could take for anything else, no hyphen at the beginning,
 * none of ! % | / ` that mailers have taken for a route, a command or a file.
 */
bool addr_spec_is_plain(const char *text);

/* Finds the one address in text, which is "joe@kvt.dk", "<joe@kvt.dk>" or
 * "Joe <joe@kvt.dk>", with comments.  False, and address empty, for none, for
 * several, for a group, and for one that is not plain. */
bool addr_spec_find(const char *text, char address[ADDR_SPEC_SIZE]);

/* RFC 8098 section 2.1: the local part as it is, the domain in whatever
 * case. */
bool addr_spec_equal(const char *a, const char *b);

#endif
