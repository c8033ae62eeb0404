/*
 * Inside the protocol room: commands as tables, one for each state.
 */
#ifndef POP3_PRIVATE_H
#define POP3_PRIVATE_H

#include "pop3/pop3.h"
#include "pop3/reply.h"

#define COMMAND_ARGUMENTS 2

struct arguments {
	unsigned int count;
	const char *at[COMMAND_ARGUMENTS];
};

/* One row: a command that is allowed in a state. */
struct command {
	const char *verb;
	unsigned int least; /* arguments */
	unsigned int most;
	bool takes_rest; /* the rest of the line is one argument, verbatim */
	enum session_event (*run)(
	    struct session *session, const struct arguments *arguments);
};

/*
 * Reads commands and runs them from table, which ends with a NULL verb, until
 * one returns something else than SESSION_CONTINUE.  Answers everything that
 * is no good command, once per line.
 */
enum session_event command_loop(
    struct session *session, const struct command *table);

/* Shared by both states. */
enum session_event command_capa(
    struct session *session, const struct arguments *arguments);
enum session_event command_lang(
    struct session *session, const struct arguments *arguments);

/* What it means for the session that event came in place of a line; answers
 * what was sent. */
enum session_event command_without_line(
    struct session *session, enum wire_event event);

/* Answers with number and counts the command as a bad one; one too many is
 * told so instead, and ends the session. */
enum session_event command_reject(struct session *session, enum reply number);

/* Answers trouble with the mailbox and logs why.  Ends the session: once the
 * mailbox is not what it believes, no number means anything any more. */
enum session_event transaction_fail(
    struct session *session, const struct mbox_reason *reason);

/* ---- listing.c ---------------------------------------------------------- */

/* Reads a message number, from 1, into the index i, from 0.  If it is no
 * message, or a deleted one, answers, and *event is what comes of it. */
bool listing_find(struct session *session, const char *text, size_t *i,
    enum session_event *event);

enum session_event listing_stat(
    struct session *session, const struct arguments *arguments);
enum session_event listing_list(
    struct session *session, const struct arguments *arguments);
enum session_event listing_uidl(
    struct session *session, const struct arguments *arguments);

/* ---- authorization.c ---------------------------------------------------- */

/* Ends the collecting of session->credentials: SESSION_ATTEMPT. */
enum session_event authorization_attempt(
    struct session *session, enum credentials_kind kind);

/* ---- notices, RFC 8098 -------------------------------------------------- */

/* Hands over the notices that are due for what was retrieved; before the
 * mailbox is updated. */
void session_notify(struct session *session);

/* ---- SASL, RFC 5034 ----------------------------------------------------- */

/* AUTH: lists the mechanisms, or runs one. */
enum session_event sasl_run(
    struct session *session, const struct arguments *arguments);

/* The name of the next mechanism that can succeed in this session, or NULL; *i
 * begins with 0. */
const char *sasl_next_offer(const struct session *session, size_t *i);

/* What a response of the client leads to. */
enum sasl_step {
	SASL_CHALLENGE, /* exchange->challenge is to be sent */
	SASL_COMPLETE,	/* session->credentials are filled, but for the kind */
	SASL_BAD,	/* the response is not what the mechanism asks for */
	SASL_CANCEL,	/* the client has given up */
	SASL_PROXY	/* the client wants to act for somebody else */
};

#define SASL_TEXT_SIZE 1024

/* One AUTH command. */
struct exchange {
	struct session *session;
	const struct mechanism *mechanism;
	unsigned int responses; /* so far */
	char challenge[SASL_TEXT_SIZE];
	/* What a SCRAM client must repeat. */
	char header[SASL_TEXT_SIZE];
	char nonce[SASL_TEXT_SIZE];
};

/* A row in the table of mechanisms. */
struct mechanism {
	const char *name;
	enum credentials_kind kind;
	bool shows_password; /* to everybody on the way */
	bool may_begin;	     /* AUTH itself may have the first response */
	void (*begin)(struct exchange *exchange); /* makes a challenge */
	/* Takes a response: length octets and a NUL, which may be changed. */
	enum sasl_step (*step)(
	    struct exchange *exchange, char *response, size_t length);
};

/* Takes the name of who logs in, and of whom he wants to act for, empty for
 * himself: SASL_COMPLETE, SASL_BAD or SASL_PROXY. */
enum sasl_step sasl_take_names(
    struct session *session, const char *wanted, const char *name);

enum sasl_step scram_step(
    struct exchange *exchange, char *response, size_t length);

/* The last message to a SCRAM client; false for the other mechanisms. */
bool scram_write_last(enum credentials_kind kind,
    const unsigned char signature[CREDENTIALS_PROOF_SIZE],
    char text[SASL_TEXT_SIZE]);

#endif
