/*
 * Runs a command and follows it and all its children from one system call to
 * the next.  At the one that it is told of, it kills, or lets the call fail or
 * do only a part of its work.
 *
 *   tracer [OPTION]... COMMAND [ARGUMENT]...
 *
 *   -p PROCESS -n CALL  where: the CALL-th call of the PROCESS-th process, both
 *                       from 0, processes as they are born.  The dynamic
 *                       loader's calls before main() are not counted.
 *   -k                  kill -9 the process as it enters the call
 *   -K                  all processes at once
 *   -e ERRNO            the call fails, and is not made
 *   -S SIGNAL           the process gets this signal as it enters the call
 *   -s OCTETS           it reads or writes at most so many; 0: the half
 *   -t TIMES            so, also later calls of any process; 0: all (1)
 *   -c CALL,...         but only those of these names, from the place on
 *   -d                  but only those on files and directories
 *   -l                  list all calls
 *   -r FD               where the report goes, line by line: "hit", "late",
 *                       "died SIGNAL", "call PROCESS NAME"
 *   -w SECONDS          kill everything after this time, which is "late" (20)
 *   -P LIBRARY          preloaded into the command
 *
 * The exit status is that of the command, or 128 and its signal, or 125.
 */
#include "config.h"

#include "tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* Behind sys/ptrace.h, which it would hide. */
#include <linux/ptrace.h>

#define TROUBLE 125

static volatile sig_atomic_t is_late;

static void
note_time(int signal)
{
	(void)signal;
	if (is_late == 0)
		is_late = 1;
	alarm(1); /* this one may come just before waitpid(2) */
}

void
tracer_fail(const char *what)
{
	fprintf(stderr, "tracer: %s: %s\n", what, strerror(errno));
	exit(TROUBLE);
}

/* ---- processes ---------------------------------------------------------- */

static struct process *
find(struct tracer *tracer, pid_t pid)
{
	size_t i;

	for (i = 0; i < tracer->count; i++)
		if (tracer->processes[i].pid == pid)
			return &tracer->processes[i];
	return NULL;
}

static struct process *
add(struct tracer *tracer, pid_t pid)
{
	struct process *process;

	if (tracer->count == TRACER_PROCESSES) {
		errno = EAGAIN;
		tracer_fail("too many processes");
	}
	process = &tracer->processes[tracer->count++];
	memset(process, 0, sizeof(*process));
	process->pid = pid;
	process->number = tracer->born++;
	return process;
}

static void
forget(struct tracer *tracer, const struct process *process)
{
	size_t i = (size_t)(process - tracer->processes);

	tracer->processes[i] = tracer->processes[--tracer->count];
}

void
tracer_kill_all(const struct tracer *tracer)
{
	size_t i;

	for (i = 0; i < tracer->count; i++)
		kill(tracer->processes[i].pid, SIGKILL);
}

/* ---- following ---------------------------------------------------------- */

/* A stop that is no system call: the signal that is to be delivered. */
static int
take_stop(struct tracer *tracer, struct process *process, int status)
{
	int event = status >> 16;

	if (event == PTRACE_EVENT_EXEC)
		strikes_note_loader(tracer, process->pid);
	return event == 0 ? WSTOPSIG(status) : 0;
}

/* Orphans end twice: for who traces them, and for who inherits them. */
static void
take_end(struct tracer *tracer, const struct process *process, int status)
{
	if (process == NULL)
		return;
	if (process->pid == tracer->command)
		tracer->status = status;
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		dprintf(tracer->options.report, "died %d\n", WTERMSIG(status));
	forget(tracer, process);
}

static void
take_status(struct tracer *tracer, pid_t pid, int status)
{
	struct process *process = find(tracer, pid);
	long signal = 0;

	if (!WIFSTOPPED(status)) {
		take_end(tracer, process, status);
		return;
	}
	if (process == NULL)
		process = add(tracer, pid);
	if (WSTOPSIG(status) == (SIGTRAP | 0x80))
		strikes_take_call(tracer, process);
	else
		signal = take_stop(tracer, process, status);
	ptrace(strikes_are_over(tracer) && !process->is_struck ? PTRACE_CONT
							       : PTRACE_SYSCALL,
	    pid, NULL, signal);
}

