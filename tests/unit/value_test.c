/* web/value: how values look. */
#include "config.h"

#include "web/value.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void
sizes(void)
{
	static const struct {
		int64_t size;
		const char *text;
	} examples[] = { { -1, "–" }, { 0, "0 B" }, { 9999, "9999 B" },
		{ 10000, "10 kB" }, { 10001, "11 kB" }, { 9999000, "9999 kB" },
		{ 9999001, "10 MB" }, { 12345678, "13 MB" },
		{ 2147483648, "2148 MB" }, { INT64_C(99999999999), "100 GB" },
		{ INT64_MAX, "9223373 TB" } };
	char out[VALUE_SIZE];
	size_t i;

	for (i = 0; i < sizeof(examples) / sizeof(*examples); i++)
		is_text(value_size(examples[i].size, out), examples[i].text,
		    "%lld octets are %s", (long long)examples[i].size,
		    examples[i].text);
}

static void
times(void)
{
	char out[VALUE_SIZE];

	setenv("TZ", "CET-1", 1);
	tzset();
	is_text(value_time(0, out), "1970-01-01 01:00",
	    "a time is that of this machine");
	is_text(value_time(-1, out), "–", "no time is a dash");
	is_text(
	    value_time(INT64_MAX, out), "–", "so is one that no calendar has");
}

static void
forwards(void)
{
	char field[ACCOUNT_FORWARD_SIZE], out[VALUE_FORWARD_SIZE];
	struct forward forward;
	size_t i;

	forward_parse(&forward, "a@b.dk,mailbox,c@d.dk", "joe@kvt.dk");
	is_text(value_forward(&forward, ", ", out), "a@b.dk, c@d.dk, mailbox",
	    "addresses, and the word mailbox at the end");
	forward_parse(&forward, "", "joe@kvt.dk");
	is_text(value_forward(&forward, "\n", out), "mailbox",
	    "without forwards it goes into the mailbox");
	forward_parse(&forward, "/bin/sh", "joe@kvt.dk");
	is_text(value_forward(&forward, "\n", out), "mailbox",
	    "so it does with a shell");
	field[0] = '\0';
	for (i = 0; i + 31 < sizeof(field); i += 31)
		memcpy(field + i, "a12345678901234567890123@bc.dk,", 32);
	forward_parse(&forward, field, "joe@kvt.dk");
	is_number(forward.count, FORWARD_MOST, "the longest list");
	is_number(strlen(value_forward(&forward, "\r\n", out)),
	    FORWARD_MOST * 32 - 2, "is shown whole");
}

static void
encoding(void)
{
	char path[40] = "/users?q=";

	ok(value_encode(path, sizeof(path), "a b&c=ø\"+"),
	    "a text fits into a query");
	is_text(path, "/users?q=a%20b%26c%3D%C3%B8%22%2B",
	    "what means something there is written in digits");
	ok(!value_encode(path, sizeof(path), "12345"),
	    "what does not fit is refused");
	is_text(path, "/users?q=a%20b%26c%3D%C3%B8%22%2B",
	    "and leaves no part of it");
	ok(value_encode(path, sizeof(path), ""), "nothing fits");
}

int
main(void)
{
	sizes();
	times();
	forwards();
	encoding();
	return done();
}
