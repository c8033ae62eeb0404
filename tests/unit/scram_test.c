/* SCRAM, RFC 5802 and RFC 7677: the messages that a client may send. */
#include "config.h"

#include "bytes.h"
#include "dialogue.h"
#include "support/base64.h"
#include "tap.h"

#include <string.h>

/* Lines of an exchange, in plain: they are encoded here. */
static void
add_encoded(struct bytes *text, const char *line)
{
	char encoded[BASE64_SIZE(3000)];

	base64_encode(line, strlen(line), encoded);
	bytes_add_text(text, encoded);
	bytes_add_text(text, "\r\n");
}

static enum session_event
scram(const char *mechanism, const char *first, const char *last)
{
	struct bytes text = { 0 };
	enum session_event event;

	bytes_add_text(&text, "AUTH ");
	bytes_add_text(&text, mechanism);
	bytes_add_text(&text, "\r\n");
	add_encoded(&text, first);
	if (last != NULL)
		add_encoded(&text, last);
	event = dialogue_run(text.data);
	bytes_free(&text);
	return event;
}

#define NONCE "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define PROOF "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="

static void
open_rfc_session(void)
{
	char salt[] = "W22ZaJ0SNY7soEsUEjb6gQ==";
	size_t length;

	if (!base64_decode(salt, &length))
		bail_out(salt);
	dialogue_open("%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", salt);
}

static void
rfc_7677(void)
{
	unsigned char signature[CREDENTIALS_PROOF_SIZE] = { 0 };

	open_rfc_session();
	is_number(scram("SCRAM-SHA-256", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
		      "c=biws,r=" NONCE "," PROOF),
	    SESSION_ATTEMPT, "the exchange of RFC 7677 section 3");
	is_text(dialogue_answer,
	    "+ \r\n+ cj1yT3ByTkdmd0ViZVJXZ2JORWtxTyVodllEcFdVYTJSYVRDQWZ1eEZJb"
	    "GopaE5sRiRrMCxzPVcyMlphSjBTTlk3c29Fc1VFamI2Z1E9PSxpPTQwOTY=\r\n",
	    "our first message is that of the RFC");
	is_text(dialogue_session->credentials.name, "user", "the name");
	is_text(dialogue_session->credentials.message,
	    "n=user,r=rOprNGfwEbeRWgbNEkqO,r=" NONCE
	    ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=" NONCE,
	    "what is signed");
	ok(memcmp(dialogue_session->credentials.proof, "\x74\x7c\xdb\x65", 4) ==
		0,
	    "the proof");
	is_number(
	    session_confirm(dialogue_session, CREDENTIALS_PLAIN, signature),
	    SESSION_ATTEMPT, "after PLAIN there is nothing to confirm");
	dialogue_read();
	is_text(dialogue_answer, "", "and nothing is said");
	dialogue_close();
}

static void
name_of(const char *first, const char *expected)
{
	open_rfc_session();
	scram("SCRAM-SHA-1", first, NULL);
	is_text(dialogue_session->credentials.name, expected, "%s names %s",
	    first, expected);
	dialogue_close();
}

static void
bad_first(const char *first, const char *expected)
{
	open_rfc_session();
	is_number(
	    scram("SCRAM-SHA-256", first, NULL), SESSION_GONE, "no attempt");
	ok(strncmp(dialogue_answer, "+ \r\n", 4) == 0,
	    "after the empty challenge");
	is_text(dialogue_answer + 4, expected, "\"%s\" is refused", first);
	dialogue_close();
}

static void
first_messages(void)
{
	name_of("n,,n=joe@kvt.dk,r=x", "joe@kvt.dk");
	name_of("y,,n=a=2Cb=3Dc,r=x", "a,b=c");
	name_of("n,a=joe,n=joe,r=x", "joe");
	name_of("n,a=j=3D,n=J=3D,r=x,x=extension", "J=");
	bad_first("", DIALOGUE_BAD);
	bad_first("n", DIALOGUE_BAD);
	bad_first("n,", DIALOGUE_BAD);
	bad_first("n,,", DIALOGUE_BAD);
	bad_first("n,,n=joe", DIALOGUE_BAD);
	bad_first("n,,n=joe,r=", DIALOGUE_BAD);
	bad_first("n,,n=joe,s=x", DIALOGUE_BAD);
	bad_first("n,,n=,r=x", DIALOGUE_BAD);
	bad_first("n,,m=1,n=joe,r=x", DIALOGUE_BAD);
	bad_first("n,,r=x,n=joe", DIALOGUE_BAD);
	bad_first("n,,n=j=oe,r=x", DIALOGUE_BAD);
	bad_first("n,,n=joe=2,r=x", DIALOGUE_BAD);
	bad_first("n,,n=joe=2c,r=x", DIALOGUE_BAD);
	bad_first("n,,n=joe,r=x y", DIALOGUE_BAD);
	bad_first("n,,n=joe,r=x\x7f", DIALOGUE_BAD);
	bad_first("n,a=,n=joe,r=x", DIALOGUE_BAD);
	bad_first("n,joe,n=joe,r=x", DIALOGUE_BAD);
	bad_first("N,,n=joe,r=x", DIALOGUE_BAD);
	bad_first("x,,n=joe,r=x", DIALOGUE_BAD);
	bad_first("p=tls-unique,,n=joe,r=x", DIALOGUE_BAD);
	bad_first("p=,,n=joe,r=x", DIALOGUE_BAD);
	bad_first("n,a=eve,n=joe,r=x",
	    "-ERR [AUTH] logging in for somebody else is not possible\r\n");
}

