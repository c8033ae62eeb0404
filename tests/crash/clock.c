/*
 * Preloaded into our programs: sleeping takes no time, but moves their clocks,
 * those of their children too.  So limits of minutes are tested in no time.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define BILLION 1000000000LL

typedef int get_time(clockid_t, struct timespec *);
typedef int wait_for(
    struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);

static int64_t fallback;
static int64_t *slept = &fallback; /* ns, of the whole family */
static get_time *real;
static wait_for *real_ppoll;

static void __attribute__((constructor)) begin(void)
{
	void *symbol = dlsym(RTLD_NEXT, "clock_gettime");
	void *memory = mmap(NULL, sizeof(*slept), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	memcpy(&real, &symbol, sizeof(real));
	symbol = dlsym(RTLD_NEXT, "ppoll");
	memcpy(&real_ppoll, &symbol, sizeof(real_ppoll));
	if (memory != MAP_FAILED)
		slept = memory;
}

static int64_t
nanoseconds(const struct timespec *time)
{
	return (int64_t)time->tv_sec * BILLION + time->tv_nsec;
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	int64_t moment;
	int result = real(clock, now);

	if (result == -1 || clock != CLOCK_MONOTONIC)
		return result;
	moment = nanoseconds(now) + __atomic_load_n(slept, __ATOMIC_SEQ_CST);
	now->tv_sec = (time_t)(moment / BILLION);
	now->tv_nsec = (long)(moment % BILLION);
	return 0;
}

int
clock_nanosleep(clockid_t clock, int flags, const struct timespec *request,
    struct timespec *left)
{
	int64_t length = nanoseconds(request);
	struct timespec now;

	(void)left;
	if ((flags & TIMER_ABSTIME) != 0) {
		if (clock_gettime(clock, &now) == -1)
			return errno;
		length -= nanoseconds(&now);
	}
	if (length > 0)
		__atomic_add_fetch(slept, length, __ATOMIC_SEQ_CST);
	return 0;
}

/* Waiting for nothing is sleeping. */
int
ppoll(struct pollfd *wanted, nfds_t count, const struct timespec *limit,
    const sigset_t *mask)
{
	if (count > 0 || limit == NULL)
		return real_ppoll(wanted, count, limit, mask);
	__atomic_add_fetch(slept, nanoseconds(limit), __ATOMIC_SEQ_CST);
	return 0;
}
