/*
 * MD5 (RFC 1321): what APOP demands, and the digest behind UIDL, where no
 * attacker gains anything from a collision.
 */
#ifndef SUPPORT_MD5_H
#define SUPPORT_MD5_H

#include "support/hash.h"

#include <stddef.h>

#define MD5_LENGTH 16

struct md5 {
	struct hash hash;
};

void md5_init(struct md5 *md5);
void md5_update(struct md5 *md5, const void *data, size_t length);

/* Ends the digest.  md5 must be initialised again before further use. */
void md5_final(struct md5 *md5, unsigned char digest[MD5_LENGTH]);

/* Writes a digest as 32 lower-case hexadecimal digits and a NUL. */
void md5_hex(
    const unsigned char digest[MD5_LENGTH], char hex[2 * MD5_LENGTH + 1]);

#endif
