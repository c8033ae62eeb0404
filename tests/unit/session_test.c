/* A whole session, from greeting to QUIT, on a mailbox of our own. */
#include "config.h"

#include "box.h"
#include "mail.h"
#include "pop3/pop3.h"
#include "support/clock.h"
#include "support/text.h"
#include "talk.h"
#include "tap.h"

#include <regex.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FIRST  FROM_LINE "Subject: 1\nStatus: RO\n\none\n\n"
#define SECOND FROM_LINE "Subject: 2\n\n.\n..two\nlast\n\n"
#define THIRD  FROM_LINE "Subject: 3\n\nthree"

static void
reply(struct talk *talk, const char *command, const char *expected)
{
	talk_ask(talk, command);
	is_text(talk->line, expected, "%s is answered", command);
}

static void
next(struct talk *talk, const char *expected)
{
	if (!talk_read(talk))
		strcpy(talk->line, "(end)");
	is_text(talk->line, expected, "the next line is %s", expected);
}

static void
left(const char *expected, const char *what)
{
	struct bytes found = { 0 };

	box_read("box", &found);
	ok(bytes_are_text(&found, expected), "%s", what);
	bytes_free(&found);
}

static void
write_mailbox(void)
{
	box_write_text("box", FIRST SECOND THIRD);
}

/* ---- reading ------------------------------------------------------------ */

static void
listings(struct talk *talk)
{
	reply(talk, "STAT", "+OK 3 82");
	reply(talk, "LIST", "+OK listing follows");
	next(talk, "1 31");
	next(talk, "2 30");
	next(talk, "3 21");
	next(talk, ".");
	reply(talk, "LIST 2", "+OK 2 30");
	reply(talk, "LAST", "+OK 1");
}

static void
messages(struct talk *talk)
{
	reply(talk, "RETR 2", "+OK 30 octets");
	next(talk, "Subject: 2");
	next(talk, "");
	next(talk, "..");
	next(talk, "...two");
	next(talk, "last");
	next(talk, ".");
	reply(talk, "LAST", "+OK 2");
	ok(talk_ask(talk, "TOP 2 1"), "TOP 2 1");
	next(talk, "Subject: 2");
	next(talk, "");
	next(talk, "..");
	next(talk, ".");
	ok(talk_ask(talk, "RETR 3"), "RETR 3");
	next(talk, "Subject: 3");
	next(talk, "");
	next(talk, "three");
	next(talk, ".");
}

static void
ids(struct talk *talk)
{
	char first[100];
	regex_t pattern;

	if (regcomp(&pattern, "^1 [!-~]{1,70}$", REG_EXTENDED) != 0)
		bail_out("regcomp");
	ok(talk_ask(talk, "UIDL"), "UIDL is answered with a list");
	talk_read(talk);
	ok(regexec(&pattern, talk->line, 0, NULL, 0) == 0,
	    "row 19: a line of it is number, blank, id");
	ok(text_copy(first, sizeof(first), talk->line), "it is short");
	is_number(talk_skip_lines(talk), 2, "two more follow");
	talk_ask(talk, "UIDL 1");
	is_text(talk->line + 4, first, "UIDL 1 gives the same id");
	regfree(&pattern);
}

static void
reading(void)
{
	struct talk talk;

	write_mailbox();
	talk_log_in(&talk, "box");
	listings(&talk);
	messages(&talk);
	ids(&talk);
	ok(talk_ask(&talk, "QUIT"), "QUIT");
	is_number(talk_end(&talk), SESSION_QUIT, "the session is over");
	left(FIRST SECOND THIRD,
	    "a session that deletes nothing changes nothing");
}

/* ---- deleting ----------------------------------------------------------- */

