/* account/cache: what is remembered of logins, and for whom. */
#include "config.h"

#include "account/cache.h"
#include "box.h"
#include "tap.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SECONDS	 60
#define LIFETIME ((int64_t)SECONDS * 1000)
#define NOW	 ((int64_t)1000000)
#define STORED	 "$y$j9T$salt$hash"

/* Two ends that are to come, and of which no word is the same. */
#define EARLY (INT64_C(0x1ffffffff) - LIFETIME)
#define APART (EARLY + 1000)

static struct account_cache *
open_cache(void)
{
	struct account_cache *cache = account_cache_open(SECONDS);

	if (cache == NULL)
		bail_out("account_cache_open");
	return cache;
}

static void
close_cache(struct account_cache *cache)
{
	if (account_cache_close(&cache) == -1 || cache != NULL)
		bail_out("account_cache_close");
}

/* A digest that falls into a bucket of our choice. */
static const unsigned char *
digest_of(size_t bucket, unsigned int number)
{
	static unsigned char digest[HASH_LENGTH];

	hash_once(&hash_sha256, &number, sizeof(number), digest);
	digest[0] = (unsigned char)bucket;
	digest[1] = (unsigned char)(bucket >> 8);
	return digest;
}

static struct cache_slot *
slot_of(struct account_cache *cache, size_t bucket)
{
	return &cache->slots[bucket][0];
}

/* ---- what makes a login another one ------------------------------------- */

static bool
knows(struct account_cache *cache, const char *name, const char *password,
    const char *stored)
{
	unsigned char digest[HASH_LENGTH];

	cache_digest(cache, name, password, stored, digest);
	return cache_has(cache, digest, NOW);
}

static void
fields(void)
{
	struct account_cache *cache = open_cache();
	unsigned char digest[HASH_LENGTH];

	ok(!knows(cache, "joe@kvt.dk", "secret", STORED),
	    "a new cache knows nothing");
	cache_digest(cache, "joe@kvt.dk", "secret", STORED, digest);
	cache_add(cache, digest, NOW);
	ok(knows(cache, "joe@kvt.dk", "secret", STORED),
	    "a login that was added is known");
	ok(!knows(cache, "joe@kvt.dl", "secret", STORED), "with its name only");
	ok(!knows(cache, "joe", "secret", STORED), "domain and all");
	ok(!knows(cache, "joe@kvt.dk", "secreT", STORED), "... its password");
	ok(!knows(cache, "joe@kvt.dk", "", STORED), "... not without one");
	ok(!knows(cache, "joe@kvt.dk", "secret", "$y$j9T$salt$hasi"),
	    "... and the hash that was stored then");
	ok(!knows(cache, "joe@kvt.dks", "ecret", STORED) &&
		!knows(cache, "joe@kvt.dk", "secret$", "y$j9T$salt$hash"),
	    "where one text ends is not taken for where another does");
	close_cache(cache);
}

/* ---- time --------------------------------------------------------------- */

static void
lifetime(void)
{
	struct account_cache *cache = open_cache();
	const unsigned char *digest = digest_of(7, 1);

	cache_add(cache, digest, NOW);
	ok(cache_has(cache, digest, NOW + LIFETIME - 1),
	    "a login is known until its time is over");
	ok(!cache_has(cache, digest, NOW + LIFETIME), "and then no more");
	ok(!cache_has(cache, digest, NOW + 10 * LIFETIME), "nor later");
	ok(cache_has(cache, digest, NOW - 10),
	    "another process may have looked at the clock before");
	ok(!cache_has(cache, digest, NOW - 1001),
	    "but it is not known if the clock was far before it");
	ok(!cache_has(cache, digest, 0), "nor at the beginning of time");
	cache_add(cache, digest, NOW + LIFETIME);
	ok(cache_has(cache, digest, NOW + 2 * LIFETIME - 1),
	    "crypt(3) gives it another lifetime");
	close_cache(cache);
}

/* ---- room --------------------------------------------------------------- */

