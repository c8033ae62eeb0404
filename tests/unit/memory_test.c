/* What is given back was not in use. */
#include "config.h"

#include "support/memory.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#define SIZE ((size_t)200 * 1024)

static volatile char seen;

/* Makes the stack deep, and comes back. */
static void
dig(void)
{
	volatile char hole[SIZE];
	size_t i;

	for (i = 0; i < SIZE; i++)
		hole[i] = (char)i;
	seen = hole[SIZE / 2];
}

int
main(void)
{
	char own[4096];
	char *kept = malloc(SIZE), *other = malloc(SIZE);

	if (kept == NULL || other == NULL)
		return 1;
	memset(own, 'o', sizeof(own));
	memset(kept, 'k', SIZE);
	memset(other, 'x', SIZE);
	free(other);
	dig();
	memory_release();
	dig();
	ok(own[0] == 'o' && memcmp(own, own + 1, sizeof(own) - 1) == 0,
	    "the stack of the caller stays");
	ok(kept[0] == 'k' && memcmp(kept, kept + 1, SIZE - 1) == 0,
	    "memory that is in use stays");
	free(kept);
	return done();
}
