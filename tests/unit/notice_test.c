/* pop3/notice: when a notice is due, and what is in it. */
#include "config.h"

#include "pop3/notice.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

#define RETURN	"Return-Path: <ann@example.com>\n"
#define REQUEST "Disposition-Notification-To: ann@example.com\n"
#define DUE	RETURN REQUEST

static struct notice notice;
static const char *why;

static bool
is_due(const char *header)
{
	return notice_is_due(
	    header, strlen(header), "joe@kvt.dk", &notice, &why);
}

/* ---- when --------------------------------------------------------------- */

static const struct row {
	const char *name;
	const char *header;
	const char *why; /* NULL: nobody has asked */
} never[] = {
	{ "mail that does not ask", RETURN "Subject: x\n\n", NULL },
	{ "mail of a list that does not ask", RETURN "List-Id: x\n\n", NULL },
	{ "no header at all", "", NULL },
	{ "a request in the body", RETURN "Subject: x\n\n" REQUEST, NULL },
	{ "no return path", REQUEST "\n", "no return path" },
	{ "an empty return path", "Return-Path: <>\n" REQUEST "\n",
	    "the return path is empty or not plain" },
	{ "a return path without text", "Return-Path:\n" REQUEST "\n",
	    "the return path is empty or not plain" },
	{ "a return path below the trace",
	    "Received: from a\n" RETURN REQUEST "\n", "no return path" },
	{ "two return paths", RETURN RETURN REQUEST "\n", "two return paths" },
	{ "another return path",
	    "Return-Path: <bob@example.com>\n" REQUEST "\n",
	    "asked for by another address than the return path" },
	{ "a return path with another case of the local part",
	    "Return-Path: <Ann@example.com>\n" REQUEST "\n",
	    "asked for by another address than the return path" },
	{ "a return path in a subdomain",
	    "Return-Path: <ann@a.example.com>\n" REQUEST "\n",
	    "asked for by another address than the return path" },
	{ "two requests", DUE REQUEST "\n", "asked for twice" },
	{ "two addresses",
	    RETURN "Disposition-Notification-To: ann@example.com, "
		   "bob@example.com\n\n",
	    "not asked for by one plain address" },
	{ "the same address twice",
	    RETURN "Disposition-Notification-To: <ann@example.com>, "
		   "<ann@example.com>\n\n",
	    "not asked for by one plain address" },
	{ "a group",
	    RETURN "Disposition-Notification-To: x:ann@example.com;\n\n",
	    "not asked for by one plain address" },
	{ "no address", RETURN "Disposition-Notification-To:\n\n",
	    "not asked for by one plain address" },
	{ "an address with a NUL", NULL, "not asked for by one plain address" },
	{ "a required option",
	    DUE "Disposition-Notification-Options: a=required,b\n\n",
	    "asked for with options" },
	{ "a required option behind another",
	    DUE "Disposition-Notification-Options: a=optional,b;\n"
		" c = Required , d\n\n",
	    "asked for with options" },
	{ "options that make no sense",
	    DUE "Disposition-Notification-Options: a\n\n",
	    "asked for with options" },
	{ "an option of unknown importance",
	    DUE "Disposition-Notification-Options: a=optionally,b\n\n",
	    "asked for with options" },
	{ "options without a word", DUE "Disposition-Notification-Options:\n\n",
	    "asked for with options" },
	{ "a list", DUE "List-Id: <x.example.com>\n\n", "mail of a list" },
	{ "a list that can be left", DUE "list-unsubscribe: <a>\n\n",
	    "mail of a list" },
	{ "Precedence: bulk", DUE "Precedence: bulk\n\n", "mail of a list" },
	{ "Precedence: list", DUE "Precedence: LIST\n\n", "mail of a list" },
	{ "Precedence: junk", DUE "Precedence:\n junk (x)\n\n",
	    "mail of a list" },
	{ "a Precedence that cannot be read", DUE "Precedence: b\x80\n\n",
	    "malformed Precedence" },
	{ "Auto-Submitted: auto-replied",
	    DUE "Auto-Submitted: auto-replied\n\n", "mail of a program" },
	{ "Auto-Submitted: auto-generated; x=y",
	    DUE "Auto-Submitted: auto-generated; x=y\n\n",
	    "mail of a program" },
	{ "Auto-Submitted without a word", DUE "Auto-Submitted:\n\n",
	    "mail of a program" },
	{ "a notice of the delivery",
	    DUE "Content-Type: multipart/report;\n"
		" report-type=delivery-status; boundary=x\n\n",
	    "itself a notice" },
	{ "a notice of the disposition",
	    DUE "Content-Type: Multipart/Report; "
		"report-type=disposition-notification\n\n",
	    "itself a notice" },
	{ "the inner part of a notice",
	    DUE "Content-Type: message/disposition-notification\n\n",
	    "itself a notice" },
	{ "a content type in parts", DUE "Content-Type: multipart/ report\n\n",
	    "malformed Content-Type" },
	{ "two Message-IDs", DUE "Message-ID: <a@b>\nMessage-ID: <c@d>\n\n",
	    "two Message-IDs" },
	{ "a Message-ID with a blank", DUE "Message-ID: <a @b>\n\n",
	    "malformed Message-ID" },
	{ "a Message-ID without brackets", DUE "Message-ID: a@b\n\n",
	    "malformed Message-ID" },
	{ "a line that is no field", DUE "nonsense\n\n", "malformed header" },
	{ "a From_ line in the header",
	    ">From ann@example.com Sun Nov 22 07:00:00 2026\n" DUE "\n", NULL },
	{ "a From_ line below the request",
	    DUE ">From ann@example.com Sun Nov 22 07:00:00 2026\n\n",
	    "malformed header" },
};