static void
one_bucket(void)
{
	struct account_cache *cache = open_cache();
	unsigned int i, known = 0;

	for (i = 0; i < CACHE_WAYS; i++)
		cache_add(cache, digest_of(3, i), NOW + i);
	for (i = 0; i < CACHE_WAYS; i++)
		known += cache_has(cache, digest_of(3, i), NOW + 10);
	is_number(known, CACHE_WAYS, "a bucket has room for some logins");
	ok(!cache_has(cache, digest_of(3, 99), NOW + 10),
	    "another one of the same bucket is none of them");
	cache_add(cache, digest_of(3, CACHE_WAYS), NOW + 10);
	ok(!cache_has(cache, digest_of(3, 0), NOW + 10),
	    "one more takes the place of the one that ends first");
	known = 0;
	for (i = 1; i <= CACHE_WAYS; i++)
		known += cache_has(cache, digest_of(3, i), NOW + 10);
	is_number(known, CACHE_WAYS, "and of no other");
	cache_add(cache, digest_of(3, 50), NOW + LIFETIME + 2);
	ok(cache_has(cache, digest_of(3, CACHE_WAYS), NOW + LIFETIME + 2),
	    "what is over makes room before what is not");
	close_cache(cache);
}

static void
full(void)
{
	static unsigned char count[CACHE_BUCKETS];
	struct account_cache *cache = open_cache();
	unsigned int i, expected = 0, known = 0, lost = 0;

	for (i = 0; i < 20000; i++) {
		size_t bucket = i * 2654435761U >> 20;

		cache_add(cache, digest_of(bucket, i), NOW + i);
		lost += !cache_has(cache, digest_of(bucket, i), NOW + i);
		if (count[bucket] < CACHE_WAYS) {
			count[bucket]++;
			expected++;
		}
	}
	for (i = 0; i < 20000; i++)
		known += cache_has(
		    cache, digest_of(i * 2654435761U >> 20, i), NOW + 20000);
	is_number(lost, 0, "in a full table, who has logged in is known");
	is_number(known, expected, "and as many others as there is room for");
	close_cache(cache);
}

/* ---- what is in the memory ---------------------------------------------- */

static void
keys(void)
{
	struct account_cache *cache = open_cache();
	struct account_cache *other = open_cache();
	const unsigned char *digest = digest_of(5, 1);
	unsigned char mine[HASH_LENGTH], theirs[HASH_LENGTH];

	ok(memcmp(cache->key, other->key, sizeof(cache->key)) != 0,
	    "each cache has a key of its own");
	cache_digest(cache, "joe", "secret", STORED, mine);
	cache_digest(other, "joe", "secret", STORED, theirs);
	ok(memcmp(mine, theirs, HASH_LENGTH) != 0, "on which digests depend");
	cache_add(cache, digest, NOW);
	memcpy(other->slots, cache->slots, sizeof(cache->slots));
	ok(!cache_has(other, digest, NOW),
	    "what was noted under one key is not believed under another");
	memcpy(other->key, cache->key, sizeof(cache->key));
	ok(cache_has(other, digest, NOW), "it is the key that decides");
	close_cache(cache);
	close_cache(other);
}

/* All that a slot can hold when two write it and die, in whatever order. */
static void
torn(void)
{
	struct account_cache *cache = open_cache();
	struct cache_slot *slot = slot_of(cache, 5);
	struct cache_slot other;
	uint32_t words[2][CACHE_WORDS];
	unsigned int mix, believed = 0;
	size_t i;

	cache_add(cache, digest_of(5, 2), APART);
	memcpy(words[1], slot->words, sizeof(words[1]));
	memset(slot, 0, sizeof(*slot));
	cache_add(cache, digest_of(5, 1), EARLY);
	memcpy(words[0], slot->words, sizeof(words[0]));
	for (mix = 1; mix + 1 < 1U << CACHE_WORDS; mix++) {
		for (i = 0; i < CACHE_WORDS; i++)
			slot->words[i] = words[mix >> i & 1][i];
		believed += cache_has(cache, digest_of(5, 1), APART);
		believed += cache_has(cache, digest_of(5, 2), APART);
	}
	is_number(believed, 0, "a slot of which two wrote a part is nobody's");
	for (i = 0; i < CACHE_WORDS * 32; i++) {
		memcpy(&other, words[0], sizeof(other));
		other.words[i / 32] ^= UINT32_C(1) << i % 32;
		memcpy(slot, &other, sizeof(other));
		believed += cache_has(cache, digest_of(5, 1), EARLY);
	}
	is_number(believed, 0, "nor is one with a bit that is wrong");
	memcpy(slot, words[0], sizeof(words[0]));
	ok(cache_has(cache, digest_of(5, 1), EARLY), "a whole one is");
	close_cache(cache);
}

