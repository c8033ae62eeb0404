/*
 * What the programs of the benchmark share.  They end with a message at the
 * first error: a figure from a run in which something failed is none.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>

/* Microseconds of a clock that only goes forward. */
int64_t bench_now(void);

/* Ends the program with the message and what errno says. */
void bench_die(const char *what) __attribute__((noreturn));

/* What does not return -1, or the end. */
int bench_try(int result, const char *what);

/* A number of the command line. */
unsigned long bench_number(const char *text);

/* Writes all of data. */
void bench_write(int fd, const char *data, size_t length);

/* A socket that listens on 127.0.0.1, and one that is connected to it. */
int bench_listen(uint16_t port);
int bench_connect(uint16_t port);

/* Prints "NAME microseconds". */
void bench_tell(const char *name, int64_t microseconds);

#endif