static void
never_due(void)
{
	static const char nul[] =
	    RETURN "Disposition-Notification-To: ann@\0example.com\n\n";
	size_t i;

	for (i = 0; i < sizeof(never) / sizeof(*never); i++) {
		const struct row *row = &never[i];
		bool due = row->header != NULL
		    ? is_due(row->header)
		    : notice_is_due(nul, sizeof(nul) - 1, "joe", &notice, &why);

		ok(!due, "%s gets no notice", row->name);
		is_text(why == NULL ? "" : why,
		    row->why == NULL ? "" : row->why, "that is why");
	}
}

static const struct row due[] = {
	{ "mail that asks", DUE "\n", NULL },
	{ "mail with CR LF",
	    "Return-Path: <ann@example.com>\r\n"
	    "Disposition-Notification-To: ann@example.com\r\n\r\n",
	    NULL },
	{ "a header that ends with the message",
	    RETURN "Disposition-Notification-To: ann@example.com", NULL },
	{ "a request with a name",
	    RETURN "Disposition-Notification-To: Ann <ann@example.com>\n\n",
	    NULL },
	{ "a request with a quoted name and a comment",
	    RETURN "DISPOSITION-NOTIFICATION-TO: \"A, \\\"n\\\" <b@c>\"\n"
		   "\t(x \\) (y))\n <ann@example.com> (z)\n\n",
	    NULL },
	{ "a domain in another case",
	    "Return-Path: <ann@EXAMPLE.com>\n" REQUEST "\n", NULL },
	{ "optional options",
	    DUE "Disposition-Notification-Options: a=optional,b; "
		"c = OPTIONAL , d, e\n\n",
	    NULL },
	{ "Auto-Submitted: no", DUE "Auto-Submitted: no (really)\n\n", NULL },
	{ "Precedence: first-class", DUE "Precedence: first-class\n\n", NULL },
	{ "ordinary content",
	    DUE "Content-Type: multipart/mixed; boundary=report\n\n", NULL },
	{ "a List- below the header", DUE "\nList-Id: x\n", NULL },
};

static void
always_due(void)
{
	size_t i;

	for (i = 0; i < sizeof(due) / sizeof(*due); i++) {
		ok(is_due(due[i].header), "%s gets a notice: %s", due[i].name,
		    why == NULL ? "yes" : why);
		is_text(notice.to, "ann@example.com", "who has asked gets it");
		ok(notice_is_sound(&notice), "it is sound");
	}
}

/* ---- addresses ---------------------------------------------------------- */

static void
addresses(void)
{
	static const char *const good[] = { "a@b", "joe+x@kvt.dk",
		"a.b_c-d=e@x-y.example.com", "0@1.2" };
	static const char *const bad[] = { "", "a", "@", "a@", "@b", "a@b@c",
		"-a@b", ".a@b", "a.@b", "a..b@c", "a b@c", "a@b c", "\"a\"@b",
		"a@[1.2.3.4]", "a@b.", "a@.b", "a@b..c", "a@-b", "a@b-",
		"a@b-.c", "a@b.-c", "a%b@c", "a!b@c", "|a@b", "/a@b", "`a`@b",
		"a@b\n", "a\r\nBcc: c@d@b", "a@b\x80", "\xc3\xb8@b", "a@b_c",
		"<a@b>", "a,b@c", "a;b@c", "a:b@c", "(a)b@c", "a\\b@c" };
	char text[400];
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++)
		ok(addr_spec_is_plain(good[i]), "'%s' is plain", good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(!addr_spec_is_plain(bad[i]), "bad address %zu is not", i);
	memset(text, 'a', sizeof(text));
	strcpy(text + 64, "@b");
	ok(addr_spec_is_plain(text), "a local part has 64 octets");
	memset(text, 'a', 65);
	strcpy(text + 65, "@b");
	ok(!addr_spec_is_plain(text), "and no more");
	for (i = 0; i < sizeof(text); i++)
		text[i] = i % 50 == 49 ? '.' : 'a';
	memcpy(text, "joe@", 4);
	text[254] = '\0';
	ok(addr_spec_is_plain(text), "an address has 254 octets");
	text[254] = 'a';
	text[255] = '\0';
	ok(!addr_spec_is_plain(text), "and no more");
}

