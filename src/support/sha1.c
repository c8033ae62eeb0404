/* SHA-1, FIPS 180-4 section 6.1.  Runs where logins are judged. */
#include "config.h"

#include "support/hash.h"

static uint32_t
rotate(uint32_t x, unsigned int bits)
{
	return x << bits | x >> (32 - bits);
}

static void
expand(uint32_t words[80], const uint32_t *block)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		words[i] = block[i];
	for (; i < 80; i++)
		words[i] = rotate(
		    words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16],
		    1);
}

/* Function and constant of each twenty steps. */
static uint32_t
mix(unsigned int i, uint32_t b, uint32_t c, uint32_t d)
{
	if (i < 20)
		return (d ^ (b & (c ^ d))) + 0x5a827999;
	if (i < 40)
		return (b ^ c ^ d) + 0x6ed9eba1;
	if (i < 60)
		return ((b & c) | (d & (b | c))) + 0x8f1bbcdc;
	return (b ^ c ^ d) + 0xca62c1d6;
}

static void
transform(uint32_t *state, const uint32_t *block)
{
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3],
		 e = state[4];
	uint32_t words[80];
	unsigned int i;

	expand(words, block);
	for (i = 0; i < 80; i++) {
		uint32_t next = rotate(a, 5) + mix(i, b, c, d) + e + words[i];

		e = d;
		d = c;
		c = rotate(b, 30);
		b = a;
		a = next;
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
}

const struct hash_kind hash_sha1 = {
	.length = 20,
	.start = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 },
	.is_big_endian = true,
	.transform = transform,
};