/* Everything is to end. */
static bool
kills_all(const struct tracer *tracer)
{
	return is_late != 0 ||
	    (tracer->options.action == ACTION_KILL_ALL && tracer->strikes > 0);
}

static void
follow(struct tracer *tracer)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid == -1 && errno != EINTR)
			break;
		if (pid > 0)
			take_status(tracer, pid, status);
		if (is_late == 1) {
			dprintf(tracer->options.report, "late\n");
			is_late = 2;
		}
		if (kills_all(tracer))
			tracer_kill_all(tracer);
	}
}

/* ---- beginning ---------------------------------------------------------- */

static void be_command(const struct options *options, int gate, char **argv)
    __attribute__((noreturn));

static void
be_command(const struct options *options, int gate, char **argv)
{
	char octet;

	if (options->library != NULL &&
	    setenv("LD_PRELOAD", options->library, 1) == -1)
		_exit(TROUBLE);
	if (read(gate, &octet, 1) != 1)
		_exit(TROUBLE);
	execv(argv[0], argv);
	_exit(TROUBLE);
}

static void
start(struct tracer *tracer, char **argv)
{
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC |
	    PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
	    PTRACE_O_EXITKILL;
	int gate[2];

	/* The lock of a process is stale when it was waited for. */
	if (pipe2(gate, O_CLOEXEC) == -1 ||
	    prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
		tracer_fail("pipe");
	tracer->command = fork();
	if (tracer->command == -1)
		tracer_fail("fork");
	if (tracer->command == 0)
		be_command(&tracer->options, gate[0], argv);
	(void)add(tracer, tracer->command);
	if (ptrace(PTRACE_SEIZE, tracer->command, NULL, options) == -1)
		tracer_fail("ptrace");
	if (write(gate[1], "", 1) != 1)
		tracer_fail("pipe");
	close(gate[0]);
	close(gate[1]);
}

static unsigned long
number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0') {
		errno = EINVAL;
		tracer_fail(text);
	}
	return value;
}

/* True if the option says what to do at the place. */
static bool
take_action(struct options *options, int option)
{
	static const char letters[] = "kKesS";
	const char *letter = strchr(letters, option);

	if (letter == NULL)
		return false;
	options->action = (enum action)(ACTION_KILL + (letter - letters));
	if (optarg != NULL)
		options->value = (long)number(optarg);
	return true;
}

static void
take_option(struct options *options, int option)
{
	switch (option) {
	case 'p':
		options->process = number(optarg);
		break;
	case 'n':
		options->call = number(optarg);
		break;
	case 't':
		options->times = number(optarg);
		break;
	case 'c':
		options->names = optarg;
		break;
	case 'd':
		options->only_files = true;
		break;
	case 'l':
		options->lists = true;
		break;
	case 'r':
		options->report = (int)number(optarg);
		break;
	case 'w':
		options->limit = (unsigned int)number(optarg);
		break;
	case 'P':
		options->library = optarg;
		break;
	default:
		exit(TROUBLE);
	}
}

int
main(int argc, char **argv)
{
	static struct tracer tracer = {
		.options = { .times = 1, .limit = 20, .report = STDERR_FILENO }
	};
	struct sigaction action = { .sa_handler = note_time };
	int option;

	while ((option = getopt(argc, argv, "+p:n:kKe:s:S:t:c:dlr:w:P:")) != -1)
		if (!take_action(&tracer.options, option))
			take_option(&tracer.options, option);
	if (optind == argc ||
	    (tracer.options.report > STDERR_FILENO &&
		fcntl(tracer.options.report, F_SETFD, FD_CLOEXEC) == -1))
		return TROUBLE;
	sigaction(SIGALRM, &action, NULL);
	alarm(tracer.options.limit);
	start(&tracer, argv + optind);
	follow(&tracer);
	return WIFSIGNALED(tracer.status) ? 128 + WTERMSIG(tracer.status)
					  : WEXITSTATUS(tracer.status);
}
