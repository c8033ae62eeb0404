/*
 * Values as people read and type them, and paths with a query.
 */
#ifndef WEB_VALUE_H
#define WEB_VALUE_H

#include "admin/admin.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VALUE_SIZE	   32
#define VALUE_FORWARD_SIZE (2 * ACCOUNT_FORWARD_SIZE)

/* "0 B", "812 kB", "12 MB", rounded up; a dash for -1.  Returns out. */
const char *value_size(int64_t size, char out[VALUE_SIZE]);

/* "2026-11-22 18:36" in the time of this machine; a dash for -1.  Returns
 * out. */
const char *value_time(int64_t seconds, char out[VALUE_SIZE]);

/* Where mail goes: addresses, and the word "mailbox" if mail is kept, with
 * separator, of at most two octets, in between.  Returns out. */
const char *value_forward(const struct forward *forward, const char *separator,
    char out[VALUE_FORWARD_SIZE]);

/* Appends text to a path of size octets as a value of its query: octets that
 * mean something there become "%XX".  False, with path as it was, if it does
 * not fit. */
bool value_encode(char *path, size_t size, const char *text);

#endif
