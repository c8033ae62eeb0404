/*
 * Test Anything Protocol for our C tests.  Every check is one point, its name
 * a sentence of what is true.
 */
#ifndef UNIT_TAP_H
#define UNIT_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Integers of any type; they are compared as 64-bit numbers. */
#define is_number(found, expected, ...) \
	tap_number((intmax_t)(found), (intmax_t)(expected), __VA_ARGS__)

void ok(bool is_true, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void tap_number(intmax_t found, intmax_t expected, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void is_text(const char *found, const char *expected, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Octets, NUL among them. */
struct bytes;
void is_bytes(const struct bytes *found, const struct bytes *expected,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A point that cannot be checked here; why says what is missing. */
void skip(const char *why, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A line for people. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the program: something the test itself needs has failed. */
void bail_out(const char *what) __attribute__((noreturn));

/* Writes the plan; the result of main(). */
int done(void);

#endif