static void
deleting(void)
{
	struct stat before, after;
	struct talk talk;

	write_mailbox();
	before = box_stat("box");
	talk_log_in(&talk, "box");
	ok(talk_ask(&talk, "DELE 1"), "DELE 1");
	ok(!talk_ask(&talk, "DELE 1"), "a marked message is not marked again");
	ok(!talk_ask(&talk, "RETR 1"), "nor sent");
	ok(!talk_ask(&talk, "TOP 1 0"), "nor its top");
	ok(!talk_ask(&talk, "LIST 1"), "nor listed");
	ok(!talk_ask(&talk, "UIDL 1"), "nor its id");
	reply(&talk, "STAT", "+OK 2 51");
	reply(&talk, "LIST", "+OK listing follows");
	next(&talk, "2 30");
	next(&talk, "3 21");
	next(&talk, ".");
	ok(talk_ask(&talk, "RSET"), "RSET");
	reply(&talk, "STAT", "+OK 3 82");
	ok(talk_ask(&talk, "DELE 2"), "DELE 2");
	left(FIRST SECOND THIRD, "before QUIT nothing is removed");
	ok(talk_ask(&talk, "QUIT"), "QUIT");
	is_number(talk_end(&talk), SESSION_QUIT, "the session is over");
	left(FIRST THIRD, "QUIT removes what is marked and nothing else");
	after = box_stat("box");
	is_number(after.st_ino, before.st_ino, "the inode stays");
	is_number(box_entries("."), 2, "no other file is left");
}

static void
hanging_up(void)
{
	struct talk talk;

	write_mailbox();
	talk_log_in(&talk, "box");
	ok(talk_ask(&talk, "DELE 1"), "DELE 1");
	is_number(talk_end(&talk), SESSION_GONE, "the client hangs up");
	left(FIRST SECOND THIRD, "row 12: without QUIT nothing is removed");

	talk_log_in(&talk, "box");
	talk_send(&talk, "DELE 1\r\nDELE 3\r\nQUIT\r\nDELE 2\r\n");
	is_number(talk_end(&talk), SESSION_QUIT,
	    "row 11: a client says QUIT and does not wait");
	left(SECOND, "row 11: what it deleted is removed, and no more");
}

static void
pipelining(void)
{
	struct talk talk;

	write_mailbox();
	talk_start(&talk, "box");
	talk_send(&talk,
	    "USER joe\r\nPASS right\r\nSTAT\r\nNOOP\r\nDELE 2\r\n"
	    "QUIT\r\nDELE 1\r\nSTAT\r\n");
	next(&talk, "+OK now the password");
	next(&talk, "+OK logged in");
	next(&talk, "+OK 3 82");
	next(&talk, "+OK nothing done");
	next(&talk, "+OK marked as deleted");
	next(&talk, "+OK mailbox updated, goodbye");
	ok(!talk_read(&talk), "row 10: behind QUIT nothing is answered");
	is_number(talk_end(&talk), SESSION_QUIT, "row 10: it was the end");
	left(FIRST THIRD, "row 10: nor obeyed");
}

/* ---- trouble ------------------------------------------------------------ */

static void
abuse(void)
{
	struct talk talk;
	int replies = 1;

	talk_log_in(&talk, "box");
	while (replies < 100 && !talk_ask(&talk, "XYZZY") &&
	    strcmp(talk.line, "(end)") != 0)
		replies++;
	is_number(replies - 1, 10, "ten bad commands are answered, once each");
	is_number(talk_end(&talk), SESSION_ABUSE, "then the connection ends");

	talk_start(&talk, "box");
	for (replies = 0; replies < 3; replies++) {
		talk_ask(&talk, "USER joe");
		talk_ask(&talk, "PASS wrong");
		is_text(talk.line, "-ERR [AUTH] wrong user name or password",
		    "a failed login is answered");
	}
	ok(!talk_read(&talk), "after three the connection ends");
	is_number(talk_end(&talk), SESSION_ABUSE, "because of them");
}

static void
log_in_fails(const char *code, const char *what)
{
	struct talk talk;

	talk_start(&talk, "box");
	talk_ask(&talk, "USER joe");
	ok(!talk_ask(&talk, "PASS right"), "%s cannot be opened", what);
	ok(strncmp(talk.line, code, strlen(code)) == 0, "%s: %s", what, code);
	is_number(talk_end(&talk), SESSION_BROKEN, "%s: the end", what);
}

