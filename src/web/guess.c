/*
 * The patterns by which passwords are guessed: words that are common or the
 * person's own, repeats, sequences, rows of a keyboard, years.
 */
#include "config.h"

#include "web/guess.h"
#include "support/text.h"

#include <ctype.h>
#include <string.h>

#define OWN_SIZE 512

/* In tenths of a bit. */
#define COST_LETTER   30 /* among others */
#define COST_OWN      20
#define COST_WORD     80
#define COST_WRITTEN  15 /* more, for "Passw0rd" */
#define COST_REPEAT   40
#define COST_SEQUENCE 50
#define COST_KEYS     70
#define COST_YEAR     70

/* ---- characters --------------------------------------------------------- */

enum kind { LOWER, UPPER, DIGIT, SIGN, REST, OTHER };

static enum kind
kind_of(char c)
{
	unsigned char octet = (unsigned char)c;

	if (octet >= 0xc0)
		return OTHER;
	if (octet >= 0x80)
		return REST;
	if (islower(octet))
		return LOWER;
	if (isupper(octet))
		return UPPER;
	return isdigit(octet) ? DIGIT : SIGN;
}

/* ---- words -------------------------------------------------------------- */

/* True for a letter and how it is often written. */
static bool
is_like(char c, char letter)
{
	static const char *const written[] = { "a@4", "b8", "e3", "g9", "i1!|",
		"l1|", "o0", "s$5", "t7+", "z2" };
	size_t i;

	if (tolower((unsigned char)c) == (unsigned char)letter)
		return true;
	for (i = 0; i < sizeof(written) / sizeof(*written); i++)
		if (written[i][0] == letter)
			return strchr(written[i] + 1, c) != NULL;
	return false;
}

/* Looks for the word of length letters, as long as it is not shorter than what
 * was found. */
static void
try_word(const struct guess *guess, size_t at, const char *word, size_t length,
    struct piece *piece, unsigned int cost)
{
	size_t i;

	if (length <= piece->length || length > guess->length - at)
		return;
	for (i = 0; i < length; i++)
		if (!is_like(guess->text[at + i], word[i]))
			return;
	piece->length = length;
	piece->cost = cost;
	if (memcmp(guess->text + at, word, length) != 0)
		piece->cost += COST_WRITTEN;
}

static struct piece
find_common_word(const struct guess *guess, size_t at)
{
	struct piece piece = { .reason = STRENGTH_HAS_COMMON_WORD };
	size_t i;

	for (i = 0; common_words[i] != NULL; i++)
		try_word(guess, at, common_words[i], strlen(common_words[i]),
		    &piece, COST_WORD);
	return piece;
}

static bool
is_word_octet(char c)
{
	return kind_of(c) != SIGN;
}

/* Tries each word of a text that is the person's own. */
static void
try_own(
    const struct guess *guess, size_t at, const char *own, struct piece *piece)
{
	char lower[OWN_SIZE];
	size_t start, end;

	if (!text_copy(lower, sizeof(lower), own))
		return;
	text_lower(lower);
	for (start = 0; lower[start] != '\0'; start = end) {
		end = start;
		while (lower[end] != '\0' && is_word_octet(lower[end]))
			end++;
		if (end - start >= 3)
			try_word(guess, at, lower + start, end - start, piece,
			    COST_OWN);
		end += end == start;
	}
}

static struct piece
find_own_name(const struct guess *guess, size_t at)
{
	struct piece piece = { .reason = STRENGTH_HAS_OWN_NAME };
	size_t i;

	for (i = 0; guess->own[i] != NULL; i++)
		try_own(guess, at, guess->own[i], &piece);
	return piece;
}

/* ---- patterns ----------------------------------------------------------- */

