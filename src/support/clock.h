/*
 * Time that never steps back: CLOCK_MONOTONIC in milliseconds.
 */
#ifndef SUPPORT_CLOCK_H
#define SUPPORT_CLOCK_H

#include <stdint.h>

/* Milliseconds since some fixed moment of this boot. */
int64_t clock_now(void);

/* Sleeps until clock_now() has reached moment; signals do not cut it short. */
void clock_sleep_until(int64_t moment);

#endif
