/* SHA-256, FIPS 180-4 section 6.2.  Runs where logins are judged. */
#include "config.h"

#include "support/hash.h"

#include <string.h>

/* Section 4.2.2: the fractional parts of the cube roots of the first primes. */
static const uint32_t roots[64] = { 0x428a2f98, 0x71374491, 0xb5c0fbcf,
	0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
	0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7,
	0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
	0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e,
	0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
	0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c,
	0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee,
	0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2 };

static uint32_t
rotate(uint32_t x, unsigned int bits)
{
	return x >> bits | x << (32 - bits);
}

static void
expand(uint32_t words[64], const uint32_t *block)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		words[i] = block[i];
	for (; i < 64; i++) {
		uint32_t x = words[i - 15], y = words[i - 2];

		words[i] = words[i - 16] + words[i - 7] +
		    (rotate(x, 7) ^ rotate(x, 18) ^ x >> 3) +
		    (rotate(y, 17) ^ rotate(y, 19) ^ y >> 10);
	}
}

static void
transform(uint32_t *state, const uint32_t *block)
{
	uint32_t words[64];
	uint32_t s[8];
	unsigned int i;

	expand(words, block);
	memcpy(s, state, sizeof(s));
	for (i = 0; i < 64; i++) {
		uint32_t a = s[0], e = s[4];
		uint32_t first = s[7] + words[i] + roots[i] +
		    (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
		    (s[6] ^ (e & (s[5] ^ s[6])));
		uint32_t second =
		    (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) +
		    ((a & s[1]) | (s[2] & (a | s[1])));

		memmove(s + 1, s, 7 * sizeof(*s));
		s[4] += first;
		s[0] = first + second;
	}
	for (i = 0; i < 8; i++)
		state[i] += s[i];
}

const struct hash_kind hash_sha256 = {
	.length = 32,
	.start = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
	    0x9b05688c, 0x1f83d9ab, 0x5be0cd19 },
	.is_big_endian = true,
	.transform = transform,
};
