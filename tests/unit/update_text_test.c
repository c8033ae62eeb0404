/* admin/update: a change as text that is signed. */
#include "config.h"

#include "admin/update.h"
#include "bytes.h"
#include "support/text.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

#define SERIAL "00112233445566778899aabbccddeeff"
#define HASH   "$6$salt$hash"
#define SEEN                               \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const unsigned char secret[DOMAIN_SECRET_SIZE] = "one";
static const unsigned char other_secret[DOMAIN_SECRET_SIZE] = "two";
static struct update update;

static struct change
a_change(enum change_kind kind)
{
	struct change change = {
		.kind = kind, .user = "joe", .domain = "kvt.dk", .seen = SEEN
	};

	return change;
}

/* ---- the text ----------------------------------------------------------- */

static bool
reads(const char *text, const char **why)
{
	return update_read(&update, text, strlen(text), secret, why);
}

static void
is_the_text(void)
{
	struct change change = a_change(CHANGE_SET);
	char text[UPDATE_TEXT_SIZE];
	const char *why;

	change.name = "Joe";
	change.forward = "";
	ok(update_write(&change, SERIAL, 1700000000, secret, text),
	    "an update is written");
	/* The signature was made by Python's hmac. */
	is_text(text,
	    "trans=UPDATE 1\nserial=" SERIAL "\ntime=1700000000\n"
	    "domain=kvt.dk\nkind=set\nuser=joe\nname=Sm9l\nforward=\n"
	    "seen=" SEEN "\nsignature="
	    "f0d2dbec1908c59876706e03def04c96"
	    "152b623ddae8cfe23767852b481f40bd\n",
	    "in these lines");
	ok(reads(text, &why), "it is read");
	is_text(update.serial, SERIAL, "with its serial");
	is_number(update.time, 1700000000, "its time");
	is_number(update.change.kind, CHANGE_SET, "its kind");
	is_text(update.change.user, "joe", "its user");
	is_text(update.change.domain, "kvt.dk", "and domain");
	ok(update.change.password == NULL, "what is not set is not set");
	is_text(update.change.name, "Joe", "a name");
	is_text(update.change.forward, "", "and nothing, where it is set");
	is_text(update.change.seen, SEEN, "and what was seen");
}

