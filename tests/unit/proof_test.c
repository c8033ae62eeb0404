/*
 * account/proof and account/prepare: the published exchanges of APOP
 * (RFC 1939), CRAM-MD5 (RFC 2195) and SCRAM (RFC 5802, RFC 7677), and what
 * happens to passwords in UTF-8.
 */
#include "config.h"

#include "account/private.h"
#include "support/base64.h"
#include "support/hash.h"
#include "support/text.h"
#include "tap.h"

#include <string.h>

static struct credentials credentials;
static unsigned char signature[CREDENTIALS_PROOF_SIZE];

/* Decodes text into out, which must hold it. */
static size_t
decode(const char *text, unsigned char *out)
{
	char copy[200];
	size_t length;

	if (!text_copy(copy, sizeof(copy), text) ||
	    !base64_decode(copy, &length))
		bail_out(text);
	memcpy(out, copy, length);
	return length;
}

/* ---- APOP and CRAM-MD5 -------------------------------------------------- */

static bool
proves(enum credentials_kind kind, const char *digest, const char *stamp,
    const char *secret)
{
	memset(&credentials, 0, sizeof(credentials));
	credentials.kind = kind;
	text_copy(credentials.secret, sizeof(credentials.secret), digest);
	return secret_is_proved(&credentials, stamp, secret, signature);
}

static void
digests(void)
{
	static const char apop[] = "<1896.697170952@dbc.mtview.ca.us>";
	static const char cram[] = "<1896.697170952@postoffice.reston.mci.net>";
	static const char secret[] = "tanstaaftanstaaf";

	ok(proves(CREDENTIALS_APOP, "c4c9334bac560ecc979e58001b3e22fb", apop,
	       "tanstaaf"),
	    "RFC 1939 section 7: the digest of the example");
	ok(proves(CREDENTIALS_CRAM_MD5, "b913a602c7eda7a495b4e6e7334d3890",
	       cram, secret),
	    "RFC 2195 section 2: the digest of the example");
	ok(!proves(CREDENTIALS_CRAM_MD5, "b913a602c7eda7a495b4e6e7334d3890",
	       apop, secret),
	    "not with the stamp of another connection");
	ok(!proves(CREDENTIALS_CRAM_MD5, "b913a602c7eda7a495b4e6e7334d3891",
	       cram, secret),
	    "not with another digit");
	ok(!proves(CREDENTIALS_CRAM_MD5, "B913A602C7EDA7A495B4E6E7334D3890",
	       cram, secret),
	    "not in capitals");
	ok(!proves(CREDENTIALS_CRAM_MD5, "b913a602c7eda7a495b4e6e7334d389",
	       cram, secret),
	    "not cut off");
	ok(!proves(CREDENTIALS_CRAM_MD5, "", cram, secret), "not empty");
	ok(!proves(CREDENTIALS_APOP, "b913a602c7eda7a495b4e6e7334d3890", cram,
	       secret),
	    "not as APOP");
	ok(!proves(CREDENTIALS_PLAIN, secret, cram, secret),
	    "and a password is no proof");
}

/* ---- SCRAM -------------------------------------------------------------- */

/* RFC 5802 section 5; its salt is shorter than ours, so the steps are taken one
 * by one. */
static void
rfc_5802(void)
{
	static const char message[] =
	    "n=user,r=fyko+d2lbbFgONRv9qkxdawL,"
	    "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
	    "s=QSXCR+Q6sek8bf92,i=4096,c=biws,"
	    "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j";
	unsigned char salt[40], salted[20], key[20], stored[20], shown[20];
	char text[BASE64_SIZE(20)];
	size_t i, length = decode("QSXCR+Q6sek8bf92", salt);

	hash_pbkdf2(&hash_sha1, "pencil", salt, length, 4096, salted);
	hash_hmac(&hash_sha1, salted, 20, "Client Key", 10, key);
	hash_once(&hash_sha1, key, 20, stored);
	hash_hmac(&hash_sha1, stored, 20, message, strlen(message), shown);
	for (i = 0; i < 20; i++)
		shown[i] ^= key[i];
	base64_encode(shown, 20, text);
	is_text(text, "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
	    "RFC 5802 section 5: the client's proof");
	hash_hmac(&hash_sha1, salted, 20, "Server Key", 10, key);
	hash_hmac(&hash_sha1, key, 20, message, strlen(message), shown);
	base64_encode(shown, 20, text);
	is_text(text, "rmF9pqV8S7suAoZWja4dJRkFsKQ=",
	    "RFC 5802 section 5: the server's signature");
}

#define STAMP "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"

