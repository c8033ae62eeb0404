/* A POP3 session in another process, and our end of the conversation. */
#ifndef UNIT_TALK_H
#define UNIT_TALK_H

#include "mbox/mbox.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* The user whose mail it is. */
#define TALK_USER   "joe"
#define TALK_SECRET "right"

struct talk {
	pid_t pid;
	int socket;
	FILE *input;
	char line[600]; /* the last one, without CR LF */
};

/* Starts a session on the mailbox name in the sandbox, and reads the
 * greeting. */
void talk_start(struct talk *talk, const char *name);

/* The same, logged in. */
void talk_log_in(struct talk *talk, const char *name);

/* Sends text as it is. */
void talk_send(struct talk *talk, const char *text);

/* Reads a line into talk->line; false at the end of the connection. */
bool talk_read(struct talk *talk);

/* Sends a command and reads a line; true for +OK. */
bool talk_ask(struct talk *talk, const char *command);

/* Reads a multi-line reply behind its first line; how many lines. */
int talk_skip_lines(struct talk *talk);

/* Closes our end; the enum session_event with which the session ended. */
int talk_end(struct talk *talk);

#endif
