/*
 * AUTH (RFC 5034): the exchange that is the same for all mechanisms, and the
 * simple ones.  Runs in the login child; what a client has shown is judged
 * elsewhere.
 */
#include "config.h"

#include "pop3/private.h"
#include "support/base64.h"
#include "support/text.h"

#include <string.h>
#include <strings.h>

/* ---- names -------------------------------------------------------------- */

/* Nobody may act for another one: the authorization name may be missing, or be
 * the same.  Names are not case-sensitive here. */
enum sasl_step
sasl_take_names(struct session *session, const char *wanted, const char *name)
{
	if (name[0] == '\0' ||
	    !text_copy(session->credentials.name, CREDENTIALS_NAME_SIZE, name))
		return SASL_BAD;
	if (wanted[0] != '\0' && strcasecmp(wanted, name) != 0)
		return SASL_PROXY;
	return SASL_COMPLETE;
}

/* ---- PLAIN, RFC 4616 ---------------------------------------------------- */

static void
begin_empty(struct exchange *exchange)
{
	exchange->challenge[0] = '\0';
}

static enum sasl_step
take_password(struct session *session, const char *password)
{
	return password[0] != '\0' &&
		text_copy(session->credentials.secret, CREDENTIALS_SECRET_SIZE,
		    password)
	    ? SASL_COMPLETE
	    : SASL_BAD;
}

/* [authzid] NUL authcid NUL passwd: three texts, with the NUL behind the
 * response. */
static enum sasl_step
step_plain(struct exchange *exchange, char *response, size_t length)
{
	const char *texts[3];
	enum sasl_step step;
	size_t used = 0;
	unsigned int i;

	for (i = 0; i < 3 && used <= length; i++) {
		texts[i] = response + used;
		used += strlen(texts[i]) + 1;
	}
	if (i < 3 || used != length + 1)
		return SASL_BAD;
	step = sasl_take_names(exchange->session, texts[0], texts[1]);
	if (step != SASL_COMPLETE)
		return step;
	return take_password(exchange->session, texts[2]);
}

/* ---- LOGIN, which has no standard --------------------------------------- */

static void
begin_login(struct exchange *exchange)
{
	text_copy(exchange->challenge, SASL_TEXT_SIZE, "Username:");
}

static enum sasl_step
step_login(struct exchange *exchange, char *response, size_t length)
{
	enum sasl_step step;

	if (strlen(response) != length)
		return SASL_BAD;
	if (exchange->responses > 1)
		return take_password(exchange->session, response);
	step = sasl_take_names(exchange->session, "", response);
	if (step != SASL_COMPLETE)
		return step;
	text_copy(exchange->challenge, SASL_TEXT_SIZE, "Password:");
	return SASL_CHALLENGE;
}

/* ---- CRAM-MD5, RFC 2195 ------------------------------------------------- */

static void
begin_cram(struct exchange *exchange)
{
	text_copy(
	    exchange->challenge, SASL_TEXT_SIZE, exchange->session->stamp);
}

/* Name and digest; a name may have blanks. */
static enum sasl_step
step_cram(struct exchange *exchange, char *response, size_t length)
{
	char *blank = strrchr(response, ' ');
	enum sasl_step step;

	if (strlen(response) != length || blank == NULL)
		return SASL_BAD;
	*blank = '\0';
	step = sasl_take_names(exchange->session, "", response);
	if (step != SASL_COMPLETE)
		return step;
	return take_password(exchange->session, blank + 1);
}

/* ---- the mechanisms ----------------------------------------------------- */

/* The best ones first. */
static const struct mechanism mechanisms[] = {
	{ "SCRAM-SHA-256", CREDENTIALS_SCRAM_SHA_256, false, true, begin_empty,
	    scram_step },
	{ "SCRAM-SHA-1", CREDENTIALS_SCRAM_SHA_1, false, true, begin_empty,
	    scram_step },
	{ "CRAM-MD5", CREDENTIALS_CRAM_MD5, false, false, begin_cram,
	    step_cram },
	{ "PLAIN", CREDENTIALS_PLAIN, true, true, begin_empty, step_plain },
	{ "LOGIN", CREDENTIALS_LOGIN, true, true, begin_login, step_login },
};

#define MECHANISMS (sizeof(mechanisms) / sizeof(*mechanisms))

static bool
is_offered(const struct session *session, const struct mechanism *mechanism)
{
	return mechanism->shows_password ? session->takes_passwords
					 : session->offers_challenges;
}

const char *
sasl_next_offer(const struct session *session, size_t *i)
{
	while (*i < MECHANISMS)
		if (is_offered(session, &mechanisms[(*i)++]))
			return mechanisms[*i - 1].name;
	return NULL;
}

static const struct mechanism *
find(const char *name)
{
	size_t i;

	for (i = 0; i < MECHANISMS; i++)
		if (strcasecmp(mechanisms[i].name, name) == 0)
			return &mechanisms[i];
	return NULL;
}

