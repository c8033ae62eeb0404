/* support/base64: the vectors of RFC 4648 section 10, and what is refused. */
#include "config.h"

#include "support/base64.h"
#include "tap.h"

#include <string.h>

static void
check_vectors(void)
{
	static const char *const vectors[][2] = { { "", "" }, { "f", "Zg==" },
		{ "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" } };
	char text[BASE64_SIZE(6)];
	size_t i;

	for (i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		size_t length = strlen(vectors[i][0]);
		size_t found;

		base64_encode(vectors[i][0], length, text);
		is_text(
		    text, vectors[i][1], "\"%s\" is encoded", vectors[i][0]);
		is_number(strlen(text) + 1, BASE64_SIZE(length),
		    "in as many octets as were promised");
		ok(base64_decode(text, &found), "\"%s\" is base64",
		    vectors[i][1]);
		is_text(text, vectors[i][0], "and means \"%s\"", vectors[i][0]);
		is_number(found, length, "in %zu octets", length);
	}
}

/* Every octet at every place of a group, and every length. */
static void
check_octets(void)
{
	unsigned char octets[300];
	char text[BASE64_SIZE(sizeof(octets))];
	int wrong = 0;
	size_t length, found, i;

	for (i = 0; i < sizeof(octets); i++)
		octets[i] = (unsigned char)(i * 7);
	for (length = 0; length <= sizeof(octets); length++) {
		base64_encode(octets, length, text);
		wrong += !base64_decode(text, &found) || found != length ||
		    memcmp(text, octets, length) != 0 || text[length] != '\0';
	}
	is_number(wrong, 0, "what is encoded is decoded, NUL among it");
	base64_encode("\xfb\xff\xfe\0\x10\x83", 6, text);
	is_text(text, "+//+ABCD", "all ends of the alphabet are used");
}

static void
check_refusals(void)
{
	static const char *const texts[] = { "Z", "Zg", "Zg=", "Zm9", "Zm9vY",
		"Zm9vYg=", "=",
		"==", "===", "====", "Z===", "Zg==Zg==", "Zm8=Zm8=", "Zg=v",
		"=Zg=", "Zh==", "Zm9=", "Zm9v ", " Zm9v", "Zm 9v", "Zm9v\r",
		"Zm-_", "Zm9*", "*", "Zm9\x80", "Zm9\xff",
		"Zm9v====", "Zg==\r\n", "Zm9v=" };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		char copy[40];
		size_t length;

		strcpy(copy, texts[i]);
		ok(!base64_decode(copy, &length), "wrong text %zu is refused",
		    i);
	}
}

/* Each of the 256 octets is in the alphabet or is refused. */
static void
check_alphabet(void)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm"
				       "nopqrstuvwxyz0123456789+/";
	int wrong = 0;
	int c;

	for (c = 1; c < 256; c++) {
		char text[5] = { 'A', (char)c, 'A', 'A', '\0' };
		size_t length;

		wrong += base64_decode(text, &length) !=
		    (strchr(alphabet, c) != NULL);
	}
	is_number(wrong, 0, "64 characters are taken, and no other octet");
}

int
main(void)
{
	check_vectors();
	check_octets();
	check_refusals();
	check_alphabet();
	return done();
}
