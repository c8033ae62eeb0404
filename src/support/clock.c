/* Time that never steps back.  Runs in every process. */
#include "config.h"

#include "support/clock.h"

#include <poll.h>
#include <stddef.h>
#include <time.h>

int64_t
clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
clock_sleep_until(int64_t moment)
{
	int64_t left;

	while ((left = moment - clock_now()) > 0) {
		struct timespec limit;

		limit.tv_sec = (time_t)(left / 1000);
		limit.tv_nsec = (long)(left % 1000) * 1000000;
		(void)ppoll(NULL, 0, &limit, NULL);
	}
}
