/* support/secret: randomness and comparison. */
#include "config.h"

#include "support/secret.h"
#include "tap.h"

#include <string.h>

static void
randomness(void)
{
	unsigned char a[64] = { 0 };
	unsigned char b[64] = { 0 };
	unsigned char edge[3] = { 1, 0, 1 };

	is_number(secret_random(a, sizeof(a)), 0, "randomness is to be had");
	is_number(secret_random(b, sizeof(b)), 0, "and again");
	ok(memcmp(a, b, sizeof(a)) != 0, "two draws are different");
	is_number(secret_random(edge + 1, 0), 0, "a draw of nothing succeeds");
	ok(edge[0] == 1 && edge[1] == 0 && edge[2] == 1, "and writes nothing");
}

static void
ranges(void)
{
	unsigned int seen = 0;
	int wrong = 0;
	int i;

	for (i = 0; i < 1000; i++) {
		unsigned int number = secret_between(50, 57);

		wrong += number < 50 || number > 57;
		seen |= 1U << (number & 7);
	}
	is_number(wrong, 0, "a number from 50 to 57 is never outside");
	is_number(seen, 0xff, "and takes all eight values");
	is_number(secret_between(7, 7), 7, "from 7 to 7 there is only 7");
}

static void
comparison(void)
{
	char a[33] = "0123456789abcdef0123456789abcdef";
	char b[33] = "0123456789abcdef0123456789abcdef";
	int wrong = 0;
	size_t i;
	int bit;

	ok(secret_equal(a, b, sizeof(a)), "equal texts are equal");
	for (i = 0; i < sizeof(b); i++)
		for (bit = 0; bit < 8; bit++) {
			b[i] = (char)(b[i] ^ (1 << bit));
			wrong += secret_equal(a, b, sizeof(b));
			wrong += !secret_equal(a, b, i);
			b[i] = (char)(b[i] ^ (1 << bit));
		}
	is_number(wrong, 0, "one bit anywhere makes them different");
	ok(secret_equal("x", "y", 0), "texts of no length are equal");
}

int
main(void)
{
	randomness();
	ranges();
	comparison();
	return done();
}
