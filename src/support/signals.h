/*
 * Signals without surprises: they are blocked except inside signals_poll(), a
 * handler sets a flag and nothing else, and the flag is asked for in the main
 * line of the program.
 */
#ifndef SUPPORT_SIGNALS_H
#define SUPPORT_SIGNALS_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/* For the start of a program: forgets what was inherited as blocked, and
 * ignores what would end a process by default, but for SIGTERM, SIGQUIT and
 * SIGKILL and what comes of faults. */
void signals_init(void);

/* From now on signal is noted.  It is blocked until signals_poll() waits. */
void signals_watch(int signal);

/* Back to what the system does with signal by default; it is not blocked. */
void signals_default(int signal);

/* All as the system does by default, and none blocked: for a program that is
 * about to be executed. */
void signals_restore(void);

/* Nothing happens for signal. */
void signals_ignore(int signal);

/* True if signal came since the last call for it. */
bool signals_take(int signal);

/* poll(2) until the clock_now() moment deadline, or without limit if that is
 * negative, during which the watched signals are let in: -1 with EINTR. */
int signals_poll(struct pollfd *fds, nfds_t count, int64_t deadline);

#endif