/* What clients asked before there was CAPA; Outlook still does. */
static enum session_event
list(struct session *session)
{
	const char *name;
	size_t i = 0;

	reply(&session->wire, REPLY_MECHANISMS);
	while ((name = sasl_next_offer(session, &i)) != NULL)
		wire_line(&session->wire, "%s", name);
	wire_line(&session->wire, ".");
	return SESSION_CONTINUE;
}

/* ---- the exchange ------------------------------------------------------- */

/* RFC 5034 section 4: the blank is there even if nothing follows. */
static void
send_challenge(struct wire *wire, const void *text, size_t length)
{
	char encoded[BASE64_SIZE(SASL_TEXT_SIZE)];

	base64_encode(text, length, encoded);
	wire_write(wire, "+ ", 2);
	wire_write(wire, encoded, strlen(encoded));
	wire_write(wire, "\r\n", 2);
}

/* Waits for a response.  SESSION_CONTINUE with *line NULL when what came has
 * been answered and ends the exchange. */
static enum session_event
read_response(struct session *session, char **line)
{
	enum wire_event event;
	enum session_event result;

	*line = NULL;
	do {
		event = wire_read_response(&session->wire, line);
		result = command_without_line(session, event);
	} while (event == WIRE_INTERRUPTED && result == SESSION_CONTINUE);
	if (event != WIRE_LINE)
		*line = NULL;
	return result;
}

static enum sasl_step
take_response(struct exchange *exchange, char *response)
{
	size_t length;

	exchange->responses++;
	if (strcmp(response, "*") == 0)
		return SASL_CANCEL;
	if (!base64_decode(response, &length))
		return SASL_BAD;
	return exchange->mechanism->step(exchange, response, length);
}

/* The response in the AUTH command itself, where "=" is an empty one. */
static enum sasl_step
take_initial(struct exchange *exchange, const char *initial)
{
	char copy[WIRE_LINE_SIZE];
	enum sasl_step step;

	text_copy(copy, sizeof(copy), strcmp(initial, "=") == 0 ? "" : initial);
	step = take_response(exchange, copy);
	explicit_bzero(copy, sizeof(copy));
	return step;
}

static enum session_event
conclude(const struct exchange *exchange, enum sasl_step step)
{
	struct session *session = exchange->session;

	if (step == SASL_COMPLETE)
		return authorization_attempt(
		    session, exchange->mechanism->kind);
	explicit_bzero(&session->credentials, sizeof(session->credentials));
	wire_forget(&session->wire);
	if (step == SASL_CANCEL) {
		reply(&session->wire, REPLY_CANCELLED);
		return SESSION_CONTINUE;
	}
	return command_reject(
	    session, step == SASL_PROXY ? REPLY_NO_PROXY : REPLY_BAD_RESPONSE);
}

static enum session_event
converse(struct exchange *exchange, const char *initial)
{
	struct session *session = exchange->session;
	enum sasl_step step = SASL_CHALLENGE;
	char *line;

	if (initial != NULL)
		step = take_initial(exchange, initial);
	else
		exchange->mechanism->begin(exchange);
	while (step == SASL_CHALLENGE) {
		enum session_event event;

		send_challenge(&session->wire, exchange->challenge,
		    strlen(exchange->challenge));
		event = read_response(session, &line);
		if (event != SESSION_CONTINUE || line == NULL)
			return event;
		step = take_response(exchange, line);
	}
	return conclude(exchange, step);
}

enum session_event
sasl_run(struct session *session, const struct arguments *arguments)
{
	const char *initial = arguments->count < 2 ? NULL : arguments->at[1];
	const struct mechanism *mechanism;
	struct exchange exchange;

	if (arguments->count == 0)
		return list(session);
	mechanism = find(arguments->at[0]);
	if (mechanism == NULL)
		return command_reject(session, REPLY_NO_MECHANISM);
	if (!is_offered(session, mechanism))
		return command_reject(session,
		    mechanism->shows_password ? REPLY_NOT_PROTECTED
					      : REPLY_NO_MECHANISM);
	if (initial != NULL && !mechanism->may_begin)
		return command_reject(session, REPLY_NO_INITIAL);
	session->has_name = false;
	exchange.session = session;
	exchange.mechanism = mechanism;
	exchange.responses = 0;
	return converse(&exchange, initial);
}

/* ---- after it ----------------------------------------------------------- */

enum session_event
session_confirm(struct session *session, enum credentials_kind kind,
    const unsigned char signature[CREDENTIALS_PROOF_SIZE])
{
	char text[SASL_TEXT_SIZE];
	enum session_event event;
	char *line;

	if (!scram_write_last(kind, signature, text))
		return SESSION_ATTEMPT;
	send_challenge(&session->wire, text, strlen(text));
	event = read_response(session, &line);
	if (event != SESSION_CONTINUE || line == NULL)
		return event;
	if (line[0] == '\0') {
		/* Another process goes on: this must be out before. */
		wire_flush(&session->wire);
		return SESSION_ATTEMPT;
	}
	reply(&session->wire, REPLY_CANCELLED);
	return SESSION_CONTINUE;
}
