/*
 * AUTH, RFC 5034: what is asked and answered in an exchange, and which
 * credentials come of it.
 */
#include "config.h"

#include "bytes.h"
#include "dialogue.h"
#include "support/text.h"
#include "tap.h"

#include <string.h>

/* The conversation ends without an attempt, after exactly this answer. */
static void
answered(const char *text, const char *expected, const char *what)
{
	dialogue_open("<1.2@example.com>", "0123456789abcdef");
	is_number(dialogue_run(text), SESSION_GONE, "no attempt: %s", what);
	is_text(dialogue_answer, expected, "%s", what);
	ok(dialogue_session->credentials.name[0] == '\0' &&
		dialogue_session->credentials.secret[0] == '\0',
	    "and nothing of it is kept");
	dialogue_close();
}

static void
attempted(const char *text, const char *expected, enum credentials_kind kind,
    const char *secret, const char *what)
{
	dialogue_open("<1.2@example.com>", "0123456789abcdef");
	is_number(dialogue_run(text), SESSION_ATTEMPT, "%s", what);
	is_text(dialogue_answer, expected, "this was asked");
	is_number(
	    dialogue_session->credentials.kind, kind, "the kind is right");
	is_text(dialogue_session->credentials.name, "joe", "the name is right");
	is_text(dialogue_session->credentials.secret, secret,
	    "the secret is right");
	ok(credentials_are_sound(&dialogue_session->credentials),
	    "all is sound");
	dialogue_close();
}

/* ---- lists -------------------------------------------------------------- */

static void
lists(const char *mechanisms, bool takes_passwords, bool offers_challenges)
{
	char expected[200];
	char *p;

	dialogue_open("<1.2@example.com>", "0123456789abcdef");
	dialogue_session->takes_passwords = takes_passwords;
	dialogue_session->offers_challenges = offers_challenges;
	dialogue_run("AUTH\r\nCAPA\r\n");
	text_format(expected, sizeof(expected), "+OK mechanisms follow\r\n");
	ok(strncmp(dialogue_answer, expected, strlen(expected)) == 0,
	    "a list follows");
	p = strstr(dialogue_answer, "SASL ");
	if (p != NULL)
		*strchr(p, '\r') = '\0';
	is_text(p, mechanisms, "with these");
	dialogue_close();
}

static void
offers(void)
{
	answered("AUTH\r\n",
	    "+OK mechanisms follow\r\nSCRAM-SHA-256\r\nSCRAM-SHA-1\r\n"
	    "CRAM-MD5\r\nPLAIN\r\nLOGIN\r\n.\r\n",
	    "AUTH alone lists the mechanisms");
	answered("AUTH \r\n",
	    "+OK mechanisms follow\r\nSCRAM-SHA-256\r\nSCRAM-SHA-1\r\n"
	    "CRAM-MD5\r\nPLAIN\r\nLOGIN\r\n.\r\n",
	    "also with a blank behind it");
	lists(
	    "SASL SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 PLAIN LOGIN", true, true);
	lists("SASL PLAIN LOGIN", true, false);
	lists("SASL SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5", false, true);
	dialogue_open("<1.2@example.com>", "0123456789abcdef");
	dialogue_session->takes_passwords =
	    dialogue_session->offers_challenges = false;
	dialogue_run("AUTH\r\nCAPA\r\n");
	ok(strncmp(dialogue_answer, "+OK mechanisms follow\r\n.\r\n", 26) == 0,
	    "a list may be empty");
	ok(strstr(dialogue_answer, "SASL") == NULL &&
		strstr(dialogue_answer, "USER") == NULL,
	    "then nothing is announced");
	dialogue_close();
}

static void
refuse(const char *text, bool takes_passwords, const char *expected)
{
	dialogue_open("<1.2@example.com>", "0123456789abcdef");
	dialogue_session->takes_passwords = takes_passwords;
	dialogue_session->offers_challenges = !takes_passwords;
	is_number(dialogue_run(text), SESSION_GONE, "no attempt");
	is_text(dialogue_answer, expected, "what is not offered is refused");
	dialogue_close();
}

