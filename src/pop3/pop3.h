/*
 * The door of the protocol room: the POP3 conversation of one connection.
 *
 * The room knows no uid, no passwd file and no other process.  Who the client
 * is, is asked of the caller: session_authorize() returns with credentials,
 * and the caller answers with session_refuse() or goes on, in a process that
 * has the rights for it, with session_open().
 */
#ifndef POP3_POP3_H
#define POP3_POP3_H

#include "account/credentials.h"
#include "mbox/mbox.h"
#include "pop3/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STAMP_SIZE 256

/* Why a part of the conversation is over. */
enum session_event {
	SESSION_CONTINUE,
	SESSION_ATTEMPT, /* credentials wait for an answer */
	SESSION_QUIT,	 /* the client said QUIT */
	SESSION_GONE,	 /* the client went away without QUIT */
	SESSION_TIMEOUT, /* it was idle, or took no output, for too long */
	SESSION_ABUSE,	 /* too many senseless commands or failed logins */
	SESSION_STOPPED, /* SIGTERM */
	SESSION_BROKEN	 /* the mailbox cannot be read any more */
};

struct session {
	bool has_name;			  /* credentials have one: after USER */
	unsigned int login_delay;	  /* announced, s; 0: none */
	const struct language *preferred; /* what LANG * means */
	bool offers_challenges; /* APOP, CRAM-MD5, SCRAM: of use to somebody */
	bool takes_passwords;	/* in the clear: USER, PLAIN, LOGIN */
	unsigned int failures;
	unsigned int most_failures;
	char stamp[STAMP_SIZE]; /* for APOP, CRAM-MD5, SCRAM */
	unsigned char salt[CREDENTIALS_SALT_SIZE]; /* for SCRAM */

	/* For log lines: the peer is an address, the user as logged in. */
	const char *peer;
	const char *user;

	struct mbox *mbox; /* after login */
	int notices;	   /* socket for each struct notice, or -1: none */
	size_t last;	   /* highest message accessed, from 1; 0: none */
	size_t first_last; /* what LAST was when the session began */

	/* What is told at the end. */
	int64_t started;
	unsigned long commands;
	unsigned int bad_commands; /* since the last good one */
	size_t retrieved;
	size_t deleted;

	struct credentials credentials; /* of the current attempt */

	struct wire wire; /* last, since it is large: see session_init() */
};

/* Prepares a session on two descriptors, which stay the caller's, in the
 * built-in language.  peer is borrowed. */
void session_init(struct session *session, int in, int out, const char *peer);

/* Sets the language that the session begins with, and that LANG * means. */
void session_prefer(struct session *session, const struct language *language);

/* Makes a salt and a stamp, RFC 1939 section 7: "<...@host>", printable,
 * without comma, never the same twice.  0, or -1 with errno. */
int session_make_stamp(struct session *session);

/* ---- AUTHORIZATION ------------------------------------------------------ */

void session_greet(struct session *session);

/* Talks until there is an attempt to log in, or the end. */
enum session_event session_authorize(struct session *session);

/*
 * After an attempt that was accepted: a SCRAM client is shown signature, by
 * which it knows that we know its secret, and is asked to agree (RFC 5802
 * section 5); nothing is done after other attempts.  SESSION_ATTEMPT means go
 * on; SESSION_CONTINUE that the client gave it up, and was answered.
 */
enum session_event session_confirm(struct session *session,
    enum credentials_kind kind,
    const unsigned char signature[CREDENTIALS_PROOF_SIZE]);

/* What an attempt came to. */
enum session_answer {
	ANSWER_ACCEPTED,
	ANSWER_REFUSED, /* [AUTH] */
	ANSWER_TROUBLE	/* [SYS/TEMP]; not the client's fault */
};

/* Answers an attempt that was not accepted.  SESSION_ABUSE when that was one
 * too many. */
enum session_event session_refuse(
    struct session *session, enum session_answer answer);

/* ---- TRANSACTION -------------------------------------------------------- */

/*
 * Opens the mailbox and answers the attempt that was accepted.
 * SESSION_CONTINUE, or SESSION_BROKEN after an error reply and a log line.
 */
enum session_event session_open(
    struct session *session, const struct mbox_place *place, int64_t deadline);

/* Answers an attempt that was accepted but cannot be served, and logs why. */
void session_fail(struct session *session, const struct mbox_reason *reason);

/* The same for trouble that has nothing to do with the mailbox; the caller has
 * logged it. */
void session_fail_system(struct session *session);

/* Talks until the end.  On QUIT the mailbox has been updated and the reply
 * says whether that succeeded. */
enum session_event session_transact(struct session *session);

/* Logs how the session went. */
void session_log_end(const struct session *session, enum session_event event);

/* Logs where it stands: the answer to SIGUSR2. */
void session_log_status(const struct session *session);

/* Does what the signals that came ask for: SIGUSR2 the status, SIGTERM the end,
 * which is SESSION_STOPPED. */
enum session_event session_take_signals(const struct session *session);

/* Waits until the clock_now() moment until, or SESSION_STOPPED comes. */
enum session_event session_wait(const struct session *session, int64_t until);

/* Frees the mailbox.  The descriptors stay open. */
void session_free(struct session *session);

#endif