/* ---- processes ---------------------------------------------------------- */

static bool
is_mapped(struct account_cache *cache)
{
	return msync(cache, sizeof(*cache), MS_ASYNC) == 0;
}

/* The status of a child that finds out whether it has the cache. */
static int
child_has(struct account_cache *cache)
{
	pid_t pid = box_fork();

	if (pid == 0)
		_exit(is_mapped(cache));
	return box_wait(pid);
}

/* What the child of a listener does. */
static int
be_borrower(struct account_cache *cache, const unsigned char *digest)
{
	struct account_cache *mine = cache;

	account_cache_withhold(&mine);
	if (mine == NULL || child_has(cache) != 0)
		return 1;
	cache_add(mine, digest, NOW);
	return account_cache_close(&mine) == -1 || is_mapped(cache) ? 2 : 0;
}

static void
children(void)
{
	struct account_cache *cache = open_cache(), *lent;
	const unsigned char *digest = digest_of(9, 1);
	pid_t pid;

	is_number(child_has(cache), 0, "a child does not get the cache");
	account_cache_lend(cache);
	pid = box_fork();
	if (pid == 0)
		_exit(be_borrower(cache, digest));
	errno = EAGAIN;
	account_cache_withhold(&cache);
	is_number(errno, EAGAIN, "an error of fork() stays");
	is_number(box_wait(pid), 0,
	    "one to whom it was lent does; its own children do not, and it can "
	    "be without it");
	ok(cache != NULL && cache_has(cache, digest, NOW),
	    "what it has added is known to its parent");
	is_number(child_has(cache), 0, "the next child has it no more");
	pid = box_fork();
	if (pid == 0) {
		lent = cache;
		account_cache_withhold(&lent);
		_exit(lent == NULL);
	}
	is_number(box_wait(pid), 1, "a child that has none learns of it");
	close_cache(cache);
}

static void write_on(struct account_cache *cache, unsigned int number)
    __attribute__((noreturn));

static void
write_on(struct account_cache *cache, unsigned int number)
{
	for (;;)
		cache_add(cache, digest_of(1, number++ % 64), NOW);
}

/* Writers of one bucket, each killed at some instruction. */
static void
killed(void)
{
	struct account_cache *cache = open_cache();
	unsigned int round, i, strange = 0, known = 0;

	for (round = 0; round < 100; round++) {
		pid_t pids[2];

		account_cache_lend(cache);
		for (i = 0; i < 2; i++)
			if ((pids[i] = box_fork()) == 0)
				write_on(cache, round + 32 * i);
		account_cache_withhold(&cache);
		usleep(500 + round * 37 % 400);
		for (i = 0; i < 2; i++)
			if (pids[i] == -1 || kill(pids[i], SIGKILL) == -1 ||
			    box_wait(pids[i]) != 128 + SIGKILL)
				bail_out("a writer");
		for (i = 64; i < 128; i++)
			strange += cache_has(cache, digest_of(1, i), NOW);
		cache_add(cache, digest_of(1, 1000), NOW);
		known += cache_has(cache, digest_of(1, 1000), NOW);
	}
	is_number(strange, 0,
	    "writers that are killed leave nothing that nobody has added");
	is_number(known, round, "and keep nobody from being remembered");
	close_cache(cache);
}

int
main(void)
{
	box_open();
	fields();
	lifetime();
	one_bucket();
	full();
	keys();
	torn();
	children();
	killed();
	return done();
}
