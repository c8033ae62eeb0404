/* mbox/uidl*: the unique ids of other servers, with fixed vectors. */
#include "config.h"

#include "box.h"
#include "ids.h"
#include "mail.h"
#include "tap.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- names -------------------------------------------------------------- */

static const char *const formats[] = { "own", "vm-pop3d", "popa3d",
	"solid-pop3d", "mailutils", "ipop3d", "dovecot", "dovecot-0.99",
	"dovecot-md5" };

#define FORMATS (sizeof(formats) / sizeof(*formats))

static void
names(void)
{
	static const char *const bad[] = { "", "Own", "dovecot ", "uw" };
	size_t i;

	for (i = 0; i < FORMATS; i++)
		ok(mbox_find_uidl_format(formats[i]) != NULL, "%s is a format",
		    formats[i]);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(mbox_find_uidl_format(bad[i]) == NULL, "'%s' is none",
		    bad[i]);
}

static void
own(void)
{
	struct mbox_place place = box_place("box");
	struct mbox_reason reason;
	struct mbox *mbox;
	char id[MBOX_UIDL_SIZE];
	struct ids ids =
	    ids_of("own", FROM_LINE "Message-Id: <a@b>\n\nbody\n\n");

	mbox = open_mailbox(&place);
	if (mbox_uidl(mbox, 0, id, &reason) == -1)
		bail_out(reason.text);
	is_text(ids.text[0], id, "own is what is done without a format");
	is_number((long long)strspn(id, "0123456789abcdef"), 32,
	    "which is 32 hexadecimal digits");
	mbox_close(&mbox);
}

/* ---- digests ------------------------------------------------------------ */

/* Made by the programs of Debian 12 from this text. */
#define THREE "Message-Id: <three@example.com>\nSubject: three\n\nbody\n\n"

static const char sample[] = FROM_LINE
    "Received: from a (b [1.2.3.4])\n\tby c with SMTP id 1\n"
    "\tfor <joe>; Sun, 22 Nov 2026 07:00:00 +0000\n"
    "Received: from second\n"
    "Date: Sun, 22 Nov 2026 06:59:00 +0000\n"
    "Message-Id: <one@example.com>\nSubject: one\n two\nTo: joe\n\n"
    "body\n\n" FROM_LINE "Subject: crlf\r\nMessage-ID: <two@example.com>\r\n"
    "Date: x\r\n\r\nSubject: body\r\n"
    "body\r\n\n" FROM_LINE THREE FROM_LINE THREE FROM_LINE
    "Message-ID:\n <folded@example.com>\nDelivered-To: joe\n"
    "Subject: folded\n\nbody\n\n";

struct vectors {
	const char *format;
	const char *ids[5]; /* the fourth message is a copy */
};

static const struct vectors vectors[] = {
	{ "popa3d",
	    { "367e43daae4f79f1", "b57bcf6f773edf82", "b7ad0e141fe1c1ba", NULL,
		"cd3681aaaad487c4" } },
	{ "solid-pop3d",
	    { "2c952d7f0b3d3f66f18a858f0cc906a7",
		"fbf450abc7d7f2117ee716c167830658",
		"66d4d18171b475f01fd7acaae158600d", NULL,
		"8c47b9d07af6a2a3729efcc4f9e5d301" } },
	{ "dovecot-md5",
	    { "d44f6b5e8ec18421da3c45496b635108",
		"a0cc8381e3c47aeeff1b03c3a7feb1f9",
		"9711a35535ba4f6430a491dfd89ce2ec", NULL,
		"03c4f03a6403d1e3316b873479e3f1cc" } },
	{ "vm-pop3d",
	    { "one@example.com", "two@example.com", "three@example.com", NULL,
		NULL } },
};

static void
digests(void)
{
	size_t i, j;

	for (i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		const struct vectors *v = &vectors[i];
		struct ids ids = ids_of(v->format, sample);

		is_number((long long)ids.count, 5, "five messages");
		for (j = 0; j < 5; j++)
			if (v->ids[j] != NULL)
				is_text(ids.text[j], v->ids[j],
				    "%s, message %zu", v->format, j + 1);
			else
				ok(ids_is_own(ids.text[j]),
				    "%s, message %zu has an id of ours",
				    v->format, j + 1);
		ok(strcmp(strrchr(ids.text[3], '.'), ".2") == 0,
		    "%s: it is numbered as the second copy", v->format);
	}
}

static void
numbers_stay(void)
{
	int state = ids_open_state();
	struct ids before, after;

	box_write_text("box", sample);
	before = ids_of_box("popa3d", state, "--x--");
	after = ids_of_box("popa3d", state, "");
	is_text(after.text[2], before.text[3],
	    "a copy keeps its number when the first one is deleted");
	box_append_text("box", FROM_LINE THREE);
	after = ids_of_box("popa3d", state, "");
	ok(strcmp(strrchr(after.text[4], '.'), ".3") == 0,
	    "a new copy does not get the id of the deleted one");
	close(state);
}

