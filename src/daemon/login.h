/*
 * The login child: the process that reads from strangers.  It has no rights,
 * speaks the AUTHORIZATION state, and asks the connection process about every
 * attempt over a socket: one struct credentials up, the answer down.
 */
#ifndef DAEMON_LOGIN_H
#define DAEMON_LOGIN_H

#include "pop3/pop3.h"

#include <sys/types.h>

struct login {
	pid_t pid;
	int socket; /* to the child */
};

/* How the child becomes harmless. */
struct login_cell {
	uid_t uid;
	gid_t gid;
	const char *directory; /* empty, of root */
	bool is_sandboxed;
};

/* Starts the child, which greets the client.  0, or -1 with errno. */
int login_start(struct login *login, struct session *session,
    const struct login_cell *cell);

enum login_event {
	LOGIN_ATTEMPT,	   /* session->credentials are filled, and sound */
	LOGIN_CONFIRMED,   /* the session can begin */
	LOGIN_GIVEN_UP,	   /* ... or not: the client has changed its mind */
	LOGIN_ENDED,	   /* the child has ended */
	LOGIN_TIMEOUT,	   /* the deadline has passed */
	LOGIN_INTERRUPTED, /* a watched signal came; call again */
	LOGIN_BROKEN	   /* the child sends what it must not */
};

/* Waits for the child until the clock_now() moment deadline. */
enum login_event login_wait(
    const struct login *login, struct session *session, int64_t deadline);

/* Answers an attempt; signature is for the client of an accepted one.  0, or -1
 * with errno: the child will never know. */
int login_answer(const struct login *login, enum session_answer answer,
    const unsigned char signature[CREDENTIALS_PROOF_SIZE]);

/* After ANSWER_ACCEPTED: waits until the client agrees, and takes over the
 * input that the child has read but not used, and the language.
 * LOGIN_CONFIRMED when all that is done. */
enum login_event login_take_over(
    const struct login *login, struct session *session, int64_t deadline);

/* Makes sure that the child has ended, and returns how it says that its part of
 * the conversation ended: never SESSION_ATTEMPT. */
enum session_event login_end(struct login *login);

#endif
