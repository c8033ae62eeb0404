/* A fast checksum: eight octets at a time, multiplied and folded. */
#include "config.h"

#include "support/checksum.h"

#include <endian.h>
#include <string.h>

#define MULTIPLIER 0x9e3779b97f4a7c15U /* 2^64 divided by the golden ratio */

static uint64_t
mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * MULTIPLIER;
	return sum ^ sum >> 32;
}

uint64_t
checksum(uint64_t start, const void *data, size_t length)
{
	const unsigned char *p = data;
	uint64_t sum = mix(start, length);
	uint64_t word;

	for (; length >= sizeof(word); length -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum = mix(sum, le64toh(word));
		p += sizeof(word);
	}
	word = 0;
	if (length > 0)
		memcpy(&word, p, length);
	return mix(sum, le64toh(word));
}
