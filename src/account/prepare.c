/*
 * Passwords in UTF-8, before they are compared: a part of SASLprep (RFC 4013).
 *
 * What looks like a blank becomes one, and what cannot be seen goes away; both
 * depend on the keyboard, not on what somebody meant to type.  What SASLprep
 * does beyond this needs tables that are not in libc: the manual page says so.
 */
#include "config.h"

#include "account/private.h"

#include <stdint.h>
#include <string.h>

struct range {
	uint32_t first;
	uint32_t last;
};

/* RFC 3454 table C.1.2, without U+200B, which table B.1 has too. */
static const struct range blanks[] = { { 0xa0, 0xa0 }, { 0x1680, 0x1680 },
	{ 0x2000, 0x200a }, { 0x202f, 0x202f }, { 0x205f, 0x205f },
	{ 0x3000, 0x3000 } };

/* RFC 3454 table B.1: commonly mapped to nothing. */
static const struct range invisible[] = { { 0xad, 0xad }, { 0x34f, 0x34f },
	{ 0x1806, 0x1806 }, { 0x180b, 0x180d }, { 0x200b, 0x200d },
	{ 0x2060, 0x2060 }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff } };

static bool
is_among(const struct range *ranges, size_t count, uint32_t c)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

/* How many octets the character has that begins with octet; 0 for none. */
static size_t
count_octets(unsigned char octet)
{
	if (octet < 0x80)
		return 1;
	if (octet >= 0xc2 && octet < 0xe0)
		return 2;
	if (octet >= 0xe0 && octet < 0xf0)
		return 3;
	return octet >= 0xf0 && octet < 0xf5 ? 4 : 0;
}

/* Reads the character at text: RFC 3629 section 4, no longer form than need be,
 * no surrogates, nothing above U+10FFFF.  Returns how many octets it has, or 0
 * if that is no UTF-8. */
static size_t
read_character(const char *text, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)text;
	size_t length = count_octets(p[0]);
	size_t i;

	*c = length < 2 ? p[0] : p[0] & (0x7fU >> length);
	for (i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (p[i] & 0x3f);
	}
	if (*c < least[length] || (*c >= 0xd800 && *c < 0xe000) ||
	    *c > 0x10ffff)
		return 0;
	return length;
}

static bool
is_utf8(const char *text)
{
	uint32_t c;
	size_t length;

	for (; *text != '\0'; text += length) {
		length = read_character(text, &c);
		if (length == 0)
			return false;
	}
	return true;
}

void
secret_prepare(char *text)
{
	char *out = text;
	uint32_t c;
	size_t length;

	if (!is_utf8(text))
		return;
	for (; *text != '\0'; text += length) {
		length = read_character(text, &c);
		if (is_among(
			invisible, sizeof(invisible) / sizeof(*invisible), c))
			continue;
		if (is_among(blanks, sizeof(blanks) / sizeof(*blanks), c)) {
			*out++ = ' ';
			continue;
		}
		memmove(out, text, length);
		out += length;
	}
	*out = '\0';
}
