/* web/forwards, web/utf8: what is typed, and what stands in old files. */
#include "config.h"

#include "web/forwards.h"
#include "web/utf8.h"
#include "tap.h"

#include <string.h>

static void
takes(const char *typed, const char *expected)
{
	char list[ACCOUNT_FORWARD_SIZE], wrong[FORWARDS_WRONG_SIZE];

	is_number(forwards_take(typed, list, wrong), TEXT_NONE,
	    "a list of '%s'", expected);
	is_text(list, expected, "is that, with commas");
	is_text(wrong, "", "with nothing wrong");
}

static void
refuses(const char *typed, enum text error, const char *word)
{
	char list[ACCOUNT_FORWARD_SIZE], wrong[FORWARDS_WRONG_SIZE];

	is_number(forwards_take(typed, list, wrong), error,
	    "a list with '%s' is refused", word);
	is_text(wrong, word, "because of that");
}

static void
lists(void)
{
	takes("", "");
	takes(" \r\n\t,;", "");
	takes("mailbox", "mailbox");
	takes("a@b.dk\r\nc@d.dk\r\n", "a@b.dk,c@d.dk");
	takes(",a@b.dk;;mailbox c@d.dk\t", "a@b.dk,mailbox,c@d.dk");
	refuses("joe", TEXT_FORWARDS_WRONG, "joe");
	refuses("a@b.dk Mailbox", TEXT_FORWARDS_WRONG, "Mailbox");
	refuses("|/bin/sh -c x", TEXT_FORWARDS_WRONG, "|/bin/sh");
	refuses("a@b.dk,\"|x\"", TEXT_FORWARDS_WRONG, "\"|x\"");
	refuses("-f@b.dk", TEXT_FORWARDS_WRONG, "-f@b.dk");
	refuses("/x@b.dk", TEXT_FORWARDS_WRONG, "/x@b.dk");
	refuses("a@b:dk", TEXT_FORWARDS_WRONG, "a@b:dk");
	refuses("<a@b.dk>", TEXT_FORWARDS_WRONG, "<a@b.dk>");
}

/* 32 addresses, or one too many of them; then fewer that are too long. */
static void
limits(void)
{
	char typed[4096] = "", list[ACCOUNT_FORWARD_SIZE];
	char wrong[FORWARDS_WRONG_SIZE];
	size_t i;

	for (i = 0; i < FORWARD_MOST; i++)
		memcpy(typed + 7 * i, "a@b.dk\n", 8);
	is_number(forwards_take(typed, list, wrong), TEXT_NONE,
	    "32 addresses have room");
	is_number(strlen(list), 32 * 7 - 1, "all of them");
	memcpy(typed + 7 * i, "z@b.dk", 7);
	refuses(typed, TEXT_FORWARDS_TOO_MANY, "z@b.dk");
	memset(typed, 'x', sizeof(typed));
	for (i = 1; i <= 17; i++)
		memcpy(typed + 64 * i - 8, "@abc.dk ", 8);
	typed[64 * 16 - 1] = '\0';
	is_number(forwards_take(typed, list, wrong), TEXT_NONE,
	    "1023 octets have room");
	is_number(strlen(list), ACCOUNT_FORWARD_SIZE - 1, "all of them");
	typed[64 * 16 - 1] = ' ';
	typed[64 * 17 - 1] = '\0';
	is_number(forwards_take(typed, list, wrong), TEXT_FORWARDS_TOO_MANY,
	    "an address more has not");
}

/* The wrong word is shown: no part of a character may stand in a page. */
static void
long_words(void)
{
	char typed[2 * ACCOUNT_FORWARD_SIZE], list[ACCOUNT_FORWARD_SIZE];
	char wrong[FORWARDS_WRONG_SIZE];
	size_t i;

	memset(typed, 'x', sizeof(typed));
	typed[sizeof(typed) - 1] = '\0';
	is_number(forwards_take(typed, list, wrong), TEXT_FORWARDS_WRONG,
	    "a word that is longer than the list is wrong");
	is_number(strlen(wrong), 100, "its beginning is shown");
	for (i = 0; i < 60; i++)
		memcpy(typed + 1 + 2 * i, "ø", 3);
	forwards_take(typed, list, wrong);
	is_number(strlen(wrong), 99, "up to a whole character");
	ok(utf8_is_sound(wrong, ""), "so that it is UTF-8");
}

static void
mends(const char *text, const char *expected)
{
	char copy[64];

	memcpy(copy, text, strlen(text) + 1);
	utf8_mend(copy);
	is_text(copy, expected, "%s becomes visible", expected);
}

static void
mending(void)
{
	mends("", "");
	mends("Jørn", "Jørn");
	mends("J\xf8rn", "J?rn");
	mends("a\tb\x7f\n", "a?b??");
	mends("\xc2\x80x", "??x");
	mends("\xf0\x9f\x98\x80\xf0\x9f", "\xf0\x9f\x98\x80??");
	mends("\xed\xa0\x80\xc0\x80", "?????");
}

int
main(void)
{
	lists();
	limits();
	long_words();
	mending();
	return done();
}
