/*
 * Sending notices.  Runs as root until it has become the mailbox owner, which
 * is before it reads anything.  It has no sandbox: many a sendmail(8) is a
 * program with more rights, and a sandbox would not let it have them.  It
 * believes nothing of the session, which reads the mail of strangers: the
 * number of notices and the time for them are bounded, each is checked again,
 * and what is executed is fixed but for one plain address.
 *
 * Nobody waits for this process, and what it does is told by log lines only.
 */
#include "config.h"

#include "daemon/disposition.h"
#include "daemon/privilege.h"
#include "daemon/receipt.h"
#include "support/clock.h"
#include "support/fileio.h"
#include "support/identity.h"
#include "support/log.h"
#include "support/signals.h"
#include "support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define PROGRAM_PATIENCE 60000	/* ms for one notice */
#define KILL_PATIENCE	 5000	/* ms until what was killed has ended */
#define WHOLE_PATIENCE	 300000 /* ms for all of them */

struct receipt {
	const char *program;
	const char *user;
	const char *peer;
	unsigned int count; /* of notices, so far */
	int64_t deadline;   /* for all; 0 before the first one */
	bool is_given_up;
};

/* ---- the program -------------------------------------------------------- */

/* Descriptor 0 is the notice, 1 and 2 lead nowhere.  SIGTERM stays ignored: who
 * stops the daemon does not mean mail that is being sent. */
static void become_program(const char *path, const char *to, int input)
    __attribute__((noreturn));

