/*
 * Log lines that may come often: the same line is written once in ten seconds,
 * the next time with the number of those that were left out.
 */
#ifndef SUPPORT_OFTEN_H
#define SUPPORT_OFTEN_H

#include <stdint.h>
#include <syslog.h>

/* As log_event().  A line that has come before within ten seconds is counted;
 * then one more is written, with " repeated=N" at its end, or before the
 * " addr=" there. */
void often_log(int priority, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* From now on lines are not judged here but handed to relay, with out as its
 * first argument: another process counts for all of its children.  NULL takes
 * that back. */
void often_relay(
    void (*relay)(int out, int priority, const char *line), int out);

/* Writes the counts that are due at the clock_now() moment now; INT64_MAX: all.
 * Returns when it must be called again, or -1: there is nothing to count. */
int64_t often_flush(int64_t now);

#endif
