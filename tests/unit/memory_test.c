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

static void
check_forgetting(void)
{
	char *block = malloc(SIZE);
	size_t i, length = SIZE - 2000;

	if (block == NULL)
		bail_out("no memory");
	memset(block, 'b', SIZE);
	memory_forget(block + 1000, length);
	for (i = 0; i < length && block[1000 + i] == '\0'; i++)
		continue;
	is_number((int64_t)i, (int64_t)length,
	    "what is to be forgotten is zeros, also where no page begins");
	ok(block[0] == 'b' && memcmp(block, block + 1, 999) == 0 &&
		memcmp(block, block + SIZE - 1000, 1000) == 0,
	    "and what is around it stays");
	memory_forget(block, 100);
	ok(block[99] == '\0' && block[100] == 'b',
	    "less than a page is forgotten too");
	free(block);
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
	check_forgetting();
	return done();
}