static void
become_program(const char *path, const char *to, int input)
{
	/* The empty sender is a must: RFC 8098 section 3. */
	char name[] = "sendmail", dots_end_nothing[] = "-oi", sender[] = "-f",
	     empty[] = "<>", no_option_follows[] = "--",
	     search[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char address[ADDR_SPEC_SIZE];
	char *const arguments[] = { name, dots_end_nothing, sender, empty,
		no_option_follows, address, NULL };
	char *const environment[] = { search, NULL };
	int nowhere;

	text_copy(address, sizeof(address), to);
	signals_restore();
	signals_ignore(SIGTERM);
	log_close();
	(void)setpgid(0, 0);
	(void)umask(077);
	if (fileio_move_down(&input, STDIN_FILENO) == -1 ||
	    (nowhere = open("/dev/null", O_RDWR)) == -1 ||
	    dup2(nowhere, STDOUT_FILENO) == -1 ||
	    dup2(nowhere, STDERR_FILENO) == -1 || chdir("/") == -1)
		_exit(EX_OSERR);
	fileio_close_from(3);
	execve(path, arguments, environment);
	_exit(EX_OSFILE);
}

/* A pipe with the whole text in it: where it has no room, nobody waits. */
static int
open_text(const char *text)
{
	int ends[2];
	int result;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	result = fcntl(ends[1], F_SETFL, O_NONBLOCK);
	if (result == 0)
		result = fileio_write(ends[1], text, strlen(text));
	close(ends[1]);
	if (result == 0)
		return ends[0];
	close(ends[0]);
	return -1;
}

/* 1 with the status, or 0 at the deadline. */
static int
wait_for(pid_t pid, int *status, int64_t deadline)
{
	while (waitpid(pid, status, WNOHANG) == 0) {
		if (clock_now() >= deadline)
			return 0;
		(void)signals_poll(NULL, 0, deadline);
		(void)signals_take(SIGCHLD);
	}
	return 1;
}

/* NULL, or why the notice may not have been sent. */
static const char *
judge(struct receipt *receipt, pid_t pid, char why[64])
{
	int status = 0;

	if (wait_for(pid, &status, clock_now() + PROGRAM_PATIENCE) == 0) {
		receipt->is_given_up = true;
		kill(-pid, SIGKILL);
		(void)wait_for(pid, &status, clock_now() + KILL_PATIENCE);
		return "it took too long";
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == EX_OK)
		return NULL;
	if (WIFSIGNALED(status))
		text_format(why, 64, "killed by signal %d", WTERMSIG(status));
	else
		text_format(why, 64, "exit status %d", WEXITSTATUS(status));
	return why;
}

static const char *
run(struct receipt *receipt, const char *text, const char *to, char why[64])
{
	int input;
	pid_t pid;

	if (access(receipt->program, X_OK) == -1)
		return strerror(errno);
	input = open_text(text);
	if (input == -1)
		return strerror(errno);
	pid = fork();
	if (pid == 0)
		become_program(receipt->program, to, input);
	close(input);
	if (pid != -1)
		(void)setpgid(pid, pid); /* here too: who comes first? */
	return pid == -1 ? strerror(errno) : judge(receipt, pid, why);
}

/* ---- the process -------------------------------------------------------- */

/* Why this one is not sent, or NULL when it was. */
static const char *
send_notice(struct receipt *receipt, const struct notice *notice, char why[64])
{
	char text[DISPOSITION_SIZE];

	if (receipt->deadline == 0)
		receipt->deadline = clock_now() + WHOLE_PATIENCE;
	if (++receipt->count > NOTICE_MOST)
		return "too many in a session";
	if (receipt->is_given_up || clock_now() >= receipt->deadline)
		return "others took too long";
	if (!disposition_write(notice, text))
		return "no randomness";
	return run(receipt, text, notice->to, why);
}

static void
handle(struct receipt *receipt, const struct notice *notice)
{
	char buffer[64];
	const char *why = send_notice(receipt, notice, buffer);

	if (why == NULL)
		log_event(LOG_INFO, "notice sent to=%s user=%s addr=%s",
		    notice->to, receipt->user, receipt->peer);
	else
		log_event(LOG_ERR,
		    "notice not sent reason=\"%s: %s\" to=%s user=%s addr=%s",
		    receipt->program, why, notice->to, receipt->user,
		    receipt->peer);
}

/* A session that sends anything else is not one of ours any more. */
static void
serve(struct receipt *receipt, int socket)
{
	struct notice notice;
	ssize_t length;

	while (
	    (length = recv(socket, &notice, sizeof(notice), MSG_TRUNC)) > 0) {
		if (length != (ssize_t)sizeof(notice) ||
		    !notice_is_sound(&notice)) {
			log_event(LOG_ERR,
			    "the session sent no notice but nonsense user=%s "
			    "addr=%s",
			    receipt->user, receipt->peer);
			return;
		}
		handle(receipt, &notice);
	}
}

/* Keeps the socket, and standard error if the log is there: the client and the
 * session lock must not live as long as this process. */
static int
close_others(int *socket, bool logs_to_stderr)
{
	log_close();
	if (fileio_move_down(socket, STDIN_FILENO) == -1)
		return -1;
	close(STDOUT_FILENO);
	fileio_close_from(logs_to_stderr ? 3 : 2);
	if (fileio_fill_standard() == -1)
		return -1;
	log_reopen();
	return 0;
}

static void be_receipt(const struct house *house, const struct account *account,
    struct receipt *receipt, int socket) __attribute__((noreturn));

static void
be_receipt(const struct house *house, const struct account *account,
    struct receipt *receipt, int socket)
{
	signals_ignore(SIGTERM); /* the session ends first, then we do */
	signals_ignore(SIGUSR2);
	signals_watch(SIGCHLD);
	if (close_others(&socket, house->options->logs_to_stderr) == -1)
		_exit(EXIT_FAILURE);
	if (privilege_forbid_core() == -1 ||
	    identity_become(account->uid, account->gid) == -1) {
		log_event(LOG_ERR,
		    "notices: cannot become uid %u: %s user=%s addr=%s",
		    account->uid, strerror(errno), receipt->user,
		    receipt->peer);
		_exit(EXIT_FAILURE);
	}
	serve(receipt, socket);
	_exit(EXIT_SUCCESS);
}

int
receipt_start(
    const struct house *house, const struct account *account, const char *peer)
{
	struct receipt receipt = { .program = house->options->sendmail,
		.user = account->name,
		.peer = peer };
	int sockets[2] = { -1, -1 };
	pid_t pid = -1;

	if (receipt.program == NULL)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) == 0)
		pid = fork();
	if (pid == 0) {
		close(sockets[0]);
		be_receipt(house, account, &receipt, sockets[1]);
	}
	if (sockets[1] != -1)
		close(sockets[1]);
	if (pid != -1)
		return sockets[0];
	log_event(LOG_ERR, "cannot start the process for notices: %s",
	    strerror(errno));
	if (sockets[0] != -1)
		close(sockets[0]);
	return -1;
}
