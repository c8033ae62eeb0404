/* admin/post, updates: changes that are mailed, and received. */
#include "config.h"

#include "accounts.h"
#include "admin/private.h"
#include "admin/update.h"
#include "box.h"
#include "support/text.h"
#include "tap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SERIAL "00112233445566778899aabbccddeeff"
#define HASH   "$6$salt$hash"
#define SEEN                               \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const unsigned char secret[DOMAIN_SECRET_SIZE] = "one";
static const unsigned char other_secret[DOMAIN_SECRET_SIZE] = "two";
static struct admin admin;
static struct update update;

static struct change
a_change(enum change_kind kind)
{
	struct change change = {
		.kind = kind, .user = "joe", .domain = "kvt.dk", .seen = SEEN
	};

	return change;
}

/* ---- by mail ------------------------------------------------------------ */

static void
write_sendmail(const char *text)
{
	box_write_text("sendmail", text);
	chmod("sendmail", 0755);
}

static void
is_mailed(void)
{
	struct change change = a_change(CHANGE_SET);
	char serial[CHANGE_SERIAL_SIZE];
	struct bytes sent = { 0 };
	const char *why;
	size_t body = 0;

	change.name = "Joe";
	write_sendmail("#!/bin/sh\necho \"$@\" > called\ncat > sent\n");
	is_number(change_mail(&admin, &change, serial), CHANGE_WAITING,
	    "a change is mailed");
	box_read("called", &sent);
	is_text(sent.data, "-i -f postmaster@kvt.dk -- postmaster@kvt.dk\n",
	    "to postmaster, from postmaster");
	bytes_free(&sent);
	box_read("sent", &sent);
	ok(update_is_one(sent.data, sent.length, &body), "it is an update");
	ok(update_read(
	       &update, sent.data + body, sent.length - body, secret, &why),
	    "that is understood");
	is_text(update.serial, serial, "with the serial that was told");
	is_text(update.change.name, "Joe", "and what is to be changed");
	ok(update.time >= time(NULL) - 60 && update.time <= time(NULL),
	    "and its time is now");
	bytes_free(&sent);
	change.seen[0] = '\0';
	is_number(change_mail(&admin, &change, serial), CHANGE_UNSOUND,
	    "who has not looked mails nothing");
	change = a_change(CHANGE_REMOVE);
	text_copy(change.user, sizeof(change.user), "postmaster");
	is_number(change_mail(&admin, &change, serial), CHANGE_FORBIDDEN,
	    "what can never be is not mailed");
	change = a_change(CHANGE_REMOVE);
	write_sendmail("#!/bin/sh\ncat >/dev/null\nexit 75\n");
	is_number(change_mail(&admin, &change, serial), CHANGE_TROUBLE,
	    "it is told when sendmail does not take it");
}

static void
are_outcomes(void)
{
	enum change_result outcome = CHANGE_DONE;

	is_number(updates_begin(&admin, "kvt.dk", SERIAL, 100, 100, &outcome),
	    -1, "without a file nothing is begun");
	is_number(errno, ENOENT, "that is said");
	is_number(change_outcome(&admin, "kvt.dk", SERIAL), CHANGE_WAITING,
	    "nothing is known then");
	box_write_text("etc/kvt.dk/updates", "");
	is_number(updates_begin(&admin, "kvt.dk", SERIAL, 100, 100, &outcome),
	    0, "a new serial is begun");
	is_number(updates_begin(&admin, "kvt.dk", SERIAL, 100, 100, &outcome),
	    1, "and is known then");
	is_number(outcome, CHANGE_WAITING, "to be begun");
	is_number(
	    updates_end(&admin, "kvt.dk", SERIAL, 100, 101, CHANGE_CONFLICT), 0,
	    "it ends");
	is_number(change_outcome(&admin, "kvt.dk", SERIAL), CHANGE_CONFLICT,
	    "so it is told");
	is_number(updates_begin(&admin, "kvt.dk", SEEN, 7299, 7299, &outcome),
	    0, "another one is begun");
	is_number(change_outcome(&admin, "kvt.dk", SERIAL), CHANGE_CONFLICT,
	    "the first is remembered for two hours");
	is_number(updates_begin(&admin, "kvt.dk", "x", 7300, 7300, &outcome), 0,
	    "and a third");
	is_number(change_outcome(&admin, "kvt.dk", SERIAL), CHANGE_WAITING,
	    "but no longer");
	is_number(change_outcome(&admin, "../kvt.dk", SERIAL), CHANGE_WAITING,
	    "a path is no domain");
}