static void
refusals(void)
{
	static const char not_here[] =
	    "-ERR this mechanism is not offered here\r\n";
	static const char not_protected[] = "-ERR passwords are taken over an "
					    "encrypted connection only\r\n";

	refuse("AUTH SCRAM-SHA-256\r\n", true, not_here);
	refuse("AUTH SCRAM-SHA-1\r\n", true, not_here);
	refuse("AUTH CRAM-MD5\r\n", true, not_here);
	refuse("AUTH SCRAM-SHA-256-PLUS\r\n", true, not_here);
	refuse("AUTH PLAI\r\n", true, not_here);
	refuse("AUTH PLAINS\r\n", true, not_here);
	refuse("AUTH PLAIN AGpvZQByaWdodA==\r\n", false, not_protected);
	refuse("AUTH LOGIN\r\n", false, not_protected);
	refuse("USER joe\r\n", false, not_protected);
	refuse("PASS right\r\n", false, "-ERR say USER first\r\n");
	answered("AUTH PLAIN a b\r\n",
	    "-ERR wrong number or kind of arguments\r\n",
	    "AUTH has two arguments at most");
}

/* ---- the exchange ------------------------------------------------------- */

static void
exchanges(void)
{
	attempted("AUTH PLAIN\r\nAGpvZQByaWdodA==\r\n", "+ \r\n",
	    CREDENTIALS_PLAIN, "right",
	    "PLAIN; the blank is there if the challenge is empty");
	attempted("auth plain AGpvZQByaWdodA==\r\n", "", CREDENTIALS_PLAIN,
	    "right", "PLAIN with an initial response, in small letters");
	attempted("AUTH PLAIN am9lAGpvZQByaWdodA==\r\n", "", CREDENTIALS_PLAIN,
	    "right", "PLAIN where the authorization name is the same");
	attempted("AUTH PLAIN Sk9FAGpvZQByaWdodA==\r\n", "", CREDENTIALS_PLAIN,
	    "right", "or the same in capitals");
	attempted("AUTH LOGIN\r\nam9l\r\ncmlnaHQ=\r\n",
	    "+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n", CREDENTIALS_LOGIN, "right",
	    "LOGIN");
	attempted("AUTH LOGIN am9l\r\ncmlnaHQ=\r\n", "+ UGFzc3dvcmQ6\r\n",
	    CREDENTIALS_LOGIN, "right", "LOGIN with an initial response");
	attempted("AUTH CRAM-MD5\r\n"
		  "am9lIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\r\n",
	    "+ PDEuMkBleGFtcGxlLmNvbT4=\r\n", CREDENTIALS_CRAM_MD5,
	    "b913a602c7eda7a495b4e6e7334d3890",
	    "CRAM-MD5 with the stamp as challenge");
	attempted("USER eve\r\nAUTH PLAIN AGpvZQByaWdodA==\r\n",
	    "+OK now the password\r\n", CREDENTIALS_PLAIN, "right",
	    "AUTH after USER");
	attempted("AUTH PLAIN\r\n*\r\nAUTH LOGIN\r\n*\r\n"
		  "AUTH PLAIN AGpvZQByaWdodA==\r\n",
	    "+ \r\n-ERR login given up\r\n+ VXNlcm5hbWU6\r\n"
	    "-ERR login given up\r\n",
	    CREDENTIALS_PLAIN, "right", "after an asterisk there is another");
}

static void
failures(void)
{
	answered("AUTH PLAIN\r\n*\r\n", "+ \r\n-ERR login given up\r\n",
	    "an asterisk ends the exchange");
	answered("AUTH LOGIN\r\nam9l\r\n*\r\nPASS x\r\n",
	    "+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n-ERR login given up\r\n"
	    "-ERR say USER first\r\n",
	    "at any moment, and the name is gone with it");
	answered("USER joe\r\nAUTH PLAIN\r\n*\r\nPASS x\r\n",
	    "+OK now the password\r\n+ \r\n-ERR login given up\r\n"
	    "-ERR say USER first\r\n",
	    "also the name of a USER before");
	answered("AUTH PLAIN\r\nAGpvZQByaWdodA\r\n", "+ \r\n" DIALOGUE_BAD,
	    "base64 without padding");
	answered("AUTH PLAIN\r\nAGpvZQByaWdodA== \r\n", "+ \r\n" DIALOGUE_BAD,
	    "base64 and a blank");
	answered("AUTH PLAIN\r\n=\r\n", "+ \r\n" DIALOGUE_BAD,
	    "an equals sign is for initial responses only");
	answered(
	    "AUTH PLAIN\r\n\r\n", "+ \r\n" DIALOGUE_BAD, "an empty response");
	answered("AUTH PLAIN =\r\n", DIALOGUE_BAD, "an empty initial response");
	answered("AUTH LOGIN =\r\n", DIALOGUE_BAD, "an empty name");
	answered("AUTH LOGIN am9l\r\n\r\n", "+ UGFzc3dvcmQ6\r\n" DIALOGUE_BAD,
	    "an empty password");
	answered("AUTH LOGIN am8A\r\n", DIALOGUE_BAD, "a NUL in a name");
	answered("AUTH CRAM-MD5 =\r\n",
	    "-ERR this mechanism begins with a challenge\r\n",
	    "an initial response where the server is first");
	answered("AUTH CRAM-MD5\r\nam9l\r\n",
	    "+ PDEuMkBleGFtcGxlLmNvbT4=\r\n" DIALOGUE_BAD,
	    "CRAM-MD5 without digest");
	answered("AUTH CRAM-MD5\r\nIGFiYw==\r\n",
	    "+ PDEuMkBleGFtcGxlLmNvbT4=\r\n" DIALOGUE_BAD,
	    "CRAM-MD5 without name");
	answered("AUTH PLAIN\r\nAUTH PLAIN\r\nNOOP\r\n",
	    "+ \r\n" DIALOGUE_BAD
	    "-ERR unknown command, or not allowed now\r\n",
	    "a command in place of a response is none");
}

