/* support/text: numbers (row 3), escaping for the log (row 7), fields. */
#include "config.h"

#include "support/text.h"
#include "tap.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define UNTOUCHED 424242

static void
number(const char *text, uint64_t most, bool is_good, uint64_t expected)
{
	uint64_t found = UNTOUCHED;
	bool result = text_to_number(text, most, &found);

	ok(result == is_good, "row 3: \"%s\" up to %llu is %s number", text,
	    (unsigned long long)most, is_good ? "a" : "no");
	is_number(found, is_good ? expected : UNTOUCHED,
	    "row 3: \"%s\" gives its value or leaves the old one", text);
}

static void
numbers(void)
{
	number("0", 0, true, 0);
	number("1", 0, false, 0);
	number("4294967297", UINT32_MAX, false, 0);
	number("4294967297", UINT64_MAX, true, 4294967297);
	number("4294967295", UINT32_MAX, true, UINT32_MAX);
	number("4294967296", UINT32_MAX, false, 0);
	number("18446744073709551615", UINT64_MAX, true, UINT64_MAX);
	number("18446744073709551616", UINT64_MAX, false, 0);
	number("18446744073709551617", UINT64_MAX, false, 0);
	number("18446744073709551617", UINT32_MAX, false, 0);
	number("99999999999999999999999999", UINT64_MAX, false, 0);
	number("-1", UINT64_MAX, false, 0);
	number("-0", UINT64_MAX, false, 0);
	number("+1", UINT64_MAX, false, 0);
	number("0x1", UINT64_MAX, false, 0);
	number("0X1", UINT64_MAX, false, 0);
	number(" 1", UINT64_MAX, false, 0);
	number("1 ", UINT64_MAX, false, 0);
	number("\t1", UINT64_MAX, false, 0);
	number("1\n", UINT64_MAX, false, 0);
	number("1 1", UINT64_MAX, false, 0);
	number("", UINT64_MAX, false, 0);
	number("1e3", UINT64_MAX, false, 0);
	number("1.0", UINT64_MAX, false, 0);
	number("01", UINT64_MAX, true, 1);
	number("0000000000000000000000000000000000012", 12, true, 12);
	number("0000000000000000000000000000000000013", 12, false, 0);
	number("\xd9\xa3", UINT64_MAX, false, 0);
}

static void
every_octet(void)
{
	int wrong = 0;
	int c;

	for (c = 1; c < 256; c++) {
		char text[2] = { (char)c, '\0' };
		uint64_t found;

		wrong +=
		    text_to_number(text, 9, &found) != (c >= '0' && c <= '9');
	}
	is_number(wrong, 0, "row 3: of all single octets only digits count");
}

static void
every_limit(void)
{
	int wrong = 0;
	uint64_t value, most;

	for (most = 0; most <= 320; most++)
		for (value = 0; value <= 400; value++) {
			uint64_t found = UNTOUCHED;
			char text[24];

			snprintf(text, sizeof(text), "%llu",
			    (unsigned long long)value);
			if (text_to_number(text, most, &found))
				wrong += value > most || found != value;
			else
				wrong += value <= most || found != UNTOUCHED;
		}
	is_number(
	    wrong, 0, "row 3: numbers are good up to the limit, not above");
}

static void
escape(const char *text, const char *expected)
{
	char out[200];

	is_text(text_escape(out, sizeof(out), text, strlen(text)), expected,
	    "row 7: a text is escaped to %s", expected);
}

static void
escapes(void)
{
	escape("joe@kvt.dk", "joe@kvt.dk");
	escape("", "");
	escape("a b", "a\\x20b");
	escape("a\r\nb", "a\\x0d\\x0ab");
	escape("\x1b[2J", "\\x1b[2J");
	escape("x\" ip=1.2.3.4", "x\\x22\\x20ip=1.2.3.4");
	escape("a\\x41", "a\\x5cx41");
	escape("\xc3\xb8\x7f", "\\xc3\\xb8\\x7f");
	escape("%n%s", "%n%s");
}

