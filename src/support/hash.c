/* What all digests share: collecting blocks, padding.  Runs in every process.
 */
#include "config.h"

#include "support/hash.h"

#include <string.h>

static uint32_t
load(const unsigned char *p, bool is_big_endian)
{
	if (is_big_endian)
		return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		    (uint32_t)p[2] << 8 | (uint32_t)p[3];
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

void
hash_init(struct hash *hash, const struct hash_kind *kind)
{
	hash->kind = kind;
	memcpy(hash->state, kind->start, sizeof(hash->state));
	hash->length = 0;
}

static void
take_block(struct hash *hash, const unsigned char *p)
{
	uint32_t block[HASH_BLOCK / 4];
	size_t i;

	for (i = 0; i < HASH_BLOCK / 4; i++, p += 4)
		block[i] = load(p, hash->kind->is_big_endian);
	hash->kind->transform(hash->state, block);
}

void
hash_update(struct hash *hash, const void *data, size_t length)
{
	const unsigned char *p = data;
	size_t held = (size_t)(hash->length % HASH_BLOCK);

	hash->length += length;
	if (held > 0) {
		size_t room = HASH_BLOCK - held;
		size_t part = length < room ? length : room;

		memcpy(hash->block + held, p, part);
		if (part < room)
			return;
		take_block(hash, hash->block);
		p += part;
		length -= part;
	}
	for (; length >= HASH_BLOCK; p += HASH_BLOCK, length -= HASH_BLOCK)
		take_block(hash, p);
	if (length > 0)
		memcpy(hash->block, p, length);
}

static void
store(unsigned char *p, uint64_t value, size_t octets, bool is_big_endian)
{
	size_t i;

	for (i = 0; i < octets; i++)
		p[is_big_endian ? octets - 1 - i : i] =
		    (unsigned char)(value >> (8 * i));
}

void
hash_final(struct hash *hash, unsigned char *digest)
{
	static const unsigned char padding[HASH_BLOCK] = { 0x80 };
	const struct hash_kind *kind = hash->kind;
	size_t held = (size_t)(hash->length % HASH_BLOCK);
	unsigned char bits[8];
	size_t i;

	store(bits, hash->length * 8, sizeof(bits), kind->is_big_endian);
	hash_update(hash, padding, held < 56 ? 56 - held : 120 - held);
	hash_update(hash, bits, sizeof(bits));
	for (i = 0; i < kind->length / 4; i++)
		store(digest + 4 * i, hash->state[i], 4, kind->is_big_endian);
	explicit_bzero(hash, sizeof(*hash));
}

void
hash_once(const struct hash_kind *kind, const void *data, size_t length,
    unsigned char *digest)
{
	struct hash hash;

	hash_init(&hash, kind);
	hash_update(&hash, data, length);
	hash_final(&hash, digest);
}

void
hash_hex(const unsigned char *digest, size_t length, char *hex)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < length; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	hex[2 * length] = '\0';
}
