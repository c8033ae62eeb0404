/*
 * The AUTHORIZATION state: greeting, name and secret.  Runs in the login
 * child, which has no rights at all; whether a secret is right is decided
 * elsewhere.
 */
#include "config.h"

#include "pop3/private.h"
#include "support/text.h"

#include <string.h>

void
session_greet(struct session *session)
{
	if (session->offers_challenges)
		reply_with(&session->wire, REPLY_GREETING, session->stamp);
	else
		reply(&session->wire, REPLY_GREETING);
}

/* A line has at most 512 octets, so every argument fits. */
static enum session_event
run_user(struct session *session, const struct arguments *arguments)
{
	if (!session->takes_passwords)
		return command_reject(session, REPLY_NOT_PROTECTED);
	session->has_name = text_copy(
	    session->credentials.name, CREDENTIALS_NAME_SIZE, arguments->at[0]);
	reply(&session->wire, REPLY_NAME_TAKEN);
	return SESSION_CONTINUE;
}

/* Another process answers: what is held here must be out before. */
enum session_event
authorization_attempt(struct session *session, enum credentials_kind kind)
{
	session->credentials.kind = kind;
	session->has_name = false;
	wire_flush(&session->wire);
	wire_forget(&session->wire);
	return SESSION_ATTEMPT;
}

static enum session_event
attempt(struct session *session, enum credentials_kind kind, const char *secret)
{
	text_copy(session->credentials.secret, CREDENTIALS_SECRET_SIZE, secret);
	return authorization_attempt(session, kind);
}

/* RFC 1939 section 7: only right after a USER; blanks belong to the
 * password. */
static enum session_event
run_pass(struct session *session, const struct arguments *arguments)
{
	if (!session->has_name)
		return command_reject(session, REPLY_USER_FIRST);
	return attempt(session, CREDENTIALS_PASSWORD, arguments->at[0]);
}

static enum session_event
run_apop(struct session *session, const struct arguments *arguments)
{
	if (!session->offers_challenges)
		return command_reject(session, REPLY_NO_APOP);
	text_copy(
	    session->credentials.name, CREDENTIALS_NAME_SIZE, arguments->at[0]);
	return attempt(session, CREDENTIALS_APOP, arguments->at[1]);
}

/* RFC 6856 section 2.1.  Messages are sent as they are stored anyway. */
static enum session_event
run_utf8(struct session *session, const struct arguments *arguments)
{
	(void)arguments;
	reply(&session->wire, REPLY_UTF8);
	return SESSION_CONTINUE;
}

static enum session_event
run_quit(struct session *session, const struct arguments *arguments)
{
	(void)arguments;
	reply(&session->wire, REPLY_GOODBYE);
	wire_flush(&session->wire);
	return SESSION_QUIT;
}

static const struct command table[] = {
	{ "USER", 1, 1, false, run_user },
	{ "PASS", 1, 1, true, run_pass },
	{ "APOP", 2, 2, false, run_apop },
	{ "AUTH", 0, 2, false, sasl_run },
	{ "CAPA", 0, 0, false, command_capa },
	{ "LANG", 0, 1, false, command_lang },
	{ "UTF8", 0, 0, false, run_utf8 },
	{ "QUIT", 0, 0, false, run_quit },
	{ NULL, 0, 0, false, NULL },
};

enum session_event
session_authorize(struct session *session)
{
	return command_loop(session, table);
}

enum session_event
session_refuse(struct session *session, enum session_answer answer)
{
	explicit_bzero(&session->credentials, sizeof(session->credentials));
	reply(&session->wire,
	    answer == ANSWER_REFUSED ? REPLY_BAD_CREDENTIALS
				     : REPLY_SYSTEM_TROUBLE);
	if (++session->failures < session->most_failures)
		return SESSION_CONTINUE;
	wire_flush(&session->wire);
	return SESSION_ABUSE;
}
