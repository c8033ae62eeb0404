/*
 * Estimates a password.  It is read as a row of pieces: words and patterns that
 * are guessed as a whole, and characters.  Each costs whom it has to guess some
 * bits, and the cheapest reading counts.
 */
#include "config.h"

#include "web/guess.h"

#include <string.h>

#define MOST 200 /* octets; what is behind them does not count */

/* Costs at which the steps begin, in tenths of a bit. */
#define LEAST_WEAK   230
#define LEAST_FAIR   330
#define LEAST_GOOD   420
#define LEAST_STRONG 500

/* The cheapest readings of what stands before each place, by their last
 * piece. */
struct reading {
	unsigned int costs[MOST + 1];
	struct piece last[MOST + 1];
};

static void
offer(struct reading *reading, size_t at, const struct piece *piece)
{
	size_t end = at + piece->length;
	unsigned int cost = reading->costs[at] + piece->cost;

	if (piece->length == 0 || cost >= reading->costs[end])
		return;
	reading->costs[end] = cost;
	reading->last[end] = *piece;
}

static void
read_all(const struct guess *guess, struct reading *reading)
{
	struct piece piece;
	size_t at, i;

	memset(reading, 0xff, sizeof(*reading));
	reading->costs[0] = 0;
	for (at = 0; at < guess->length; at++) {
		piece = guess_character(guess, at);
		offer(reading, at, &piece);
		for (i = 0; guess_piece(guess, at, i, &piece); i++)
			offer(reading, at, &piece);
	}
}

/* Which kind of piece has saved most against single characters. */
static enum strength_reason
find_reason(const struct guess *guess, const struct reading *reading)
{
	unsigned int saved[STRENGTH_COULD_BE_LONGER + 1] = { 0 };
	enum strength_reason i, most = STRENGTH_COULD_BE_LONGER;
	size_t end, at;

	for (end = guess->length; end > 0; end -= reading->last[end].length) {
		const struct piece *piece = &reading->last[end];

		if (piece->reason == STRENGTH_FINE)
			continue;
		for (at = end - piece->length; at < end; at++)
			saved[piece->reason] += guess_character(guess, at).cost;
		saved[piece->reason] -= piece->cost;
	}
	for (i = STRENGTH_IS_SHORT; i < STRENGTH_COULD_BE_LONGER; i++)
		if (saved[i] > saved[most])
			most = i;
	return most;
}

static size_t
count_characters(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += guess_begins_character(*text);
	return count;
}

static enum strength_step
step_of(unsigned int cost)
{
	if (cost < LEAST_WEAK)
		return STRENGTH_NONE;
	if (cost < LEAST_FAIR)
		return STRENGTH_WEAK;
	if (cost < LEAST_GOOD)
		return STRENGTH_FAIR;
	return cost < LEAST_STRONG ? STRENGTH_GOOD : STRENGTH_STRONG;
}

struct strength
strength_judge(const char *password, const char *const *own)
{
	struct guess guess = { password, strnlen(password, MOST), own };
	struct strength strength = { STRENGTH_NONE, STRENGTH_IS_SHORT };
	struct reading reading;

	if (count_characters(password) < STRENGTH_LEAST_LENGTH)
		return strength;
	read_all(&guess, &reading);
	strength.step = step_of(reading.costs[guess.length]);
	strength.reason = STRENGTH_FINE;
	if (strength.step != STRENGTH_STRONG)
		strength.reason = find_reason(&guess, &reading);
	explicit_bzero(&reading, sizeof(reading));
	return strength;
}