static void
is_long(void)
{
	char forward[ACCOUNT_FORWARD_SIZE + 1], name[ACCOUNT_GECOS_SIZE];
	struct change change = a_change(CHANGE_ADD);
	char text[UPDATE_TEXT_SIZE];
	const char *why, *line;
	size_t longest = 0;

	memset(forward, 'x', sizeof(forward) - 1);
	forward[sizeof(forward) - 1] = '\0';
	memset(name, ' ', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	change.password = HASH;
	change.name = name;
	change.forward = forward;
	ok(!update_write(&change, SERIAL, 1, secret, text),
	    "what is too long is not written");
	forward[ACCOUNT_FORWARD_SIZE - 1] = '\0';
	ok(update_write(&change, SERIAL, 1, secret, text),
	    "the longest texts are");
	ok(reads(text, &why), "and read");
	is_text(update.change.forward, forward, "the same");
	is_text(update.change.name, name, "blanks too");
	is_text(update.change.password, HASH, "and a hash");
	is_text(update.change.seen, "", "there is nothing to see before");
	for (line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
		if (strcspn(line, "\n") > longest)
			longest = strcspn(line, "\n");
	ok(longest <= 76, "in lines that no mail system breaks: %zu", longest);
}

/* ---- what is no update -------------------------------------------------- */

static void
refuses(const char *text, const char *wanted)
{
	const char *why = "nothing";

	ok(!reads(text, &why), "it is refused");
	is_text(why, wanted, "for what it is");
}

/* The same text with one part of it replaced, signed again if it is to be. */
static void
refuses_with(const char *from, const char *to, const char *wanted)
{
	struct change change = a_change(CHANGE_SET);
	char text[UPDATE_TEXT_SIZE], changed[UPDATE_TEXT_SIZE];
	char *at;

	change.name = "Joe";
	update_write(&change, SERIAL, 1, secret, text);
	at = strstr(text, from);
	if (at == NULL)
		bail_out(from);
	text_format(changed, sizeof(changed), "%.*s%s%s", (int)(at - text),
	    text, to, at + strlen(from));
	refuses(changed, wanted);
}

static void
are_forged(void)
{
	static const char forged[] = "has a wrong signature";
	struct change change = a_change(CHANGE_SET);
	char text[UPDATE_TEXT_SIZE];

	update_write(&change, SERIAL, 1, other_secret, text);
	refuses(text, forged);
	refuses_with("user=joe", "user=ann", forged);
	refuses_with("user=joe", "user=jo\re", forged);
	refuses_with("kind=set", "kind=remove", forged);
	refuses_with("\nseen=", "\nforward=\nseen=", forged);
	refuses_with("\nseen=", "\n\nseen=", forged);
	refuses_with("trans=", "\ntrans=", forged);
	refuses_with("\nuser=", "\nsignature=" SEEN "\nuser=", forged);
	refuses_with("\nsignature=", "\nsignature=0", forged);
	refuses_with("\nsignature=", "\nSignature=", "is not signed");
	refuses("", "is not signed");
	refuses("trans=UPDATE 1\nsignature=00", "is cut off");
}

/* The text with something behind it. */
static void
goes_on(const char *text, const char *more, size_t length, const char *wanted)
{
	struct bytes all = { 0 };
	const char *why = NULL;

	bytes_add_text(&all, text);
	bytes_add(&all, more, length);
	ok(update_read(&update, all.data, all.length, secret, &why) ==
		(wanted == NULL),
	    "with more behind it");
	is_text(why == NULL ? "" : why, wanted == NULL ? "" : wanted,
	    "it is what it is");
	bytes_free(&all);
}

static void
is_something_else(void)
{
	struct change change = a_change(CHANGE_SET);
	char text[UPDATE_TEXT_SIZE];
	static char blanks[3 * UPDATE_TEXT_SIZE];

	memset(blanks, ' ', sizeof(blanks));
	update_write(&change, SERIAL, 1, secret, text);
	goes_on(text, "\n\r\n", 3, NULL);
	goes_on(text, "-- \n", 4, "has something behind its signature");
	goes_on(text, "\0", 1, "is too long, or no text");
	goes_on(text, blanks, sizeof(blanks), "is too long, or no text");
	change = a_change(CHANGE_REMOVE);
	change.seen[0] = '\0';
	update_write(&change, SERIAL, 1, secret, text);
	refuses(text, "has lines that are not understood");
}

static void
is_message(const char *message, bool wanted, const char *what)
{
	size_t body = 0;

	ok(update_is_one(message, strlen(message), &body) == wanted, "%s",
	    what);
	if (wanted)
		is_text(message + body, "trans=UPDATE 1\nx", "here it begins");
}

static void
are_messages(void)
{
#define SUBJECT "Subject: *** Virtual domain update ***\n"
#define TEXT	"\ntrans=UPDATE 1\nx"
	is_message("From: a\n" SUBJECT TEXT, true, "such a message is one");
	is_message("From a\nsubject:" UPDATE_SUBJECT "\n" TEXT, true,
	    "behind a From_ line too");
	is_message(SUBJECT SUBJECT TEXT, false, "one subject is enough");
	is_message(SUBJECT " more\n" TEXT, false, "it has one line");
	is_message(SUBJECT "Subject: x\n" TEXT, false, "and is alone");
	is_message("Subject: x" UPDATE_SUBJECT "\n" TEXT, false,
	    "it has nothing in front");
	is_message("X-" SUBJECT TEXT, false, "nor another name");
	is_message(SUBJECT "\n" TEXT, false, "the first line is the first");
	is_message(SUBJECT "\ntrans=UPDATE 12\n", false, "and the whole line");
	is_message(SUBJECT, false, "there is a body");
	is_message("", false, "and a message");
}

int
main(void)
{
	is_the_text();
	is_long();
	are_forged();
	is_something_else();
	are_messages();
	return done();
}
