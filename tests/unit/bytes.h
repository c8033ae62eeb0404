/* Octets in memory, for tests. */
#ifndef UNIT_BYTES_H
#define UNIT_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* data always has a NUL behind the length octets, and is NULL only when
 * nothing was ever added.  Start with { 0 }, end with bytes_free(). */
struct bytes {
	char *data;
	size_t length;
};

void bytes_add(struct bytes *bytes, const void *data, size_t length);
void bytes_add_text(struct bytes *bytes, const char *text);
void bytes_fill(struct bytes *bytes, char c, size_t count);

/* Empties bytes but keeps nothing allocated. */
void bytes_free(struct bytes *bytes);

bool bytes_equal(const struct bytes *a, const struct bytes *b);
bool bytes_are_text(const struct bytes *bytes, const char *text);
bool bytes_have(const struct bytes *bytes, const char *text);

/* Numbers that are the same in every run: xorshift; start with a seed that is
 * not 0.  Returns 0 to below limit. */
uint32_t pick(uint32_t *state, uint32_t limit);

#endif
