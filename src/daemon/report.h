/*
 * What the processes of connections tell the listener before the login, through
 * one pipe, and what it answers, by a signal.  Only a process that is as much
 * trusted as the listener holds the writing end: the login child and the
 * session have it no more.
 */
#ifndef DAEMON_REPORT_H
#define DAEMON_REPORT_H

#include "daemon/address.h"

#include <stdint.h>
#include <sys/types.h>

enum report_kind {
	REPORT_SOURCE,	  /* a header has named the client; wants an answer */
	REPORT_FAILURE,	  /* an attempt to log in has failed */
	REPORT_LOGGED_IN, /* the slot is not one before the login any more */
	REPORT_LINE	  /* a log line that may come often */
};

#define REPORT_LINE_SIZE 1024

struct report {
	pid_t pid;
	enum report_kind kind;
	struct address address; /* of the client */
	int priority;		/* of the line */
	char line[REPORT_LINE_SIZE];
};

/* Makes the pipe.  Reading never waits.  0, or -1 with errno. */
int report_open(int *in, int *out);

/* The next report; false if there is none. */
bool report_read(int in, struct report *report);

/* Tells kind of this process.  Nothing is done with out -1: there is no
 * listener. */
void report_send(int out, enum report_kind kind, const struct address *address);

/* The same with a log line. */
void report_line(int out, int priority, const char *line);

enum report_answer {
	REPORT_GO_ON,
	REPORT_SLOWLY, /* go on, after a while */
	REPORT_END     /* end: SIGTERM has come, or nothing until deadline */
};

/* Sends REPORT_SOURCE and waits.  Without a listener it is REPORT_GO_ON. */
enum report_answer report_ask(
    int out, const struct address *address, int64_t deadline);

/* In the listener: answers the child. */
void report_answer(pid_t pid, enum report_answer answer);

#endif
