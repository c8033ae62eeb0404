/* Time that never steps back.  Runs in every process. */
#include "config.h"

#include "support/clock.h"

#include <errno.h>
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
	struct timespec until;

	until.tv_sec = (time_t)(moment / 1000);
	until.tv_nsec = (long)(moment % 1000) * 1000000;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) ==
	    EINTR)
		continue;
}