/* ---- header fields ------------------------------------------------------ */

/* The id of a message with this header, which may hold NULs. */
static struct ids
id_with(const char *format, const char *header, size_t length)
{
	struct bytes content = { 0 };

	bytes_add_text(&content, FROM_LINE);
	bytes_add(&content, header, length);
	bytes_add_text(&content, "\n\nbody\n\n");
	box_write("box", &content);
	bytes_free(&content);
	return ids_of_box(format, -1, "");
}

static void
vm_pop3d(void)
{
	static const struct {
		const char *header;
		const char *id; /* NULL: one of ours */
	} rows[] = { { "Message-ID: <a@b>", "a@b" },
		{ "message-id:<a@b>", "a@b" },
		{ "Message-Id: text <a@b", NULL }, /* LF in it */
		{ "Message-Id: <a@b> <c@d>", "a@b" },
		{ "Message-Id: a> <c@d>", NULL },
		{ "Message-Id: <<a@b>", "<a@b" }, { "Message-Id: <>", NULL },
		{ "Message-Id: <a b@c>", NULL },
		{ "Message-Id: <a\tb@c>", NULL },
		{ "Message-Id: <a\x7f@c>", NULL },
		{ "Message-Id: <\xe6@c>", NULL },
		{ "Message-Id:\n <a@b>", NULL },
		{ "X: y\nMessage-Id: <a@b>\nMessage-Id: <c@d>", "a@b" },
		{ "Message-Id: none\nMessage-Id: <c@d>", NULL },
		{ "Message-Identity: <a@b>", NULL }, { "Subject: x", NULL },
		{ "Message-Id: <0123456789abcdef0123456789abcdef.2>", NULL },
		{ "Message-Id: <0123456789abcdef0123456789abcdef.>",
		    "0123456789abcdef0123456789abcdef." },
		{ "Message-Id: <0123456789abcdef0123456789abcdef>",
		    "0123456789abcdef0123456789abcdef" } };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ids ids =
		    id_with("vm-pop3d", rows[i].header, strlen(rows[i].header));

		if (rows[i].id != NULL)
			is_text(
			    ids.text[0], rows[i].id, "vm-pop3d, header %zu", i);
		else
			ok(ids_is_own(ids.text[0]),
			    "vm-pop3d, header %zu: an id of ours", i);
	}
	is_text(id_with("vm-pop3d", "Message-Id: <a\0b>", 17).text[0], "a",
	    "vm-pop3d, a line ends with a NUL");
	ok(ids_is_own(id_with("vm-pop3d", "Message-Id: \0<a@b>", 18).text[0]),
	    "vm-pop3d, a NUL before the id: an id of ours");
}

/* Nobody can have an id of the form that we give to others. */
static void
forged(void)
{
	static const char id[] = "0123456789abcdef0123456789abcdef.2";
	char header[100] = "Message-Id: <";

	strcat(header, id);
	strcat(header, ">");
	ok(strcmp(id_with("vm-pop3d", header, strlen(header)).text[0], id) != 0,
	    "a Message-Id of the form DIGEST.NUMBER is not used");
}

/* A label of 70 octets is used; longer ones are cut by vm-pop3d, and two that
 * are equal then are told apart. */
static void
long_fields(void)
{
	static const char xuidl[] = "\nX-UIDL: ";
	struct bytes content = { 0 };
	struct ids ids;
	int i;

	for (i = 69; i <= 72; i++) {
		bytes_add_text(&content, FROM_LINE "Message-Id: <");
		bytes_fill(&content, 'm', (size_t)i);
		bytes_add_text(&content, ">");
		bytes_add_text(&content, xuidl);
		bytes_fill(&content, 'u', (size_t)i);
		bytes_add_text(&content, "\n\n\n");
	}
	bytes_add_text(&content, FROM_LINE "Message-Id: ");
	bytes_fill(&content, ' ', 100000);
	bytes_add_text(&content, "<a@b>\nX-UIDL: ");
	bytes_fill(&content, 'u', 100000);
	bytes_add_text(&content, "\n\n\n");
	box_write("box", &content);
	bytes_free(&content);
	ids = ids_of_box("vm-pop3d", -1, "");
	is_number((long long)ids.count, 5, "five messages");
	is_number((long long)strlen(ids.text[0]), 69, "69 octets are used");
	is_number((long long)strspn(ids.text[1], "m"), 70, "70 are used");
	ok(ids_is_own(ids.text[2]) && ids_is_own(ids.text[3]),
	    "71 and 72 are the same 70 once more");
	ok(strcmp(ids.text[2], ids.text[3]) != 0, "and are told apart");
	ok(ids_is_own(ids.text[4]), "behind 255 octets vm-pop3d sees nothing");
	ids = ids_of_box("mailutils", -1, "");
	is_number((long long)strlen(ids.text[0]), 69, "69 octets of X-UIDL");
	is_number((long long)strspn(ids.text[1], "u"), 70, "70 of them");
	ok(ids_is_own(ids.text[2]) && ids_is_own(ids.text[3]) &&
		ids_is_own(ids.text[4]),
	    "a longer X-UIDL is not used");
}

