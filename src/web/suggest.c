/* Makes passwords out of random octets. */
#include "config.h"

#include "web/suggest.h"
#include "support/secret.h"

#include <string.h>

#define WORDS	  3
#define SYLLABLES 3 /* in a word */

/* Copies one of count characters; count is at most 256.  An octet of the last,
 * incomplete row of count octets would prefer some: another is drawn. */
static int
draw(char *out, const char *characters, unsigned int count)
{
	unsigned char octet;

	do {
		if (secret_random(&octet, 1) == -1)
			return -1;
	} while (octet >= 256 - 256 % count);
	*out = characters[octet % count];
	return 0;
}

static int
draw_word(char *out)
{
	static const char consonants[] = "bdfghjkmnprstvwz";
	static const char vowels[] = "aeiou";
	size_t i;

	for (i = 0; i < SYLLABLES; i++)
		if (draw(out + 2 * i, consonants, sizeof(consonants) - 1) ==
			-1 ||
		    draw(out + 2 * i + 1, vowels, sizeof(vowels) - 1) == -1)
			return -1;
	out[2 * SYLLABLES] = '-';
	return 0;
}

static int
draw_all(char password[SUGGEST_SIZE])
{
	static const char digits[] = "0123456789";
	char *next = password;
	size_t i;

	for (i = 0; i < WORDS; i++, next += 2 * SYLLABLES + 1)
		if (draw_word(next) == -1)
			return -1;
	for (i = 0; i < 2; i++)
		if (draw(next + i, digits, sizeof(digits) - 1) == -1)
			return -1;
	next[2] = '\0';
	return 0;
}

int
suggest_password(char password[SUGGEST_SIZE])
{
	if (draw_all(password) == 0)
		return 0;
	explicit_bzero(password, SUGGEST_SIZE);
	return -1;
}
