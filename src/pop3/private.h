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

/* Answers with number and counts the command as a bad one; one too many is
 * told so instead, and ends the session. */
enum session_event command_reject(struct session *session, enum reply number);

#endif
