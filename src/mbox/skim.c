/*
 * The lines of a body, many at a time.  Vectors of the compiler's, which any
 * processor has in one way or another.
 */
#include "config.h"

#include "mbox/private.h"

#include <string.h>

typedef unsigned char vector __attribute__((vector_size(16)));
typedef uint64_t halves __attribute__((vector_size(16)));

#define WIDTH sizeof(vector)

/* Octets that are looked at before it is asked what was found: at most as many
 * vectors as an octet can count. */
#define BATCH (16 * WIDTH)

/* How far behind a line end is looked. */
#define MARGIN 5

static vector
load(const char *p)
{
	vector loaded;

	memcpy(&loaded, p, sizeof(loaded));
	return loaded;
}

static bool
is_zero(vector v)
{
	halves both = (halves)v;

	return (both[0] | both[1]) == 0;
}

/* The sum of eight counts that were taken together. */
static uint64_t
sum(uint64_t counts)
{
	const uint64_t even = 0x00ff00ff00ff00ffU;

	counts = (counts & even) + (counts >> 8 & even);
	return counts * 0x0001000100010001U >> 48;
}

/* True for a line that follows an empty one and begins as a From_ line does.
 * newline is what ends the empty line, of which start may be the first octet;
 * five octets behind newline may be looked at. */
static bool
is_candidate(const char *start, const char *newline)
{
	const char *line = newline;

	if (memcmp(newline + 1, "From ", 5) != 0)
		return false;
	if (line > start && line[-1] == '\r')
		line--;
	return line == start || line[-1] == '\n';
}

/* Line end by line end up to end.  The candidate, or NULL. */
static const char *
skim_plainly(
    const char *start, const char *from, const char *end, uint64_t *bare)
{
	const char *p = from;

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		*bare += p == start || p[-1] != '\r';
		if (is_candidate(start, p))
			return p + 1;
		p++;
	}
	return NULL;
}

/* One batch, and an octet before and behind it.  False, and nothing is
 * counted, if there may be a candidate. */
static bool
skim_batch(const char *p, uint64_t *bare)
{
	vector count = { 0 };
	vector found = { 0 };
	size_t i;

	for (i = 0; i < BATCH; i += WIDTH, p += WIDTH) {
		vector ends = (vector)(load(p) == '\n');
		vector before = load(p - 1);
		vector after_cr = (vector)(before == '\r');
		vector after_end = after_cr | (vector)(before == '\n');

		count -= ends & ~after_cr;
		found |= ends & after_end & (vector)(load(p + 1) == 'F');
	}
	if (!is_zero(found))
		return false;
	*bare += sum(((halves)count)[0]) + sum(((halves)count)[1]);
	return true;
}

/* The candidate up to end, or NULL. */
static const char *
find_candidate(const char *start, const char *end, uint64_t *bare)
{
	const char *p = start;
	const char *next = end - start > 1 ? start + 1 : end;
	const char *found = skim_plainly(start, p, next, bare);

	for (p = next; found == NULL && end - p >= (ptrdiff_t)BATCH; p = next) {
		next = p + BATCH;
		if (!skim_batch(p, bare))
			found = skim_plainly(start, p, next, bare);
	}
	return found != NULL ? found : skim_plainly(start, p, end, bare);
}

const char *
skim_lines(const char *start, const char *end, uint64_t *bare)
{
	const char *found;

	*bare = 0;
	if (end - start < MARGIN)
		return start;
	end -= MARGIN;
	found = find_candidate(start, end, bare);
	if (found != NULL)
		return found;
	found = memrchr(start, '\n', (size_t)(end - start));
	return found == NULL ? start : found + 1;
}