static void
bad_mailboxes(void)
{
	struct talk talk;

	write_mailbox();
	box_write_text("box.lock", "");
	log_in_fails("-ERR [IN-USE]", "a locked mailbox");
	unlink("box.lock");
	chmod("box", 0666);
	log_in_fails("-ERR [SYS/PERM]", "an unsafe mailbox");
	chmod("box", 0600);

	talk_log_in(&talk, "box");
	ok(talk_ask(&talk, "DELE 1"), "DELE 1");
	box_write_text("box", FIRST);
	ok(!talk_ask(&talk, "QUIT"), "row 38: QUIT on a changed mailbox fails");
	ok(strncmp(talk.line, "-ERR [SYS/TEMP]", 15) == 0,
	    "row 38: [SYS/TEMP]");
	is_number(talk_end(&talk), SESSION_BROKEN, "row 38: the end");
	left(FIRST, "row 38: and nothing is changed");
}

static void
empty_mailboxes(void)
{
	struct talk talk;

	talk_log_in(&talk, "nothing");
	reply(&talk, "STAT", "+OK 0 0");
	ok(talk_ask(&talk, "LIST"), "LIST of an empty drop is a list");
	next(&talk, ".");
	ok(talk_ask(&talk, "UIDL"), "UIDL too");
	next(&talk, ".");
	reply(&talk, "LAST", "+OK 0");
	ok(talk_ask(&talk, "QUIT"), "QUIT");
	talk_end(&talk);
	ok(!box_has("nothing"), "a missing mailbox is not made");

	box_write_text("box", "a letter\n\n" FIRST);
	talk_log_in(&talk, "box");
	reply(&talk, "STAT", "+OK 0 0");
	ok(!talk_ask(&talk, "DELE 1"), "row 40: there is nothing to delete");
	ok(talk_ask(&talk, "QUIT"), "QUIT");
	talk_end(&talk);
	left("a letter\n\n" FIRST, "row 40: what is no mbox is left alone");
}

static void
stamps(void)
{
	static struct session a, b;
	regex_t pattern;

	if (regcomp(&pattern, "^<[!-;=?-~]+@[!-;=?-~]+>$", REG_EXTENDED) != 0)
		bail_out("regcomp");
	is_number(session_make_stamp(&a), 0, "a stamp is made");
	is_number(session_make_stamp(&b), 0, "and another");
	ok(strcmp(a.stamp, b.stamp) != 0, "two stamps are different");
	ok(regexec(&pattern, a.stamp, 0, NULL, 0) == 0, "it is a msg-id");
	regfree(&pattern);
}

/* Milliseconds since the start of the system fit 32 bits for 49 days only. */
static void
long_sessions(void)
{
	static struct session session;
	const int64_t days = INT64_C(24) * 3600 * 1000;
	struct bytes log = { 0 };
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ok(clock_now() / 1000 - now.tv_sec <= 5 &&
		clock_now() >= (int64_t)now.tv_sec * 1000,
	    "row 59: time is CLOCK_MONOTONIC, in milliseconds");
	box_log_to("log");
	session_init(&session, -1, -1, "192.0.2.1");
	session.started = clock_now() - 8 * days;
	session_log_end(&session, SESSION_QUIT);
	session.started = clock_now() - 60 * days;
	session_log_end(&session, SESSION_QUIT);
	box_read("log", &log);
	ok(bytes_have(&log, " seconds=691200 "),
	    "row 59: a session of 8 days has 691200 seconds");
	ok(bytes_have(&log, " seconds=5184000 "),
	    "row 59: one of 60 days, more than 32 bits of milliseconds");
	bytes_free(&log);
}

int
main(void)
{
	box_open();
	box_log_to("log");
	reading();
	deleting();
	hanging_up();
	pipelining();
	write_mailbox();
	abuse();
	bad_mailboxes();
	empty_mailboxes();
	stamps();
	long_sessions();
	return done();
}
