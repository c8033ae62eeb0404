/* support/md5: the vectors of RFC 1321 section A.5, in every division. */
#include "config.h"

#include "support/md5.h"
#include "tap.h"

#include <string.h>

static const struct {
	const char *text;
	const char *hex;
} vectors[] = {
	{ "", "d41d8cd98f00b204e9800998ecf8427e" },
	{ "a", "0cc175b9c0f1b6a831c399e269772661" },
	{ "abc", "900150983cd24fb0d6963f7d28e17f72" },
	{ "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
	{ "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b" },
	{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
	    "d174ab98d277d9f5a5611c2c9f419d9f" },
	{ "12345678901234567890123456789012345678901234567890123456789012345678"
	  "901234567890",
	    "57edf4a22be3c955ac49da2e2107b67a" },
};

/* The digest of text taken in parts: up to first, up to second, the rest. */
static void
digest(const char *text, size_t length, size_t first, size_t second,
    char hex[2 * MD5_LENGTH + 1])
{
	unsigned char octets[MD5_LENGTH];
	struct md5 md5;

	md5_init(&md5);
	md5_update(&md5, text, first);
	md5_update(&md5, text + first, second - first);
	md5_update(&md5, text + second, length - second);
	md5_final(&md5, octets);
	md5_hex(octets, hex);
}

static void
check_vectors(void)
{
	char hex[2 * MD5_LENGTH + 1];
	size_t i;

	for (i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		size_t length = strlen(vectors[i].text);

		digest(vectors[i].text, length, length, length, hex);
		is_text(
		    hex, vectors[i].hex, "RFC 1321 vector %zu is met", i + 1);
	}
}

/* Every length around the block and padding edges, cut at every two points. */
static void
check_divisions(void)
{
	char text[140];
	int wrong = 0;
	size_t length, first, second;

	for (length = 0; length < sizeof(text); length++)
		text[length] = (char)(length * 7 + 1);
	for (length = 0; length <= sizeof(text);
	     length += length < 52 ? 13 : 1) {
		char whole[2 * MD5_LENGTH + 1];

		digest(text, length, length, length, whole);
		for (first = 0; first <= length; first++)
			for (second = first; second <= length; second += 5) {
				char hex[2 * MD5_LENGTH + 1];

				digest(text, length, first, second, hex);
				wrong += strcmp(hex, whole) != 0;
			}
	}
	is_number(wrong, 0, "a text cut at any two points has the same digest");
}

static void
check_octet_by_octet(void)
{
	unsigned char octets[MD5_LENGTH];
	char hex[2 * MD5_LENGTH + 1];
	struct md5 md5;
	long i;

	md5_init(&md5);
	for (i = 0; i < 1000000; i++)
		md5_update(&md5, "a", 1);
	md5_final(&md5, octets);
	md5_hex(octets, hex);
	is_text(hex, "7707d6ae4e027c70eea2a935c2296f21",
	    "a million times \"a\", one by one, has its digest");
}

int
main(void)
{
	check_vectors();
	check_divisions();
	check_octet_by_octet();
	return done();
}
