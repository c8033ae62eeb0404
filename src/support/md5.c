/* MD5, RFC 1321.  Runs in every process. */
#include "config.h"

#include "support/md5.h"

/* RFC 1321 section 3.4: T[i] = floor(2^32 * abs(sin(i + 1))). */
static const uint32_t sines[64] = { 0xd76aa478, 0xe8c7b756, 0x242070db,
	0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8,
	0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e,
	0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d,
	0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87,
	0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942,
	0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60,
	0xbebfbc70, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039,
	0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97, 0xab9423a7,
	0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1, 0x6fa87e4f,
	0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
	0xeb86d391 };

static uint32_t
rotate(uint32_t x, unsigned int bits)
{
	return x << bits | x >> (32 - bits);
}

/* One step: the four rounds differ in F, in the word they take, in the
 * shifts.  A macro, because the compiler must see every constant. */
#define STEP(F, a, b, c, d, word, shift, i)          \
	((a) += F(b, c, d) + words[word] + sines[i], \
	    (a) = rotate(a, shift) + (b))
#define ROUND_1(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define ROUND_2(x, y, z) ((y) ^ ((z) & ((x) ^ (y))))
#define ROUND_3(x, y, z) ((x) ^ (y) ^ (z))
#define ROUND_4(x, y, z) ((y) ^ ((x) | ~(z)))

/* Four steps that bring a, b, c and d back to their places. */
#define FOUR(F, i, w0, w1, w2, w3, s0, s1, s2, s3)    \
	do {                                          \
		STEP(F, a, b, c, d, w0, s0, i);       \
		STEP(F, d, a, b, c, w1, s1, (i) + 1); \
		STEP(F, c, d, a, b, w2, s2, (i) + 2); \
		STEP(F, b, c, d, a, w3, s3, (i) + 3); \
	} while (0)

static void
transform(uint32_t *state, const uint32_t *words)
{
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];

	FOUR(ROUND_1, 0, 0, 1, 2, 3, 7, 12, 17, 22);
	FOUR(ROUND_1, 4, 4, 5, 6, 7, 7, 12, 17, 22);
	FOUR(ROUND_1, 8, 8, 9, 10, 11, 7, 12, 17, 22);
	FOUR(ROUND_1, 12, 12, 13, 14, 15, 7, 12, 17, 22);
	FOUR(ROUND_2, 16, 1, 6, 11, 0, 5, 9, 14, 20);
	FOUR(ROUND_2, 20, 5, 10, 15, 4, 5, 9, 14, 20);
	FOUR(ROUND_2, 24, 9, 14, 3, 8, 5, 9, 14, 20);
	FOUR(ROUND_2, 28, 13, 2, 7, 12, 5, 9, 14, 20);
	FOUR(ROUND_3, 32, 5, 8, 11, 14, 4, 11, 16, 23);
	FOUR(ROUND_3, 36, 1, 4, 7, 10, 4, 11, 16, 23);
	FOUR(ROUND_3, 40, 13, 0, 3, 6, 4, 11, 16, 23);
	FOUR(ROUND_3, 44, 9, 12, 15, 2, 4, 11, 16, 23);
	FOUR(ROUND_4, 48, 0, 7, 14, 5, 6, 10, 15, 21);
	FOUR(ROUND_4, 52, 12, 3, 10, 1, 6, 10, 15, 21);
	FOUR(ROUND_4, 56, 8, 15, 6, 13, 6, 10, 15, 21);
	FOUR(ROUND_4, 60, 4, 11, 2, 9, 6, 10, 15, 21);

	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
}

const struct hash_kind hash_md5 = {
	.length = MD5_LENGTH,
	.start = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 },
	.is_big_endian = false,
	.transform = transform,
};

void
md5_init(struct md5 *md5)
{
	hash_init(&md5->hash, &hash_md5);
}

void
md5_update(struct md5 *md5, const void *data, size_t length)
{
	hash_update(&md5->hash, data, length);
}

void
md5_final(struct md5 *md5, unsigned char digest[MD5_LENGTH])
{
	hash_final(&md5->hash, digest);
}

void
md5_hex(const unsigned char digest[MD5_LENGTH], char hex[2 * MD5_LENGTH + 1])
{
	hash_hex(digest, MD5_LENGTH, hex);
}
