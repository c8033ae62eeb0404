/*
 * Every log line of the three programs goes through here: to syslog(3),
 * facility mail, or to standard error.  Callers pass one event per line and
 * escape foreign text with text_escape() first.
 */
#ifndef SUPPORT_LOG_H
#define SUPPORT_LOG_H

#include <stdbool.h>
#include <syslog.h>

/*
 * What --debug=MASK can switch on.  The mask is two hexadecimal digits: the
 * left one is for the processes of a session, the right one for the daemon.
 */
enum log_trace {
	TRACE_COMMANDS = 0x10,	 /* commands, secrets left out */
	TRACE_MAILBOX = 0x20,	 /* opening and updating it */
	TRACE_LOGIN = 0x40,	 /* where an account was looked up */
	TRACE_CONNECTION = 0x01, /* accept, fork, end of children */
	TRACE_SIGNALS = 0x02	 /* signals seen by the listener */
};

/*
 * Names the program in every line.  program must live as long as the process.
 * Lines go to syslog until log_to_stderr() is called.
 */
void log_open(const char *program);

/* From now on lines go to standard error instead of syslog. */
void log_to_stderr(void);

/* Whether every line goes to standard error as well: while a daemon starts,
 * somebody is watching. */
void log_echo(bool echoes);

/*
 * Gives up the connection to syslog, to be called before descriptors are
 * closed or moved without looking; and makes it again.  Lines in between are
 * lost, except on standard error.
 */
void log_close(void);
void log_reopen(void);

/* Chooses which log_trace() lines are written; 0 (the start) is none. */
void log_set_traces(unsigned int mask);

/* Writes one line.  priority is LOG_ERR, LOG_WARNING, ... of syslog(3). */
void log_event(int priority, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* True when --debug asked for lines of this kind. */
bool log_traces(enum log_trace kind);

/* Writes one line at LOG_DEBUG if --debug asked for this kind. */
void log_trace(enum log_trace kind, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
