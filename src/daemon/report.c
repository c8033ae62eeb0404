/* Reports to the listener.  Runs as root, in the listener and in processes that
 * have not begun to serve a user. */
#include "config.h"

#include "daemon/report.h"
#include "support/fileio.h"
#include "support/signals.h"
#include "support/text.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static_assert(sizeof(struct report) <= PIPE_BUF,
    "reports of several processes must not mix in the pipe");

/* Which signal stands for which answer. */
static const int signal_of[] = {
	[REPORT_GO_ON] = SIGUSR1,
	[REPORT_SLOWLY] = SIGALRM,
	[REPORT_END] = SIGTERM,
};

int
report_open(int *in, int *out)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	*in = ends[0];
	*out = ends[1];
	return fcntl(*in, F_SETFL, O_NONBLOCK);
}

bool
report_read(int in, struct report *report)
{
	return read(in, report, sizeof(*report)) == (ssize_t)sizeof(*report);
}

static void
write_report(int out, struct report *report)
{
	report->pid = getpid();
	if (out != -1)
		(void)fileio_write(out, report, sizeof(*report));
}

void
report_send(int out, enum report_kind kind, const struct address *address)
{
	struct report report = { .kind = kind, .address = *address };

	write_report(out, &report);
}

void
report_line(int out, int priority, const char *line)
{
	struct report report = { .kind = REPORT_LINE, .priority = priority };

	(void)text_format(report.line, sizeof(report.line), "%s", line);
	write_report(out, &report);
}

static enum report_answer
wait_for_answer(int64_t deadline)
{
	while (!signals_take(SIGTERM)) {
		int count = signals_poll(NULL, 0, deadline);

		if (signals_take(signal_of[REPORT_GO_ON]))
			return REPORT_GO_ON;
		if (signals_take(signal_of[REPORT_SLOWLY]))
			return REPORT_SLOWLY;
		if (count == 0)
			break;
	}
	return REPORT_END;
}

enum report_answer
report_ask(int out, const struct address *address, int64_t deadline)
{
	enum report_answer answer;

	if (out == -1)
		return REPORT_GO_ON;
	signals_watch(signal_of[REPORT_GO_ON]);
	signals_watch(signal_of[REPORT_SLOWLY]);
	report_send(out, REPORT_SOURCE, address);
	answer = wait_for_answer(deadline);
	/* No handler for what comes later: the login child must not call
	 * rt_sigreturn(2). */
	signals_ignore(signal_of[REPORT_GO_ON]);
	signals_ignore(signal_of[REPORT_SLOWLY]);
	return answer;
}

void
report_answer(pid_t pid, enum report_answer answer)
{
	kill(pid, signal_of[answer]);
}
