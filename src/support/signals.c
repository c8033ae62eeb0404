/* Signals as flags.  Runs in every process. */
#include "config.h"

#include "support/signals.h"
#include "support/clock.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

#define SIGNALS_MAX 65

static volatile sig_atomic_t signals_seen[SIGNALS_MAX];

static void
note(int signal)
{
	signals_seen[signal] = 1;
}

static void
set_action(int signal, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	sigemptyset(&action.sa_mask);
	sigaction(signal, &action, NULL);
}

static void
set_blocked(int signal, int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	sigprocmask(how, &set, NULL);
}

void
signals_init(void)
{
	/* Nobody needs these, and they would end a process that holds locks. */
	static const int idle[] = { SIGPIPE, SIGXFSZ, SIGHUP, SIGINT, SIGALRM,
		SIGVTALRM, SIGPROF, SIGUSR1, SIGUSR2, SIGIO };
	sigset_t none;
	size_t i;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (i = 0; i < sizeof(idle) / sizeof(*idle); i++)
		signals_ignore(idle[i]);
}

void
signals_watch(int signal)
{
	set_blocked(signal, SIG_BLOCK);
	set_action(signal, note);
}

void
signals_default(int signal)
{
	signals_seen[signal] = 0;
	set_action(signal, SIG_DFL);
	set_blocked(signal, SIG_UNBLOCK);
}

/* Those that nobody can change are as they are. */
void
signals_restore(void)
{
	int signal;

	for (signal = 1; signal < SIGNALS_MAX; signal++)
		signals_default(signal);
}

void
signals_ignore(int signal)
{
	set_action(signal, SIG_IGN);
}

bool
signals_take(int signal)
{
	bool was_seen = signals_seen[signal] != 0;

	signals_seen[signal] = 0;
	return was_seen;
}

int
signals_poll(struct pollfd *fds, nfds_t count, int64_t deadline)
{
	struct timespec limit = { 0 };
	int64_t left = deadline - clock_now();
	sigset_t none;

	if (left > 0) {
		limit.tv_sec = (time_t)(left / 1000);
		limit.tv_nsec = (long)(left % 1000) * 1000000;
	}
	sigemptyset(&none);
	return ppoll(fds, count, deadline < 0 ? NULL : &limit, &none);
}
