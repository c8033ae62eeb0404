/* mbox/from_line: which lines separate messages. */
#include "config.h"

#include "mbox/mbox.h"
#include "tap.h"

#include <string.h>

#define DATE "Sun Nov 22 07:00:00 2026"

static const char *const good[] = {
	"From joe@example.com " DATE,
	"From joe@example.com " DATE "\n",
	"From joe@example.com " DATE "\r\n",
	"From joe@example.com  " DATE,
	"From MAILER-DAEMON Fri Jul  8 12:08:34 2011",
	"From joe Thu Jan  1 00:00:00 1970",
	"From joe Sun Nov 22 07:00 2026",
	"From joe Sun Nov 22 7:00:00 2026",
	"From joe Sun Nov 22 7:00 2026",
	"From " DATE,
	"From  " DATE,
	"From \"joe b\"@example.com " DATE,
	"From joe b " DATE,
	"From Mon " DATE,
	"From joe@Mon " DATE,
	"From Sun Nov 22 is the sender " DATE,
	"From joe\t" DATE,
	"From joe Sun\tNov\t22\t07:00:00\t2026",
	"From joe Sun Nov 22 07:00:00 CET 2026",
	"From joe Sun Nov 22 07:00:00 MET DST 2026",
	"From joe Sun Nov 22 07:00:00 +0100 2026",
	"From joe " DATE " +0100",
	"From joe " DATE " -01",
	"From joe " DATE " GMT",
	"From joe Sun, 22 Nov 2026 07:00:00 +0100 (CET)",
	"From joe Sun, 22 Nov 2026 07:00 +0100",
	"From joe " DATE " remote from host",
	"From joe " DATE " CET remote from a b c",
	"From joe " DATE " ",
	"From \xf8@example.com " DATE,
	"From ..!joe " DATE,
};

static const char *const bad[] = {
	"",
	"\n",
	"F",
	"From",
	"From\n",
	"From ",
	"From \r\n",
	"From joe",
	"From joe@example.com\n",
	">From joe " DATE,
	" From joe " DATE,
	"from joe " DATE,
	"FROM joe " DATE,
	"From: joe " DATE,
	"From\tjoe " DATE,
	"Fromjoe " DATE,
	"From the Sun we get light and warmth",
	"From Monday on",
	"From Mon to Fri we work 12 hours",
	"From Sun Nov 22 on we are closed",
	"From joe, on Sun Nov 22 07:00:00 2026, came this",
	"From joe Nov 22 07:00:00 2026",
	"From joe Sun 22 07:00:00 2026",
	"From joe Sun Nov 07:00:00 2026",
	"From joe Sun Nov 22 2026",
	"From joe Sun Nov 22 07:00:00",
	"From joe Sun Nov Dec 22 07:00:00 2026",
	"From joe Sun Nov 22 23 07:00:00 2026",
	"From joe Sun Nov 22 07:00:00 08:00:00 2026",
	"From joe Sun Nov 22 07:00:00 2026 2027",
	"From joe Sun Nov 22 07:00:00 26",
	"From joe Sun Nov 22 07:00:00 02026",
	"From joe Sun Nov 22 7 2026",
	"From joe Sun Nov 22 07:0:00 2026",
	"From joe Sun Nov 22 07:00: 2026",
	"From joe Sun Nov 22 :00:00 2026",
	"From joe Sun Nov 22 107:00:00 2026",
	"From joe Sun Nov 22 07-00-00 2026",
	"From joe Sun Nov 22 07:00:00.5 2026",
	"From joe Sun Nov 22 07:00:0a 2026",
	"From joe Sun Nov 022 07:00:00 2026",
	"From joe sun Nov 22 07:00:00 2026",
	"From joe Sun nov 22 07:00:00 2026",
	"From joe Son Nov 22 07:00:00 2026",
	"From joe Sunday Nov 22 07:00:00 2026",
	"From joe Sun November 22 07:00:00 2026",
	"From joe Sun. Nov 22 07:00:00 2026",
	"From joe " DATE " and then",
	"From joe " DATE ".",
	"From joe " DATE " +1",
	"From joe " DATE " +01000",
	"From joe " DATE " cest",
	"From joe " DATE " LONGZONE",
	"From joe " DATE " remote from",
	"From joe " DATE " remotely from host",
	"From joe Sun remote from host",
	"From joe unNov 22 07:00:00 2026",
};

/* No cut-off date is a date, and nothing behind the length counts. */
static void
prefixes(void)
{
	static const char line[] = "From joe@example.com " DATE;
	size_t length;
	int found = 0;

	for (length = 0; length < sizeof(line) - 1; length++)
		found += mbox_is_from_line(line, length);
	is_number(found, 0, "no shorter part of a From_ line is one");
	ok(mbox_is_from_line(line, sizeof(line) - 1), "the whole line is one");
	ok(!mbox_is_from_line(line, sizeof(line)), "a NUL behind it spoils it");
	ok(!mbox_is_from_line("From joe " DATE "\n\n", 35),
	    "only one line end is taken off");
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++)
		ok(mbox_is_from_line(good[i], strlen(good[i])),
		    "a From_ line: %.*s", (int)strcspn(good[i], "\r\n"),
		    good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(!mbox_is_from_line(bad[i], strlen(bad[i])),
		    "no From_ line: %.*s", (int)strcspn(bad[i], "\r\n"),
		    bad[i]);
	prefixes();
	return done();
}
