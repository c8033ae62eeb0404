/*
 * How clients prove that they know a secret without sending it.  Runs as root.
 *
 * A proof counts only for the connection in which it was made: the stamp, which
 * the connection process has chosen, is part of what is signed.  So a login
 * child that has been taken over gains nothing from proofs that somebody has
 * overheard.
 */
#include "config.h"

#include "account/private.h"
#include "support/hash.h"
#include "support/md5.h"
#include "support/secret.h"

#include <string.h>

static bool
is_hex_of(const unsigned char digest[MD5_LENGTH], const char *text)
{
	char hex[2 * MD5_LENGTH + 1];

	md5_hex(digest, hex);
	return strlen(text) == 2 * MD5_LENGTH &&
	    secret_equal(text, hex, 2 * MD5_LENGTH);
}

/* RFC 1939 section 7: MD5 over the stamp with its brackets, then the secret. */
static bool
prove_apop(const char *digest, const char *stamp, const char *secret)
{
	unsigned char expected[MD5_LENGTH];
	struct md5 md5;

	md5_init(&md5);
	md5_update(&md5, stamp, strlen(stamp));
	md5_update(&md5, secret, strlen(secret));
	md5_final(&md5, expected);
	return is_hex_of(expected, digest);
}

/* RFC 2195 section 2. */
static bool
prove_cram(const char *digest, const char *stamp, const char *secret)
{
	unsigned char expected[MD5_LENGTH];

	hash_hmac(
	    &hash_md5, secret, strlen(secret), stamp, strlen(stamp), expected);
	return is_hex_of(expected, digest);
}

/* HMAC with a key as long as the digest. */
static void
sign(const struct hash_kind *kind, const unsigned char *key, const char *text,
    unsigned char *signature)
{
	hash_hmac(kind, key, kind->length, text, strlen(text), signature);
}

/* RFC 5802 section 3. */
static bool
prove_scram(const struct hash_kind *kind, const struct credentials *credentials,
    const char *stamp, const char *secret, unsigned char *signature)
{
	unsigned char salted[HASH_LENGTH], key[HASH_LENGTH];
	unsigned char stored[HASH_LENGTH], shown[HASH_LENGTH];
	bool is_right;
	size_t i;

	hash_pbkdf2(kind, secret, credentials->salt, sizeof(credentials->salt),
	    CREDENTIALS_ITERATIONS, salted);
	sign(kind, salted, "Client Key", key);
	hash_once(kind, key, kind->length, stored);
	sign(kind, stored, credentials->message, shown);
	for (i = 0; i < kind->length; i++)
		shown[i] ^= credentials->proof[i];
	is_right = secret_equal(shown, key, kind->length);
	sign(kind, salted, "Server Key", key);
	sign(kind, key, credentials->message, signature);
	explicit_bzero(salted, sizeof(salted));
	explicit_bzero(key, sizeof(key));
	explicit_bzero(stored, sizeof(stored));
	explicit_bzero(shown, sizeof(shown));
	return is_right && strstr(credentials->message, stamp) != NULL;
}

bool
secret_is_proved(const struct credentials *credentials, const char *stamp,
    const char *secret, unsigned char signature[CREDENTIALS_PROOF_SIZE])
{
	switch (credentials->kind) {
	case CREDENTIALS_APOP:
		return prove_apop(credentials->secret, stamp, secret);
	case CREDENTIALS_CRAM_MD5:
		return prove_cram(credentials->secret, stamp, secret);
	case CREDENTIALS_SCRAM_SHA_1:
		return prove_scram(
		    &hash_sha1, credentials, stamp, secret, signature);
	case CREDENTIALS_SCRAM_SHA_256:
		return prove_scram(
		    &hash_sha256, credentials, stamp, secret, signature);
	case CREDENTIALS_PASSWORD:
	case CREDENTIALS_PLAIN:
	case CREDENTIALS_LOGIN:
		break;
	}
	return false;
}