static void
plain_texts(void)
{
	answered("AUTH PLAIN am9lAHJpZ2h0\r\n", DIALOGUE_BAD, "one NUL");
	answered("AUTH PLAIN AGpvZQByaWdodAA=\r\n", DIALOGUE_BAD, "three NULs");
	answered("AUTH PLAIN AGpvZQByaWcAaHQ=\r\n", DIALOGUE_BAD,
	    "a NUL in the password");
	answered("AUTH PLAIN AABhYmM=\r\n", DIALOGUE_BAD, "no name");
	answered("AUTH PLAIN AGpvZQA=\r\n", DIALOGUE_BAD, "no password");
	answered("AUTH PLAIN am9l\r\n", DIALOGUE_BAD, "no NUL");
	answered("AUTH PLAIN ZXZlAGpvZQByaWdodA==\r\n",
	    "-ERR [AUTH] logging in for somebody else is not possible\r\n",
	    "another authorization name");
}

/* ---- long lines --------------------------------------------------------- */

/* AUTH PLAIN with a response of this many characters, as one password. */
static void
respond_at_length(size_t length, const char *expected, const char *what)
{
	struct bytes text = { 0 };

	bytes_add_text(&text, "AUTH PLAIN\r\n");
	bytes_fill(&text, 'A', length);
	bytes_add_text(&text, "\r\nNOOP\r\n");
	answered(text.data, expected, what);
	bytes_free(&text);
}

static void
long_lines(void)
{
	static const char taken[] =
	    "+ \r\n" DIALOGUE_BAD "-ERR unknown command, or not allowed "
	    "now\r\n";
	static const char too_long[] = "+ \r\n-ERR line too long\r\n"
				       "-ERR unknown command, or not allowed "
				       "now\r\n";
	struct bytes text = { 0 };

	respond_at_length(512, taken, "a response may be longer than a line");
	respond_at_length(12288, taken, "12288 octets are taken");
	respond_at_length(12289, too_long, "but not 12289");
	respond_at_length(40000, too_long, "nor 40000, with one reply");
	bytes_add_text(&text, "AUTH PLAIN ");
	bytes_fill(&text, 'A', 600);
	bytes_add_text(&text, "\r\n");
	answered(text.data, "-ERR line too long\r\n",
	    "AUTH itself is no longer than other commands");
	bytes_free(&text);
}

/* ---- the end ------------------------------------------------------------ */

static void
forgetting(void)
{
	size_t i;

	dialogue_open("<1.2@example.com>", "0123456789abcdef");
	is_number(dialogue_run("AUTH PLAIN\r\nAGpvZQByaWdodA==\r\nSTAT\r\n"),
	    SESSION_ATTEMPT, "an attempt");
	for (i = 0; i + 5 <= WIRE_INPUT_SIZE; i++)
		if (memcmp(dialogue_session->wire.input + i, "right", 5) == 0 ||
		    memcmp(dialogue_session->wire.input + i, "cmln", 4) == 0)
			break;
	is_number(i, WIRE_INPUT_SIZE - 4, "no secret is left in the buffer");
	ok(memcmp(wire_unread(&dialogue_session->wire, &i), "STAT\r\n", 6) ==
		    0 &&
		i == 6,
	    "but the next command is");
	is_number(session_refuse(dialogue_session, ANSWER_REFUSED),
	    SESSION_CONTINUE, "it is refused");
	is_text(
	    dialogue_session->credentials.secret, "", "and then it is gone");
	dialogue_close();
}

int
main(void)
{
	offers();
	refusals();
	exchanges();
	failures();
	plain_texts();
	long_lines();
	forgetting();
	return done();
}
