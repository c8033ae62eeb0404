/*
 * The login cache: which passwords crypt(3) has found right not long ago.  Only
 * crypt(3) is spared: the account is looked up for every login as ever, and
 * what is remembered counts for the stored hash that was found then.  So
 * whatever changes in a passwd file or in shadow counts at once.
 *
 * What is kept of a login is an HMAC under a key that is drawn when the daemon
 * starts and is nowhere but in the same memory.  That memory is shared by the
 * processes that judge logins, all of them root if the daemon is; account.h
 * says how it is kept from all others.
 *
 * There is no lock.  A slot is its end and a MAC of what is remembered and of
 * that end, so a slot which several wrote at once, or in which somebody died,
 * is not believed.
 */
#ifndef ACCOUNT_CACHE_H
#define ACCOUNT_CACHE_H

#include "account/account.h"
#include "support/hash.h"

#include <stdint.h>

#define CACHE_BUCKETS 4096
#define CACHE_WAYS    4 /* slots of a bucket; who ends first makes room */

/* What is in a slot. */
struct cache_entry {
	uint64_t end; /* a moment of clock_now() */
	unsigned char mac[HASH_LENGTH];
};

#define CACHE_WORDS (sizeof(struct cache_entry) / sizeof(uint32_t))

/* Words of 32 bits are atomic without a lock on all machines. */
struct cache_slot {
	_Atomic uint32_t words[CACHE_WORDS];
};

struct account_cache {
	unsigned char key[HASH_LENGTH];
	uint64_t lifetime; /* ms */
	struct cache_slot slots[CACHE_BUCKETS][CACHE_WAYS];
};

/* Makes the digest of a login.  The texts are shorter than ACCOUNT_NAME_SIZE,
 * CREDENTIALS_SECRET_SIZE and SECRET_SIZE; the time does not depend on them. */
void cache_digest(const struct account_cache *cache, const char *name,
    const char *password, const char *stored,
    unsigned char digest[HASH_LENGTH]);

/* True if the digest was added less than a lifetime before the clock_now()
 * moment now. */
bool cache_has(const struct account_cache *cache,
    const unsigned char digest[HASH_LENGTH], int64_t now);

void cache_add(struct account_cache *cache,
    const unsigned char digest[HASH_LENGTH], int64_t now);

/*
 * Both of the first, for this moment; digest is then for cache_note().  Without
 * a cache it is false.
 */
bool cache_recalls(const struct account_cache *cache, const char *name,
    const char *password, const char *stored,
    unsigned char digest[HASH_LENGTH]);

/* crypt(3) has found right what digest was made of.  Without a cache nothing is
 * done. */
void cache_note(
    struct account_cache *cache, const unsigned char digest[HASH_LENGTH]);

#endif
