/*
 * The login cache.  Runs as root, if the daemon does, in the listener and in
 * connections before somebody is logged in.
 */
#include "config.h"

#include "account/cache.h"
#include "account/private.h"
#include "support/clock.h"
#include "support/log.h"
#include "support/secret.h"
#include "support/text.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

/* Who adds a login may have looked at the clock so many ms after who asks. */
#define APART 1000

/* What is digested: all of it, so that no two logins are the same octets. */
struct remembered {
	char name[ACCOUNT_NAME_SIZE];
	char password[CREDENTIALS_SECRET_SIZE];
	char stored[SECRET_SIZE];
};

/* What the MAC of a slot is of. */
struct sealed {
	unsigned char digest[HASH_LENGTH];
	uint64_t end;
};

/* ---- one login ---------------------------------------------------------- */

void
cache_digest(const struct account_cache *cache, const char *name,
    const char *password, const char *stored, unsigned char digest[HASH_LENGTH])
{
	struct remembered remembered;

	memset(&remembered, 0, sizeof(remembered));
	text_copy(remembered.name, sizeof(remembered.name), name);
	text_copy(remembered.password, sizeof(remembered.password), password);
	text_copy(remembered.stored, sizeof(remembered.stored), stored);
	hash_hmac(&hash_sha256, cache->key, sizeof(cache->key), &remembered,
	    sizeof(remembered), digest);
	explicit_bzero(&remembered, sizeof(remembered));
}

static void
make_mac(const struct account_cache *cache, const unsigned char *digest,
    struct cache_entry *entry)
{
	struct sealed sealed = { .end = entry->end };

	memcpy(sealed.digest, digest, HASH_LENGTH);
	hash_hmac(&hash_sha256, cache->key, sizeof(cache->key), &sealed,
	    sizeof(sealed), entry->mac);
}

/* ---- slots -------------------------------------------------------------- */

static size_t
bucket_of(const unsigned char *digest)
{
	return (digest[0] | (size_t)digest[1] << 8) % CACHE_BUCKETS;
}

/* Whoever writes at the same time, or has died: it may be of several. */
static struct cache_entry
read_slot(const struct cache_slot *slot)
{
	struct cache_entry entry;
	uint32_t words[CACHE_WORDS];
	size_t i;

	for (i = 0; i < CACHE_WORDS; i++)
		words[i] =
		    atomic_load_explicit(&slot->words[i], memory_order_relaxed);
	memcpy(&entry, words, sizeof(entry));
	return entry;
}

static void
write_slot(struct cache_slot *slot, const struct cache_entry *entry)
{
	uint32_t words[CACHE_WORDS];
	size_t i;

	memcpy(words, entry, sizeof(*entry));
	for (i = 0; i < CACHE_WORDS; i++)
		atomic_store_explicit(
		    &slot->words[i], words[i], memory_order_relaxed);
}

/* False also for an end that is too far away: then the clock is another. */
static bool
is_to_come(const struct account_cache *cache, uint64_t end, int64_t now)
{
	uint64_t left = end - (uint64_t)now;

	return left != 0 && left <= cache->lifetime + APART;
}

static bool
slot_has(const struct account_cache *cache, const struct cache_slot *slot,
    const unsigned char *digest, int64_t now)
{
	struct cache_entry found = read_slot(slot);
	struct cache_entry expected = { .end = found.end };

	if (!is_to_come(cache, found.end, now))
		return false;
	make_mac(cache, digest, &expected);
	return secret_equal(found.mac, expected.mac, HASH_LENGTH);
}

bool
cache_has(const struct account_cache *cache,
    const unsigned char digest[HASH_LENGTH], int64_t now)
{
	const struct cache_slot *bucket = cache->slots[bucket_of(digest)];
	bool is_there = false;
	size_t i;

	for (i = 0; i < CACHE_WAYS; i++)
		is_there |= slot_has(cache, &bucket[i], digest, now);
	return is_there;
}

/* A free slot, or the one that would be free first. */
static struct cache_slot *
choose(struct account_cache *cache, struct cache_slot *bucket, int64_t now)
{
	struct cache_slot *first = NULL;
	uint64_t earliest = 0;
	size_t i;

	for (i = 0; i < CACHE_WAYS; i++) {
		uint64_t end = read_slot(&bucket[i]).end;

		if (!is_to_come(cache, end, now))
			return &bucket[i];
		if (first == NULL || end < earliest) {
			first = &bucket[i];
			earliest = end;
		}
	}
	return first;
}

void
cache_add(struct account_cache *cache, const unsigned char digest[HASH_LENGTH],
    int64_t now)
{
	struct cache_slot *slot =
	    choose(cache, cache->slots[bucket_of(digest)], now);
	struct cache_entry entry = { .end = (uint64_t)now + cache->lifetime };

	make_mac(cache, digest, &entry);
	write_slot(slot, &entry);
}

/* ---- as verify.c asks --------------------------------------------------- */

bool
cache_recalls(const struct account_cache *cache, const char *name,
    const char *password, const char *stored, unsigned char digest[HASH_LENGTH])
{
	if (cache == NULL)
		return false;
	cache_digest(cache, name, password, stored, digest);
	if (!cache_has(cache, digest, clock_now()))
		return false;
	log_trace(TRACE_LOGIN, "the password is remembered");
	return true;
}

void
cache_note(struct account_cache *cache, const unsigned char digest[HASH_LENGTH])
{
	if (cache != NULL)
		cache_add(cache, digest, clock_now());
}

/* ---- whose it is -------------------------------------------------------- */

/* A core or a swap space with the key would make the rest readable.  Where the
 * system allows no locked memory it is worth having all the same. */
static int
keep_secret(struct account_cache *cache)
{
	(void)mlock(cache->key, sizeof(cache->key));
	if (madvise(cache, sizeof(*cache), MADV_DONTDUMP) == -1 ||
	    madvise(cache, sizeof(*cache), MADV_DONTFORK) == -1)
		return -1;
	return secret_random(cache->key, sizeof(cache->key));
}

struct account_cache *
account_cache_open(unsigned int seconds)
{
	struct account_cache *cache = mmap(NULL, sizeof(*cache),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (cache == MAP_FAILED)
		return NULL;
	if (keep_secret(cache) == -1) {
		(void)account_cache_close(&cache);
		return NULL;
	}
	cache->lifetime = (uint64_t)seconds * 1000;
	return cache;
}

void
account_cache_lend(struct account_cache *cache)
{
	if (cache != NULL)
		(void)madvise(cache, sizeof(*cache), MADV_DOFORK);
}

/* In a child to whom it could not be lent there is nothing to keep back, and
 * that is how it learns of it. */
void
account_cache_withhold(struct account_cache **cache)
{
	int error = errno;

	if (*cache != NULL &&
	    madvise(*cache, sizeof(**cache), MADV_DONTFORK) == -1)
		(void)account_cache_close(cache);
	errno = error;
}

int
account_cache_close(struct account_cache **cache)
{
	struct account_cache *closed = *cache;

	*cache = NULL;
	return closed == NULL ? 0 : munmap(closed, sizeof(*closed));
}
