/*
 * What stands at some place of a password, and what it costs to guess it.
 */
#ifndef WEB_GUESS_H
#define WEB_GUESS_H

#include "web/strength.h"

#include <stdbool.h>
#include <stddef.h>

struct guess {
	const char *text; /* the password */
	size_t length;	  /* octets of it that count */
	const char *const *own;
};

/* A piece of the password, from some place on. */
struct piece {
	size_t length;	   /* octets; 0: there is none */
	unsigned int cost; /* of all of it, in tenths of a bit */
	enum strength_reason reason;
};

/* True for the octet that begins a character of UTF-8. */
bool guess_begins_character(char c);

/* The octet alone. */
struct piece guess_character(const struct guess *guess, size_t at);

/* The longest piece of kind i, from 0, that begins there; false behind the last
 * kind. */
bool guess_piece(
    const struct guess *guess, size_t at, size_t i, struct piece *piece);

/* The words that are guessed first, in lower case; ends with NULL. */
extern const char *const common_words[]; /* common_words.c */

#endif
