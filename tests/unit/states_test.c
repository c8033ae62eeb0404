/*
 * Every command in every state (row 20), numbers as arguments (rows 3, 4), and
 * that a refused command changes nothing.
 */
#include "config.h"

#include "box.h"
#include "mail.h"
#include "pop3/pop3.h"
#include "talk.h"
#include "tap.h"

#include <string.h>

enum state { FRESH, AFTER_USER, AFTER_FAILURE, TRANSACTION, STATES };

static const char *const state_names[STATES] = { "at first", "after USER",
	"after a failed login", "in TRANSACTION" };

/* "+": +OK, "*": +OK and lines, "-": -ERR; a letter per state. */
static const struct {
	const char *command;
	const char *results;
} table[] = {
	{ "USER joe", "+++-" },
	{ "USER", "----" },
	{ "USER ", "----" },
	{ "USER a b", "----" },
	{ "PASS right", "-+--" },
	{ "PASS wrong", "----" },
	{ "PASS", "----" },
	{ "APOP joe 0123456789abcdef0123456789abcdef", "----" },
	{ "APOP joe", "----" },
	{ "APOP", "----" },
	{ "AUTH", "***-" },
	{ "AUTH PLAIN AGpvZQByaWdodA==", "+++-" },
	{ "AUTH PLAIN AGpvZQB3cm9uZw==", "----" },
	{ "AUTH PLAIN AGpvZQByaWdodA", "----" },
	{ "AUTH PLAIN AGpvZQByaWdodA== x", "----" },
	{ "AUTH X", "----" },
	{ "AUTH SCRAM-SHA-256 biwsbj11LHI9eA==", "----" },
	{ "STLS", "----" },
	{ "CAPA", "****" },
	{ "CAPA x", "----" },
	{ "LANG", "****" },
	{ "LANG *", "++++" },
	{ "LANG da", "++++" },
	{ "lang DA-DK", "++++" },
	{ "LANG xx", "----" },
	{ "LANG da de", "----" },
	{ "UTF8", "+++-" },
	{ "UTF8 x", "----" },
	{ "STAT", "---+" },
	{ "STAT 1", "----" },
	{ "LIST", "---*" },
	{ "LIST 1", "---+" },
	{ "LIST 01", "---+" },
	{ "LIST 0", "----" },
	{ "LIST 3", "----" },
	{ "LIST -1", "----" },
	{ "LIST +1", "----" },
	{ "LIST 0x1", "----" },
	{ "LIST 1 1", "----" },
	{ "LIST  1", "----" },
	{ "LIST 1 ", "---+" },
	{ "LIST 4294967297", "----" },
	{ "LIST 18446744073709551617", "----" },
	{ "LIST x", "----" },
	{ "UIDL", "---*" },
	{ "UIDL 2", "---+" },
	{ "UIDL 3", "----" },
	{ "UIDL -1", "----" },
	{ "RETR 1", "---*" },
	{ "RETR", "----" },
	{ "RETR 3", "----" },
	{ "RETR 0", "----" },
	{ "RETR 1 2", "----" },
	{ "TOP 1 0", "---*" },
	{ "TOP 1 99999999999", "---*" },
	{ "TOP 1 -1", "----" },
	{ "TOP 1", "----" },
	{ "TOP", "----" },
	{ "TOP 3 0", "----" },
	{ "TOP 1 1 1", "----" },
	{ "DELE 1", "---+" },
	{ "DELE 3", "----" },
	{ "DELE 4294967297", "----" },
	{ "DELE", "----" },
	{ "RSET", "---+" },
	{ "RSET 1", "----" },
	{ "LAST", "---+" },
	{ "NOOP", "---+" },
	{ "NOOP x", "----" },
	{ "noop", "---+" },
	{ "NoOp", "---+" },
	{ " NOOP", "----" },
	{ "NOOPS", "----" },
	{ "NOO", "----" },
	{ "NOOP\tx", "----" },
	{ "", "----" },
	{ " ", "----" },
	{ "XYZZY", "----" },
	{ "GET / HTTP/1.1", "----" },
	{ "\xff\xf4\xff\xfd\x06NOOP", "----" },
};

