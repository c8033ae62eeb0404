/* HMAC and PBKDF2.  Runs where logins are judged. */
#include "config.h"

#include "support/hash.h"

#include <string.h>

/* A key that has been taken in; it can begin any number of digests. */
struct keyed {
	struct hash inner;
	struct hash outer;
};

static void
take_key(struct keyed *keyed, const struct hash_kind *kind, const void *key,
    size_t length)
{
	unsigned char inner[HASH_BLOCK] = { 0 };
	unsigned char outer[HASH_BLOCK];
	size_t i;

	if (length > HASH_BLOCK)
		hash_once(kind, key, length, inner);
	else if (length > 0)
		memcpy(inner, key, length);
	for (i = 0; i < HASH_BLOCK; i++) {
		outer[i] = inner[i] ^ 0x5c;
		inner[i] ^= 0x36;
	}
	hash_init(&keyed->inner, kind);
	hash_update(&keyed->inner, inner, sizeof(inner));
	hash_init(&keyed->outer, kind);
	hash_update(&keyed->outer, outer, sizeof(outer));
	explicit_bzero(inner, sizeof(inner));
	explicit_bzero(outer, sizeof(outer));
}

/* Ends what was begun with a copy of keyed->inner. */
static void
finish(const struct keyed *keyed, struct hash *inner, unsigned char *digest)
{
	struct hash outer = keyed->outer;
	size_t length = outer.kind->length;

	hash_final(inner, digest);
	hash_update(&outer, digest, length);
	hash_final(&outer, digest);
}

static void
digest_with(const struct keyed *keyed, const void *data, size_t length,
    unsigned char *digest)
{
	struct hash inner = keyed->inner;

	hash_update(&inner, data, length);
	finish(keyed, &inner, digest);
}

void
hash_hmac(const struct hash_kind *kind, const void *key, size_t key_length,
    const void *data, size_t length, unsigned char *digest)
{
	struct keyed keyed;

	take_key(&keyed, kind, key, key_length);
	digest_with(&keyed, data, length, digest);
	explicit_bzero(&keyed, sizeof(keyed));
}

void
hash_pbkdf2(const struct hash_kind *kind, const char *password,
    const void *salt, size_t salt_length, unsigned int iterations,
    unsigned char *digest)
{
	static const unsigned char first_block[4] = { 0, 0, 0, 1 };
	unsigned char last[HASH_LENGTH];
	struct keyed keyed;
	struct hash inner;
	unsigned int i;
	size_t j;

	take_key(&keyed, kind, password, strlen(password));
	inner = keyed.inner;
	hash_update(&inner, salt, salt_length);
	hash_update(&inner, first_block, sizeof(first_block));
	finish(&keyed, &inner, last);
	memcpy(digest, last, kind->length);
	for (i = 1; i < iterations; i++) {
		digest_with(&keyed, last, kind->length, last);
		for (j = 0; j < kind->length; j++)
			digest[j] ^= last[j];
	}
	explicit_bzero(last, sizeof(last));
	explicit_bzero(&keyed, sizeof(keyed));
}
