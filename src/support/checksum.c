/* A fast checksum: eight octets at a time, multiplied and folded. */
#include "config.h"

#include "support/checksum.h"

#include <endian.h>
#include <string.h>

#define MULTIPLIER 0x9e3779b97f4a7c15U /* 2^64 divided by the golden ratio */

/* Octets that four sums take at once, and from how many on that is done. */
#define LANES_SIZE  ((size_t)32)
#define LANES_LEAST ((size_t)128)

static uint64_t
mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * MULTIPLIER;
	return sum ^ sum >> 32;
}

static uint64_t
word_at(const unsigned char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return le64toh(word);
}

/* Four sums beside each other, for a multiplication takes longer than it keeps
 * a processor busy; made one in the end. */
static uint64_t
mix_lanes(uint64_t sum, const unsigned char *p, size_t length)
{
	uint64_t a = sum, b = sum + 1, c = sum + 2, d = sum + 3;

	for (; length > 0; length -= LANES_SIZE, p += LANES_SIZE) {
		a = mix(a, word_at(p));
		b = mix(b, word_at(p + 8));
		c = mix(c, word_at(p + 16));
		d = mix(d, word_at(p + 24));
	}
	return mix(mix(mix(a, b), c), d);
}

uint64_t
checksum(uint64_t start, const void *data, size_t length)
{
	const unsigned char *p = data;
	uint64_t sum = mix(start, length);
	uint64_t word = 0;
	size_t part = length - length % LANES_SIZE;

	if (part >= LANES_LEAST) {
		sum = mix_lanes(sum, p, part);
		p += part;
		length -= part;
	}
	for (; length >= sizeof(word); length -= sizeof(word)) {
		sum = mix(sum, word_at(p));
		p += sizeof(word);
	}
	if (length > 0)
		memcpy(&word, p, length);
	return mix(sum, le64toh(word));
}