static void
bring_to(struct talk *talk, enum state state)
{
	if (state == TRANSACTION) {
		talk_log_in(talk, "box");
		return;
	}
	talk_start(talk, "box");
	if (state == AFTER_FAILURE) {
		talk_ask(talk, "USER joe");
		talk_ask(talk, "PASS wrong");
	} else if (state == AFTER_USER) {
		talk_ask(talk, "USER joe");
	}
}

static void
check_reply(struct talk *talk, size_t row, enum state state)
{
	const char *command = table[row].command;
	char result = table[row].results[state];
	bool is_good = talk_ask(talk, command);

	ok(is_good == (result != '-') &&
		(is_good || strncmp(talk->line, "-ERR", 4) == 0),
	    "row 20: %s, \"%.20s\" gets %s", state_names[state], command,
	    result == '-' ? "-ERR" : "+OK");
	if (is_good && result == '*')
		ok(talk_skip_lines(talk) > 0, "row 20: lines follow it");
}

/* After the command the session is where it was: it can still be used. */
static void
check_state(struct talk *talk, enum state state)
{
	if (state != TRANSACTION)
		ok(talk_ask(talk, "USER joe") && talk_ask(talk, "PASS right"),
		    "row 20: %s, login is still possible", state_names[state]);
	ok(talk_ask(talk, "STAT"), "row 20: the session goes on");
}

static void
check(size_t row, enum state state)
{
	struct talk talk;
	const char *command = table[row].command;
	bool logs_in = table[row].results[state] == '+' &&
	    (strcmp(command, "PASS right") == 0 ||
		strncmp(command, "AUTH ", 5) == 0);

	bring_to(&talk, state);
	check_reply(&talk, row, state);
	check_state(&talk, logs_in ? TRANSACTION : state);
	ok(talk_ask(&talk, "QUIT"), "row 20: QUIT is always possible");
	is_number(
	    talk_end(&talk), SESSION_QUIT, "row 20: and ends the session");
}

/* A command between USER and PASS takes the name away, or leaves it, but never
 * lets anybody in with a wrong secret. */
static void
orders(void)
{
	struct talk talk;

	talk_start(&talk, "box");
	ok(!talk_ask(&talk, "PASS right"), "row 20: PASS without USER");
	ok(talk_ask(&talk, "USER eve"), "row 20: USER");
	ok(talk_ask(&talk, "USER joe"), "row 20: USER twice");
	ok(talk_ask(&talk, "PASS right"), "row 20: the second name counts");
	ok(!talk_ask(&talk, "USER joe"), "row 20: no second login");
	ok(!talk_ask(&talk, "PASS right"), "row 20: not half of it either");
	ok(talk_ask(&talk, "QUIT"), "row 20: QUIT");
	is_number(talk_end(&talk), SESSION_QUIT, "row 20: the session is over");

	talk_start(&talk, "box");
	talk_ask(&talk, "USER joe");
	talk_ask(&talk, "PASS wrong");
	is_text(talk.line, "-ERR [AUTH] wrong user name or password",
	    "a wrong password has its code");
	ok(!talk_ask(&talk, "PASS right"),
	    "row 20: then PASS needs USER again");
	talk_end(&talk);
}

int
main(void)
{
	enum state state;
	size_t row;

	box_open();
	box_log_to("log");
	for (row = 0; row < sizeof(table) / sizeof(*table); row++)
		for (state = FRESH; state < STATES; state++) {
			box_write_text("box",
			    FROM_LINE "A: 1\n\none\n\n" FROM_LINE
				      "A: 2\n\ntwo\n\n");
			check(row, state);
		}
	orders();
	return done();
}
