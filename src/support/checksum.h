/*
 * A fast 64-bit checksum against accidents: torn writes, foreign edits.  It
 * does not resist somebody who wants a collision.  The same on all machines.
 */
#ifndef SUPPORT_CHECKSUM_H
#define SUPPORT_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of length octets.  start makes checksums of several parts one:
 * the result for the parts before, or any number. */
uint64_t checksum(uint64_t start, const void *data, size_t length);

#endif