static void
mailutils(void)
{
	static const char id[] =
	    "a008a2bc3d3c78c62506c9e382e7e7f6.1795343134.1";
	struct ids ids;

	ids = ids_of("mailutils",
	    FROM_LINE "X-UIDL: a008a2bc3d3c78c62506c9e382e7e7f6.1795343134.1"
		      "\n\n\n" FROM_LINE
		      "x-uidl:a008a2bc3d3c78c62506c9e382e7e7f6.1795343134.1 "
		      "\r\n\r\n\n" FROM_LINE "X-UIDL: a b\n\n\n" FROM_LINE
		      "X-UIDL:\n\n\n" FROM_LINE "Subject: x\n\n"
		      "X-UIDL: body\n\n");
	is_text(ids.text[0], id, "mailutils: the id is X-UIDL");
	ok(ids_is_own(ids.text[1]), "the second message with it has another");
	ok(ids_is_own(ids.text[2]), "a blank in X-UIDL: an id of ours");
	ok(ids_is_own(ids.text[3]), "nothing in X-UIDL: an id of ours");
	ok(ids_is_own(ids.text[4]), "no X-UIDL: an id of ours");
}

/* ---- whatever comes ----------------------------------------------------- */

#define MANY 300

/* Headers that fit together badly, from few pieces, so that they repeat. */
static void
add_odd_mailbox(struct bytes *content)
{
	static const char *const names[] = { "Message-Id: <", "X-UIDL: ",
		"X-UID: ", "Date: ", "Received: ", "Delivered-To: ", " ",
		"X-IMAPbase: 7 ", "Subject: ", "\t" };
	static const char *const values[] = { "1", "2", "90", "a>", "b b",
		"\x01", "\xff", "", "0123456789abcdef0123456789abcdef.2",
		"\r" };
	uint32_t random = 3;
	int i, j;

	for (i = 0; i < MANY; i++) {
		bytes_add_text(content, FROM_LINE);
		for (j = 0; j < 3; j++) {
			random = random * 1103515245 + 12345;
			bytes_add_text(content, names[(random >> 16) % 10]);
			bytes_add_text(content, values[(random >> 22) % 10]);
			bytes_add_text(content, "\n");
		}
		bytes_add_text(content, "\n\n");
	}
}

static int
compare_ids(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool
is_well_formed(const char *id)
{
	const char *p;

	for (p = id; *p != '\0'; p++)
		if (*p < 0x21 || *p > 0x7e)
			return false;
	return p > id && p - id <= 70;
}

static void
check_many(const char *format)
{
	static char ids[MANY][MBOX_UIDL_SIZE];
	struct mbox_place place = box_place("box");
	struct mbox_reason reason;
	struct mbox *mbox;
	size_t i;
	int bad = 0, equal = 0;

	place.uidl = mbox_find_uidl_format(format);
	mbox = open_mailbox(&place);
	if (mbox_count(mbox) != MANY)
		bail_out("other messages than expected");
	for (i = 0; i < MANY; i++) {
		if (mbox_uidl(mbox, i, ids[i], &reason) == -1)
			bail_out(reason.text);
		bad += !is_well_formed(ids[i]);
	}
	mbox_close(&mbox);
	qsort(ids, MANY, sizeof(*ids), compare_ids);
	for (i = 1; i < MANY; i++)
		equal += strcmp(ids[i - 1], ids[i]) == 0;
	is_number(bad, 0, "%s: ids of odd mail are well formed", format);
	is_number(equal, 0, "%s: and distinct", format);
}

static void
odd_mail(void)
{
	struct bytes content = { 0 };
	size_t i;

	add_odd_mailbox(&content);
	box_write("box", &content);
	bytes_free(&content);
	for (i = 0; i < FORMATS; i++)
		check_many(formats[i]);
}

int
main(void)
{
	box_open();
	names();
	own();
	digests();
	numbers_stay();
	vm_pop3d();
	forged();
	long_fields();
	mailutils();
	odd_mail();
	return done();
}
