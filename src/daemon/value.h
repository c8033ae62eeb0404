/*
 * Values of options: text from the command line to what it means.  A text that
 * means nothing ends the program, with EX_USAGE and a message that names the
 * option and says what it takes.
 */
#ifndef DAEMON_VALUE_H
#define DAEMON_VALUE_H

#include "daemon/options.h"

/* Ends the program after a message. */
void value_fail(const char *format, ...)
    __attribute__((noreturn, format(printf, 1, 2)));

/* A decimal number from least to most, for the option name. */
unsigned int value_number(
    const char *name, const char *text, unsigned int least, unsigned int most);

/* An absolute path. */
const char *value_path(const char *name, const char *text);

bool value_is_yes(const char *name, const char *text);

/* A set of enum mbox_lock_method. */
unsigned int value_lock_methods(const char *text);

const struct uidl_format *value_uidl_format(const char *text);

enum challenges_offer value_challenges(const char *text);

/* The name of a domain as account/ takes it. */
const char *value_domain(const char *text);

const struct language *value_language(const char *text);

/* An address of --proxy-from, with or without the bits that count. */
struct network value_network(const char *text);

/* Seconds to milliseconds, with a warning when the RFC forbids so few. */
int64_t value_timeout(const char *text);

#endif
