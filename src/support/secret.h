/*
 * Randomness, and comparison that tells nothing by its duration.  Secrets are
 * wiped by their owner with explicit_bzero(3).
 */
#ifndef SUPPORT_SECRET_H
#define SUPPORT_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fills buffer with unpredictable octets.  0, or -1 with errno. */
int secret_random(void *buffer, size_t length);

/* A number from least to most, both included, for waiting times: falls back on
 * least if there is no randomness. */
unsigned int secret_between(unsigned int least, unsigned int most);

/* Compares length octets in a time that depends on length alone. */
bool secret_equal(const void *a, const void *b, size_t length);

#endif
