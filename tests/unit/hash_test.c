/*
 * support/hash: the published vectors of SHA-1 and SHA-256 (FIPS 180-4), HMAC
 * (RFC 2202, RFC 4231, RFC 2195) and PBKDF2 (RFC 6070, RFC 7914).
 */
#include "config.h"

#include "support/hash.h"
#include "tap.h"

#include <string.h>

#define HEX_SIZE (2 * HASH_LENGTH + 1)

static void
is_digest(const struct hash_kind *kind, const unsigned char *digest,
    const char *expected, const char *what)
{
	char hex[HEX_SIZE];

	hash_hex(digest, kind->length, hex);
	is_text(hex, expected, "%s", what);
}

/* ---- digests ------------------------------------------------------------ */

static void
check_digest(const struct hash_kind *kind, const char *text,
    const char *expected, const char *what)
{
	unsigned char digest[HASH_LENGTH];

	hash_once(kind, text, strlen(text), digest);
	is_digest(kind, digest, expected, what);
}

#define LONG_TEXT "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"

static void
check_digests(void)
{
	check_digest(&hash_md5, "abc", "900150983cd24fb0d6963f7d28e17f72",
	    "the MD5 of \"abc\"");
	check_digest(&hash_sha1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
	    "the SHA-1 of nothing");
	check_digest(&hash_sha1, "abc",
	    "a9993e364706816aba3e25717850c26c9cd0d89d", "the SHA-1 of \"abc\"");
	check_digest(&hash_sha1, LONG_TEXT,
	    "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
	    "the SHA-1 of 448 bits");
	check_digest(&hash_sha256, "",
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	    "the SHA-256 of nothing");
	check_digest(&hash_sha256, "abc",
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	    "the SHA-256 of \"abc\"");
	check_digest(&hash_sha256, LONG_TEXT,
	    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
	    "the SHA-256 of 448 bits");
}

static void
check_million(const struct hash_kind *kind, const char *expected)
{
	unsigned char digest[HASH_LENGTH];
	struct hash hash;
	long i;

	hash_init(&hash, kind);
	for (i = 0; i < 1000000; i++)
		hash_update(&hash, "a", 1);
	hash_final(&hash, digest);
	is_digest(kind, digest, expected,
	    "a million times \"a\", one by one, has its digest");
}

/* Every length around the edges of block and padding, cut at every point. */
static void
check_divisions(const struct hash_kind *kind)
{
	unsigned char whole[HASH_LENGTH], digest[HASH_LENGTH];
	char text[140];
	int wrong = 0;
	size_t length, cut;

	for (length = 0; length < sizeof(text); length++)
		text[length] = (char)(length * 7 + 1);
	for (length = 0; length <= sizeof(text); length++) {
		hash_once(kind, text, length, whole);
		for (cut = 0; cut <= length; cut++) {
			struct hash hash;

			hash_init(&hash, kind);
			hash_update(&hash, text, cut);
			hash_update(&hash, text + cut, length - cut);
			hash_final(&hash, digest);
			wrong += memcmp(digest, whole, kind->length) != 0;
		}
	}
	is_number(wrong, 0, "a text cut anywhere has the same digest");
}

static void
check_wiping(void)
{
	unsigned char digest[HASH_LENGTH];
	struct hash hash, wiped;

	memset(&wiped, 0, sizeof(wiped));
	hash_init(&hash, &hash_sha256);
	hash_update(&hash, "secret", 6);
	hash_final(&hash, digest);
	ok(memcmp(&hash, &wiped, sizeof(hash)) == 0,
	    "nothing of the text is left in memory");
}

/* ---- HMAC --------------------------------------------------------------- */

static void
check_hmac(const struct hash_kind *kind, const char *key, const char *text,
    const char *expected, const char *what)
{
	unsigned char digest[HASH_LENGTH];

	hash_hmac(kind, key, strlen(key), text, strlen(text), digest);
	is_digest(kind, digest, expected, what);
}

static void
check_hmacs(void)
{
	static const char question[] = "what do ya want for nothing?";
	static const char long_key[] =
	    "Test Using Larger Than Block-Size Key - Hash Key First";
	char key[132];

	check_hmac(&hash_md5, "Jefe", question,
	    "750c783e6ab0b503eaa86e310a5db738", "RFC 2202 HMAC-MD5 2");
	check_hmac(&hash_md5, "tanstaaftanstaaf",
	    "<1896.697170952@postoffice.reston.mci.net>",
	    "b913a602c7eda7a495b4e6e7334d3890", "RFC 2195 section 2");
	check_hmac(&hash_sha1, "Jefe", question,
	    "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
	    "RFC 2202 HMAC-SHA-1 2");
	check_hmac(&hash_sha256, "Jefe", question,
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
	    "RFC 4231 2");
	memset(key, 0xaa, sizeof(key));
	key[80] = '\0';
	check_hmac(&hash_md5, key, long_key, "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd",
	    "RFC 2202 HMAC-MD5 6: a key longer than a block");
	check_hmac(&hash_sha1, key, long_key,
	    "aa4ae5e15272d00e95705637ce8a3b55ed402112",
	    "RFC 2202 HMAC-SHA-1 6: a key longer than a block");
	memset(key, 0xaa, sizeof(key));
	key[131] = '\0';
	check_hmac(&hash_sha256, key, long_key,
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
	    "RFC 4231 6: a key longer than a block");
}

/* ---- PBKDF2 ------------------------------------------------------------- */

static void
check_pbkdf2(const struct hash_kind *kind, const char *password,
    const char *salt, unsigned int iterations, const char *expected,
    const char *what)
{
	unsigned char digest[HASH_LENGTH];

	hash_pbkdf2(kind, password, salt, strlen(salt), iterations, digest);
	is_digest(kind, digest, expected, what);
}

static void
check_pbkdf2s(void)
{
	check_pbkdf2(&hash_sha1, "password", "salt", 1,
	    "0c60c80f961f0e71f3a9b524af6012062fe037a6", "RFC 6070 1");
	check_pbkdf2(&hash_sha1, "password", "salt", 2,
	    "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957", "RFC 6070 2");
	check_pbkdf2(&hash_sha1, "password", "salt", 4096,
	    "4b007901b765489abead49d926f721d065a429c1", "RFC 6070 3");
	check_pbkdf2(&hash_sha256, "passwd", "salt", 1,
	    "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc",
	    "RFC 7914 section 11, the first block");
	check_pbkdf2(&hash_sha256, "password", "salt", 4096,
	    "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a",
	    "PBKDF2 with SHA-256, 4096 times");
}

int
main(void)
{
	check_digests();
	check_million(&hash_sha1, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
	check_million(&hash_sha256,
	    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	check_divisions(&hash_md5);
	check_divisions(&hash_sha1);
	check_divisions(&hash_sha256);
	check_wiping();
	check_hmacs();
	check_pbkdf2s();
	return done();
}