/* What stands before, once more: "aaa", "joejoe". */
static struct piece
find_repeat(const struct guess *guess, size_t at)
{
	struct piece piece = { .reason = STRENGTH_HAS_REPEATS };
	const char *text = guess->text;
	size_t back, length;

	for (back = 1; back <= at; back++) {
		for (length = 0; at + length < guess->length; length++)
			if (text[at + length] != text[at + length - back])
				break;
		if (length > piece.length && length >= 2 && length + 1 >= back)
			piece.length = length;
	}
	piece.cost = COST_REPEAT;
	return piece;
}

static struct piece
find_sequence(const struct guess *guess, size_t at)
{
	struct piece piece = { .cost = COST_SEQUENCE,
		.reason = STRENGTH_HAS_SEQUENCE };
	const char *text = guess->text + at;
	size_t length = 1, left = guess->length - at;
	int step = left > 1 ? text[1] - text[0] : 0;

	if (step != 1 && step != -1)
		return piece;
	while (length < left && text[length] - text[length - 1] == step &&
	    kind_of(text[length]) == kind_of(text[0]))
		length++;
	if (length >= 3 && kind_of(text[0]) != SIGN)
		piece.length = length;
	return piece;
}

/* How many octets of text, in lower case, stand in the row, forwards or
 * backwards. */
static size_t
length_in_row(const char *text, size_t left, const char *row)
{
	const char *start = strchr(row, tolower((unsigned char)text[0]));
	size_t forwards = 0, backwards = 0;

	if (start == NULL || text[0] == '\0')
		return 0;
	while (forwards < left && start[forwards] != '\0' &&
	    tolower((unsigned char)text[forwards]) == start[forwards])
		forwards++;
	while (backwards < left && start - backwards >= row &&
	    tolower((unsigned char)text[backwards]) == *(start - backwards))
		backwards++;
	return forwards > backwards ? forwards : backwards;
}

static struct piece
find_keys(const struct guess *guess, size_t at)
{
	static const char *const rows[] = { "qwertyuiop", "asdfghjkl",
		"zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop", "qsdfghjklm",
		"wxcvbn", "1234567890" };
	struct piece piece = { .cost = COST_KEYS, .reason = STRENGTH_HAS_KEYS };
	size_t i, length;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		length = length_in_row(
		    guess->text + at, guess->length - at, rows[i]);
		if (length >= 4 && length > piece.length)
			piece.length = length;
	}
	return piece;
}

static struct piece
find_year(const struct guess *guess, size_t at)
{
	struct piece piece = { .cost = COST_YEAR, .reason = STRENGTH_HAS_YEAR };
	const char *text = guess->text + at;

	if ((strncmp(text, "19", 2) == 0 || strncmp(text, "20", 2) == 0) &&
	    guess->length - at >= 4 && kind_of(text[2]) == DIGIT &&
	    kind_of(text[3]) == DIGIT)
		piece.length = 4;
	return piece;
}

/* ---- all of them -------------------------------------------------------- */

bool
guess_begins_character(char c)
{
	return kind_of(c) != REST;
}

/* Letters among letters are mostly those of words. */
struct piece
guess_character(const struct guess *guess, size_t at)
{
	static const unsigned int costs[] = { [LOWER] = 47,
		[UPPER] = 47,
		[DIGIT] = 33,
		[SIGN] = 50,
		[REST] = 0,
		[OTHER] = 47 };
	enum kind kind = kind_of(guess->text[at]);
	enum kind before = at > 0 ? kind_of(guess->text[at - 1]) : SIGN;
	struct piece piece = { 1, costs[kind], STRENGTH_FINE };

	if ((kind == LOWER && (before == LOWER || before == UPPER)) ||
	    (kind == UPPER && before == UPPER) ||
	    (kind == OTHER && before == REST))
		piece.cost = COST_LETTER;
	return piece;
}

bool
guess_piece(const struct guess *guess, size_t at, size_t i, struct piece *piece)
{
	static struct piece (*const finders[])(
	    const struct guess *, size_t) = { find_own_name, find_common_word,
		find_repeat, find_sequence, find_keys, find_year };

	if (i >= sizeof(finders) / sizeof(*finders))
		return false;
	*piece = finders[i](guess, at);
	return true;
}
