/* Randomness and secret comparison.  Runs in every process. */
#include "config.h"

#include "support/secret.h"

#include <errno.h>
#include <sys/random.h>

int
secret_random(void *buffer, size_t length)
{
	char *p = buffer;

	while (length > 0) {
		ssize_t n = getrandom(p, length, 0);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		p += n;
		length -= (size_t)n;
	}
	return 0;
}

unsigned int
secret_between(unsigned int least, unsigned int most)
{
	uint32_t random = 0;

	if (secret_random(&random, sizeof(random)) == -1)
		return least;
	return least + random % (most - least + 1);
}

bool
secret_equal(const void *a, const void *b, size_t length)
{
	const unsigned char *p = a;
	const unsigned char *q = b;
	volatile unsigned char difference = 0;
	size_t i;

	for (i = 0; i < length; i++)
		difference = (unsigned char)(difference | (p[i] ^ q[i]));
	return difference == 0;
}