/* The exchange of RFC 7677 section 3, with another proof or salt if need be. */
static bool
scram(enum credentials_kind kind, const char *proof, const char *salt,
    const char *stamp, const char *secret)
{
	memset(&credentials, 0, sizeof(credentials));
	memset(signature, 0, sizeof(signature));
	credentials.kind = kind;
	decode(proof, credentials.proof);
	decode(salt, credentials.salt);
	text_copy(credentials.message, sizeof(credentials.message),
	    "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO" STAMP
	    ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,"
	    "r=rOprNGfwEbeRWgbNEkqO" STAMP);
	return secret_is_proved(&credentials, stamp, secret, signature);
}

static void
rfc_7677(void)
{
	static const char proof[] =
	    "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
	static const char salt[] = "W22ZaJ0SNY7soEsUEjb6gQ==";
	const enum credentials_kind kind = CREDENTIALS_SCRAM_SHA_256;
	char text[BASE64_SIZE(CREDENTIALS_PROOF_SIZE)];

	ok(scram(kind, proof, salt, STAMP, "pencil"),
	    "RFC 7677 section 3: the client's proof is right");
	base64_encode(signature, sizeof(signature), text);
	is_text(text, "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
	    "RFC 7677 section 3: the server's signature");
	ok(!scram(kind, proof, salt, STAMP, "pencils"),
	    "another password does not prove it");
	ok(!scram(kind, "cHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", salt,
	       STAMP, "pencil"),
	    "nor another proof");
	ok(!scram(kind, "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVU=", salt,
	       STAMP, "pencil"),
	    "nor one whose last bit is wrong");
	ok(!scram(kind, proof, "X22ZaJ0SNY7soEsUEjb6gQ==", STAMP, "pencil"),
	    "nor another salt");
	ok(!scram(kind, proof, salt, "<1.2.3@example.com>", "pencil"),
	    "nor a right proof that was made for another connection");
	ok(!scram(CREDENTIALS_SCRAM_SHA_1, proof, salt, STAMP, "pencil"),
	    "nor the other digest");
}

/* ---- passwords ---------------------------------------------------------- */

static void
prepared(const char *text, const char *expected, const char *what)
{
	char copy[100];

	text_copy(copy, sizeof(copy), text);
	secret_prepare(copy);
	is_text(copy, expected, "%s", what);
}

static void
preparing(void)
{
	prepared("", "", "nothing stays nothing");
	prepared("sec ret!~\t", "sec ret!~\t", "ASCII stays as it is");
	prepared("sm\xc3\xb8r\xe2\x82\xac\xf0\x9f\x90\xae",
	    "sm\xc3\xb8r\xe2\x82\xac\xf0\x9f\x90\xae", "so do other letters");
	prepared("I\xc2\xadX", "IX", "RFC 4013 section 3: a soft hyphen goes");
	prepared("a\xe2\x80\x8b\xe2\x80\x8d\xef\xbb\xbf\xef\xb8\x8f\xcd\x8f\xe1"
		 "\xa0\x86z\xe2\x81\xa0",
	    "az", "what cannot be seen goes");
	prepared("a\xc2\xa0z\xe3\x80\x80\xe2\x80\x80\xe2\x80\x8a\xe1\x9a\x80"
		 "\xe2\x80\xaf\xe2\x81\x9f",
	    "a z      ", "what looks like a blank becomes one");
	prepared("\xc2\xad", "", "nothing may be left");
	prepared("\xe2\x80\x8e\xe2\x80\x9c", "\xe2\x80\x8e\xe2\x80\x9c",
	    "the neighbours of these stay");
	prepared("\xe6\xf8\xe5\xa0\xad", "\xe6\xf8\xe5\xa0\xad",
	    "what is not UTF-8 stays as it is");
}

/* Each has a soft hyphen behind it, which would go if this were UTF-8. */
static void
not_utf8(void)
{
	static const char *const wrong[] = { "\x80", "\xbf", "\xc0\x80",
		"\xc1\xbf", "\xc2", "\xc2 ", "\xe0\x80\x80", "\xe0\x9f\xbf",
		"\xe2\x80", "\xe2\x80 ", "\xed\xa0\x80", "\xed\xbf\xbf",
		"\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80", "\xf0\x9f\x90", "\xfe", "\xff" };
	char text[10];
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		text_format(text, sizeof(text), "%s\xc2\xad", wrong[i]);
		prepared(text, text, "this is no UTF-8");
	}
}

int
main(void)
{
	digests();
	rfc_5802();
	rfc_7677();
	preparing();
	not_utf8();
	return done();
}