static void
bad_last(const char *last)
{
	open_rfc_session();
	is_number(
	    scram("SCRAM-SHA-256", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO", last),
	    SESSION_GONE, "no attempt");
	ok(strstr(dialogue_answer, "=\r\n" DIALOGUE_BAD) != NULL,
	    "\"%s\" is refused", last);
	dialogue_close();
}

static void
last_messages(void)
{
	bad_last("");
	bad_last("c=biws,r=" NONCE);
	bad_last(PROOF);
	bad_last("r=" NONCE "," PROOF);
	bad_last("c=biws," PROOF);
	bad_last("c=biws,r=rOprNGfwEbeRWgbNEkqO," PROOF);
	bad_last("c=biws,r=" NONCE "x," PROOF);
	bad_last("c=eSws,r=" NONCE "," PROOF);
	bad_last("c=,r=" NONCE "," PROOF);
	bad_last("c=biwsAA==,r=" NONCE "," PROOF);
	bad_last("c=biw,r=" NONCE "," PROOF);
	bad_last("r=" NONCE ",c=biws," PROOF);
	bad_last("c=biws,r=" NONCE "," PROOF ",x=y");
	bad_last("c=biws,r=" NONCE ",p=");
	bad_last("c=biws,r=" NONCE ",p=dHzb");
	bad_last("c=biws,r=" NONCE ",p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
	open_rfc_session();
	is_number(scram("SCRAM-SHA-256", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
		      "c=biws,r=" NONCE ",x=y," PROOF),
	    SESSION_ATTEMPT, "an extension is passed over");
	ok(strstr(dialogue_session->credentials.message, ",x=y") != NULL,
	    "but signed");
	dialogue_close();
}

/* As much as fits in a line; nothing is cut off silently. */
static void
large_messages(void)
{
	struct bytes first = { 0 };
	size_t length;
	int wrong = 0;

	for (length = 400; length < 2000; length += 97) {
		bytes_add_text(&first, "n,,n=user,r=");
		bytes_fill(&first, 'x', length);
		open_rfc_session();
		scram("SCRAM-SHA-1", first.data, NULL);
		wrong += (strstr(dialogue_answer, DIALOGUE_BAD) == NULL) !=
		    (dialogue_session->credentials.message[0] != '\0');
		dialogue_close();
		bytes_free(&first);
	}
	is_number(wrong, 0, "a large nonce is taken whole, or refused");
	bytes_add_text(&first, "n,,n=");
	bytes_fill(&first, 'x', 512);
	bytes_add_text(&first, ",r=x");
	bad_first(first.data, DIALOGUE_BAD);
	bytes_free(&first);
}

/* ---- the end ------------------------------------------------------------ */

static void
confirm(const char *response, enum session_event expected,
    const char *expected_answer, const char *what)
{
	unsigned char signature[CREDENTIALS_PROOF_SIZE];

	memset(signature, 0, sizeof(signature));
	dialogue_open("<1.2@example.com>", "0123456789abcdef");
	dialogue_send(response);
	is_number(session_confirm(
		      dialogue_session, CREDENTIALS_SCRAM_SHA_1, signature),
	    expected, "%s", what);
	dialogue_read();
	is_text(dialogue_answer, expected_answer, "%s: the answer", what);
	dialogue_close();
}

#define LAST "+ dj1BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE9\r\n"

static void
confirmations(void)
{
	confirm("\r\nSTAT\r\n", SESSION_ATTEMPT, LAST,
	    "an empty response confirms");
	confirm("*\r\n", SESSION_CONTINUE, LAST "-ERR login given up\r\n",
	    "an asterisk does not");
	confirm("eA==\r\n", SESSION_CONTINUE, LAST "-ERR login given up\r\n",
	    "nor does any other response");
	confirm("", SESSION_GONE, LAST, "nor a client that has gone");
}

int
main(void)
{
	rfc_7677();
	first_messages();
	last_messages();
	large_messages();
	confirmations();
	return done();
}