static void
escape_all_octets(void)
{
	int wrong = 0;
	int c;

	for (c = 0; c < 256; c++) {
		char text = (char)c;
		char out[8], expected[8];

		if (c > 0x20 && c < 0x7f && c != '"' && c != '\\')
			snprintf(expected, sizeof(expected), "%c", c);
		else
			snprintf(expected, sizeof(expected), "\\x%02x",
			    (unsigned int)c);
		text_escape(out, sizeof(out), &text, 1);
		wrong += strcmp(out, expected) != 0;
	}
	is_number(
	    wrong, 0, "row 7: each octet is itself or its \\xHH, NUL too");
}

/* What is cut off is cut at whole characters: never "\x2". */
static void
escape_in_small_rooms(void)
{
	static const char whole[] = "ab\\x20\\x0acd";
	int wrong = 0;
	size_t size;

	for (size = 1; size <= sizeof(whole) + 2; size++) {
		char out[32];
		size_t length;

		memset(out, '#', sizeof(out));
		text_escape(out, size, "ab \ncd", 6);
		length = strlen(out);
		wrong += length >= size || strncmp(out, whole, length) != 0 ||
		    (length > 2 && length < 10 && (length - 2) % 4 != 0) ||
		    out[size] != '#' ||
		    (size >= sizeof(whole) && length != sizeof(whole) - 1);
	}
	is_number(
	    wrong, 0, "row 7: what does not fit is cut at a whole character");
}

static void
fields(void)
{
	char text[] = "a::bc:";
	char *rest = text;

	is_text(text_field(&rest, ':'), "a", "the first field is cut off");
	is_text(text_field(&rest, ':'), "", "an empty field counts");
	is_text(text_field(&rest, ':'), "bc", "the third field follows");
	is_text(text_field(&rest, ':'), "", "an empty field at the end counts");
	is_text(text_field(&rest, ':'), NULL, "then there is none");
	is_text(text_field(&rest, ':'), NULL, "and none again");
}

static void
words(void)
{
	char text[] = "  1:  FLOCK -> x";
	char few[] = " a b ";
	char *found[3] = { NULL };

	ok(text_words(text, found, 3), "three of four words are found");
	is_text(found[0], "1:", "blanks in front count for nothing");
	is_text(found[1], "FLOCK", "nor do those between");
	is_text(found[2], "->", "and the third word is cut off");
	ok(!text_words(few, found, 3), "two words are not three");
}

static void
copies(void)
{
	char out[8];
	char mixed[] = "AZaz09@[`{\xc4";

	ok(text_copy(out, 8, "1234567"), "a text that just fits is copied");
	is_text(out, "1234567", "whole");
	ok(!text_copy(out, 8, "12345678"), "one octet more does not fit");
	is_text(out, "", "and leaves the room empty");
	ok(text_format(out, 8, "%d-%s", 12, "abcd"), "a format that just fits");
	is_text(out, "12-abcd", "is written whole");
	ok(!text_format(out, 8, "%d-%s", 12, "abcde"), "a longer one is not");
	is_text(out, "", "and leaves the room empty");
	text_lower(mixed);
	is_text(mixed, "azaz09@[`{\xc4", "only A-Z is made small");
}

/* As printf(3) writes them. */
static void
written_numbers(void)
{
	static const uint64_t edges[] = { 0, 1, 9, 10, 99, 100, 4294967295U,
		4294967296U, UINT64_MAX - 1, UINT64_MAX };
	char expected[32];
	char out[32];
	int wrong = 0;
	size_t i;

	for (i = 0; i < sizeof(edges) / sizeof(*edges) + 100000; i++) {
		size_t count = sizeof(edges) / sizeof(*edges);
		uint64_t number = i < count ? edges[i] : i - count;
		size_t length = text_from_number(out, number);

		out[length] = '\0';
		text_format(expected, sizeof(expected), "%" PRIu64, number);
		wrong += strcmp(out, expected) != 0;
	}
	is_number(wrong, 0, "numbers are written as printf writes them");
}

int
main(void)
{
	numbers();
	written_numbers();
	every_octet();
	every_limit();
	escapes();
	escape_all_octets();
	escape_in_small_rooms();
	fields();
	words();
	copies();
	return done();
}
