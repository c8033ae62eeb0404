/*
 * What separates messages: a line "From SENDER DATE".  The sender may be
 * anything, blanks included, or missing.  The date is a weekday and behind it,
 * in any order, one month, one day, one time and one year; a time zone and the
 * words "remote from HOST" may follow.  That admits ctime(3) dates with and
 * without seconds and zone, and RFC 5322 dates, and keeps out sentences.
 * A line that the scanner does not keep whole is none.
 */
#include "config.h"

#include "mbox/private.h"

#include <string.h>

enum word {
	WORD_MONTH = 1,
	WORD_DAY = 2,
	WORD_TIME = 4,
	WORD_YEAR = 8,
	WORD_DATE = WORD_MONTH | WORD_DAY | WORD_TIME | WORD_YEAR,
	WORD_ZONE = 16,
	WORD_OTHER = 32
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_one_of(const char *names, const char *word, size_t length)
{
	const char *p;

	if (length != 3)
		return false;
	for (p = names; *p != '\0'; p += 3)
		if (memcmp(p, word, 3) == 0)
			return true;
	return false;
}

static bool
is_weekday(const char *word, size_t length)
{
	if (length == 4 && word[3] == ',')
		length = 3;
	return is_one_of("MonTueWedThuFriSatSun", word, length);
}

static bool
is_number(const char *word, size_t length, size_t least, size_t most)
{
	size_t i;

	if (length < least || length > most)
		return false;
	for (i = 0; i < length; i++)
		if (!is_digit(word[i]))
			return false;
	return true;
}

/* ":05", minutes or seconds. */
static bool
is_colon_part(const char *word)
{
	return word[0] == ':' && is_number(word + 1, 2, 2, 2);
}

/* "7:05", "07:05", "07:05:09" */
static bool
is_time(const char *word, size_t length)
{
	size_t hour = length > 1 && word[1] == ':' ? 1 : 2;

	if (length != hour + 3 && length != hour + 6)
		return false;
	return is_number(word, hour, 1, 2) && is_colon_part(word + hour) &&
	    (length == hour + 3 || is_colon_part(word + hour + 3));
}

/* "+0100", "(CEST)", "CET", "DST": signs, brackets, capitals. */
static bool
is_zone(const char *word, size_t length)
{
	size_t i;

	if (length > 1 && (word[0] == '+' || word[0] == '-'))
		return is_number(word + 1, length - 1, 2, 4);
	for (i = 0; i < length; i++)
		if (!((word[i] >= 'A' && word[i] <= 'Z') || word[i] == '(' ||
			word[i] == ')'))
			return false;
	return length > 0 && length <= 7;
}

static enum word
classify(const char *word, size_t length)
{
	if (is_one_of("JanFebMarAprMayJunJulAugSepOctNovDec", word, length))
		return WORD_MONTH;
	if (is_number(word, length, 1, 2))
		return WORD_DAY;
	if (is_number(word, length, 4, 4))
		return WORD_YEAR;
	if (is_time(word, length))
		return WORD_TIME;
	if (is_zone(word, length))
		return WORD_ZONE;
	return WORD_OTHER;
}

/* Cuts the next word off the text at *p, which ends at end. */
static size_t
next_word(const char **p, const char *end, const char **word)
{
	while (*p < end && (**p == ' ' || **p == '\t'))
		(*p)++;
	*word = *p;
	while (*p < end && **p != ' ' && **p != '\t')
		(*p)++;
	return (size_t)(*p - *word);
}

static bool
is_uucp_remark(const char *text, const char *end)
{
	static const char remark[] = "remote from ";

	return (size_t)(end - text) > sizeof(remark) - 1 &&
	    memcmp(text, remark, sizeof(remark) - 1) == 0;
}

/* What stands behind the weekday: each part of a date once, then zones. */
static bool
is_date(const char *p, const char *end)
{
	unsigned int seen = 0;
	const char *word;
	size_t length;

	while ((length = next_word(&p, end, &word)) > 0) {
		enum word kind = classify(word, length);

		if (seen == WORD_DATE && is_uucp_remark(word, end))
			return true;
		if (kind == WORD_OTHER || (seen & kind & WORD_DATE) != 0)
			return false;
		if (kind != WORD_ZONE)
			seen |= (unsigned int)kind;
	}
	return seen == WORD_DATE;
}

bool
mbox_is_from_line(const char *line, size_t length)
{
	const char *end = line + length;
	const char *p = line + 5;
	const char *word;

	if (length < 5 || length > SCAN_LINE_SIZE ||
	    memcmp(line, "From ", 5) != 0)
		return false;
	if (end > p && end[-1] == '\n')
		end--;
	if (end > p && end[-1] == '\r')
		end--;
	while ((length = next_word(&p, end, &word)) > 0)
		if (is_weekday(word, length) && is_date(p, end))
			return true;
	return false;
}
