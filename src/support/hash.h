/*
 * Digests of 512-bit blocks, all of one shape: MD5 (RFC 1321), SHA-1 and
 * SHA-256 (FIPS 180-4), and what is built on them: HMAC (RFC 2104) and PBKDF2
 * (RFC 8018).  What has gone through may be a secret, so the state is wiped at
 * the end.
 */
#ifndef SUPPORT_HASH_H
#define SUPPORT_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_BLOCK  64
#define HASH_LENGTH 32 /* octets of the longest digest */

/* In what the digests differ. */
struct hash_kind {
	size_t length; /* octets of the digest */
	uint32_t start[8];
	bool is_big_endian;
	/* Takes a block, as sixteen words. */
	void (*transform)(uint32_t *state, const uint32_t *block);
};

extern const struct hash_kind hash_md5;
extern const struct hash_kind hash_sha1;
extern const struct hash_kind hash_sha256;

struct hash {
	const struct hash_kind *kind;
	uint32_t state[8];
	uint64_t length; /* octets seen so far */
	unsigned char block[HASH_BLOCK];
};

void hash_init(struct hash *hash, const struct hash_kind *kind);
void hash_update(struct hash *hash, const void *data, size_t length);

/* Ends the digest: writes as many octets as its kind has.  hash must be
 * initialised again before further use. */
void hash_final(struct hash *hash, unsigned char *digest);

/* The digest of length octets of data. */
void hash_once(const struct hash_kind *kind, const void *data, size_t length,
    unsigned char *digest);

/* Writes length octets as lower-case hexadecimal digits and a NUL. */
void hash_hex(const unsigned char *digest, size_t length, char *hex);

/* The HMAC of length octets of data under key. */
void hash_hmac(const struct hash_kind *kind, const void *key, size_t key_length,
    const void *data, size_t length, unsigned char *digest);

/* PBKDF2 with HMAC: one block, as long as the digest; that is Hi() of RFC 5802
 * section 2.2.  iterations is at least 1. */
void hash_pbkdf2(const struct hash_kind *kind, const char *password,
    const void *salt, size_t salt_length, unsigned int iterations,
    unsigned char *digest);

#endif