/* ---- received ----------------------------------------------------------- */

static enum receipt
receive(const struct change *change, const char *serial, int64_t when,
    const unsigned char *key)
{
	char text[UPDATE_TEXT_SIZE];
	struct bytes message = { 0 };
	enum receipt receipt;

	box_write_text("log", "");
	if (!update_write(change, serial, when, key, text))
		bail_out("update_write");
	bytes_add_text(&message, "Subject: " UPDATE_SUBJECT "\n\n");
	bytes_add_text(&message, text);
	receipt =
	    update_receive(&admin, "kvt.dk", message.data, message.length);
	bytes_free(&message);
	return receipt;
}

static void
is_logged(const char *text)
{
	struct bytes log = { 0 };

	box_read("log", &log);
	ok(bytes_have(&log, text), "it is logged: %s", text);
	bytes_free(&log);
}

static void
are_received(void)
{
	struct change change = a_change(CHANGE_SET);
	const int64_t now = (int64_t)time(NULL);

	box_write_text("etc/kvt.dk/updates", "");
	is_number(receive(&change, SERIAL, now, other_secret), RECEIPT_MAIL,
	    "a forged update is mail");
	is_logged("update refused domain=kvt.dk: it has a wrong signature");
	is_number(receive(&change, SERIAL, now - 3700, secret), RECEIPT_MAIL,
	    "an old one is mail");
	is_logged("update refused domain=kvt.dk: it is too old");
	is_number(receive(&change, SERIAL, now + 3700, secret), RECEIPT_MAIL,
	    "so is one of the future");
	is_logged("update refused domain=kvt.dk: it is too old, or of the");
	is_number(receive(&change, SERIAL, now, secret), RECEIPT_TAKEN,
	    "a right one is taken");
	is_logged("update serial=" SERIAL " user=joe@kvt.dk: somebody else");
	is_number(change_outcome(&admin, "kvt.dk", SERIAL), CHANGE_CONFLICT,
	    "whether it can be made or not");
	is_number(receive(&change, SERIAL, now, secret), RECEIPT_MAIL,
	    "once: then it is mail");
	is_logged("update refused domain=kvt.dk: it was made before");
	text_copy(change.domain, sizeof(change.domain), "x.dk");
	is_number(receive(&change, SERIAL, now, secret), RECEIPT_MAIL,
	    "one of another domain is mail");
	is_logged("update refused domain=kvt.dk: it is for another domain");
	change = a_change(CHANGE_SET);
	unlink("etc/kvt.dk/updates");
	is_number(receive(&change, SERIAL, now, secret), RECEIPT_MAIL,
	    "what cannot be remembered is mail");
	is_logged("there is no file updates; virtdomain web makes it");
	box_directory("etc/kvt.dk/updates", 0700);
	is_number(receive(&change, SERIAL, now, secret), RECEIPT_LATER,
	    "in trouble it has to come again");
	is_logged("update not made yet domain=kvt.dk: ");
	unlink("etc/kvt.dk/secret");
	is_number(receive(&change, SERIAL, now, secret), RECEIPT_MAIL,
	    "without a secret all is mail");
	is_logged("it cannot be checked: the secret of the domain is not");
}

static void
prepare(void)
{
	static char etc[300], program[300];
	struct admin_places places = { .virtual_directory = etc,
		.sendmail = program };
	unsigned int i;
	char hex[2 * DOMAIN_SECRET_SIZE + 2] = "";

	box_open();
	box_log_to("log");
	(void)accounts_open();
	snprintf(etc, sizeof(etc), "%s/etc", box_path());
	snprintf(program, sizeof(program), "%s/sendmail", box_path());
	if (!admin_fill(&admin, &places))
		bail_out("admin_fill");
	box_directory("etc/kvt.dk", 0755);
	box_write_text("etc/kvt.dk/passwd", "joe:" HASH ":1:1:::\n");
	chmod("etc/kvt.dk/passwd", 0600);
	for (i = 0; i < sizeof(secret); i++)
		snprintf(hex + 2 * i, 3, "%02x", secret[i]);
	hex[2 * sizeof(secret)] = '\n';
	box_write_text("etc/kvt.dk/secret", hex);
	chmod("etc/kvt.dk/secret", 0600);
}

int
main(void)
{
	prepare();
	is_mailed();
	are_outcomes();
	are_received();
	return done();
}