static void
finding(void)
{
	static const char *const none[] = { "", "<a@b", "a@b>", "a@b c@d",
		"a@b <a@b>", "<a@b> x", "<a@b>, <c@d>", "a@b,", "x: a@b;",
		"\"a <a@b>", "(a <a@b>", "<@x:a@b>", "<a@b>(", "<a@b>)",
		") <a@b>", "<>", "Ann" };
	char address[ADDR_SPEC_SIZE];
	size_t i;

	for (i = 0; i < sizeof(none) / sizeof(*none); i++) {
		ok(!addr_spec_find(none[i], address), "none in '%s'", none[i]);
		is_text(address, "", "and none comes out");
	}
	ok(addr_spec_find("  a@b  (x)", address), "one with a comment");
	is_text(address, "a@b", "is found");
	ok(addr_spec_find("(x) a@b", address), "one behind a comment");
	is_text(address, "a@b", "is found");
}

/* ---- what is in it ------------------------------------------------------ */

static void
recipients(void)
{
	is_due(DUE "\n");
	is_text(notice.recipient, "joe@kvt.dk",
	    "without anything else it is for whom logged in");
	is_due("Delivered-To: a@kvt.dk\nDelivered-To: b@kvt.dk\n" DUE "\n");
	is_text(notice.recipient, "a@kvt.dk", "the first Delivered-To counts");
	is_due("Delivered-To: a@kvt.dk\nX-Original-To: b@kvt.dk\n" DUE "\n");
	is_text(notice.recipient, "b@kvt.dk", "before it, X-Original-To");
	is_due("X-Original-To: joe\nDelivered-To: a@kvt.dk\n" DUE "\n");
	is_text(notice.recipient, "a@kvt.dk", "unless it has no domain");
	is_due(DUE "Received: x\nX-Original-To: b@x\nDelivered-To: a@x\n\n");
	is_text(notice.recipient, "joe@kvt.dk",
	    "below the trace they could be anybody's");
	ok(!notice_is_due(DUE "\n", strlen(DUE "\n"), "joe", &notice, &why),
	    "a user without a domain, and no other address, gets none");
	is_text(why, "no plain address of the recipient", "that is why");
}

static void
originals(void)
{
	is_due(DUE "\n");
	is_text(notice.original, "", "there may be no Original-Recipient");
	is_due(DUE "Original-Recipient: RFC822; sales@kvt.dk\n\n");
	is_text(notice.original, "sales@kvt.dk", "it is taken over");
	is_due(DUE "Original-Recipient: x400; a@b\n\n");
	is_text(notice.original, "", "another type is not");
	is_due(DUE "Original-Recipient: rfc822;a b\n\n");
	is_text(notice.original, "", "nor what is no plain address");
	is_due(DUE "Original-Recipient: rfc822;a@b\n"
		   "Original-Recipient: rfc822;a@b\n\n");
	is_text(notice.original, "", "nor one of two");
}

static void
texts(void)
{
	char header[2000];

	is_due(DUE "Message-ID:\n <1@example.com>\nDate: Sun, 22 Nov 2026\n"
		   " 07:00:00 +0000\nSubject:  a\r\n\tb \r\n\n");
	is_text(notice.message_id, "<1@example.com>", "Message-ID");
	is_text(notice.date, "Sun, 22 Nov 2026 07:00:00 +0000", "Date");
	is_text(notice.subject, "a b", "Subject");
	ok(is_due(DUE "Subject: \xc3\xb8\nDate: \x1b[1m\n\n"),
	    "a subject that is not ASCII does no harm");
	is_text(notice.subject, "", "it is left out");
	is_text(notice.date, "", "and so is such a date");
	snprintf(header, sizeof(header), DUE "Subject: %01000d\n\n", 1);
	ok(is_due(header), "nor does a long one");
	is_text(notice.subject, "", "it is left out");
}

/* ---- from another process ----------------------------------------------- */

static void
forged(void)
{
	struct notice forged;

	is_due(DUE "Message-ID: <1@example.com>\nSubject: x\n\n");
	ok(notice_is_sound(&notice), "a notice that was made is sound");
	forged = notice;
	memset(forged.subject, 'a', sizeof(forged.subject));
	ok(!notice_is_sound(&forged), "one with a text without end is not");
	forged = notice;
	strcpy(forged.subject, "a\nBcc: b@c");
	ok(!notice_is_sound(&forged), "nor one with a line end");
	forged = notice;
	strcpy(forged.to, "-oQ/tmp@x");
	ok(!notice_is_sound(&forged), "nor one to an option");
	forged = notice;
	forged.to[0] = '\0';
	ok(!notice_is_sound(&forged), "nor one to nobody");
	forged = notice;
	strcpy(forged.recipient, "a, b@c");
	ok(!notice_is_sound(&forged), "nor one from two");
	forged = notice;
	strcpy(forged.original, "a;b");
	ok(!notice_is_sound(&forged), "nor one with a bad original recipient");
	forged = notice;
	strcpy(forged.message_id, "<a> <b>");
	ok(!notice_is_sound(&forged), "nor one with two Message-IDs");
	memset(&forged, 0, sizeof(forged));
	ok(!notice_is_sound(&forged), "nor nothing");
}

int
main(void)
{
	never_due();
	always_due();
	addresses();
	finding();
	recipients();
	originals();
	texts();
	forged();
	return done();
}
