/*
 * The login child and the talk with it.  The child starts as root and gives
 * everything up before it looks at a single octet of the client; the functions
 * that the connection process calls run as root and believe the child nothing.
 */
#include "config.h"

#include "daemon/login.h"
#include "daemon/privilege.h"
#include "daemon/sandbox.h"
#include "pop3/language.h"
#include "support/clock.h"
#include "support/fileio.h"
#include "support/identity.h"
#include "support/log.h"
#include "support/process.h"
#include "support/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* What goes up: struct credentials for each attempt.  What comes down: */
struct verdict {
	enum session_answer answer;
	unsigned char signature[CREDENTIALS_PROOF_SIZE];
};

/* What goes up after ANSWER_ACCEPTED, with length octets of unread input behind
 * it. */
struct leftover {
	unsigned int is_given_up; /* no bool: it may be anything */
	size_t language;	  /* its number */
	size_t length;
};

/* ---- the child ---------------------------------------------------------- */

static int
lock_up(const struct login_cell *cell)
{
	if (privilege_enclose(cell->directory) == -1 ||
	    (identity_is_root() && identity_become(cell->uid, cell->gid) == -1))
		return -1;
	/* After the change of identity, which would clear it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		return -1;
	if (privilege_forbid_core() == -1 || privilege_forbid_processes() == -1)
		return -1;
	if (!cell->is_sandboxed)
		return 0;
	return privilege_limit_login() == -1 ? -1 : sandbox_login();
}

static int
hand_over(int socket, const struct wire *wire, bool is_given_up)
{
	struct leftover leftover = { .is_given_up = is_given_up };
	const char *input = wire_unread(wire, &leftover.length);

	leftover.language = language_number(wire->language);
	if (fileio_write(socket, &leftover, sizeof(leftover)) == -1)
		return -1;
	return fileio_write(socket, input, leftover.length);
}

/* The client may have to agree before the session begins. */
static enum session_event
begin_session(
    int socket, struct session *session, const unsigned char *signature)
{
	enum session_event event =
	    session_confirm(session, session->credentials.kind, signature);
	bool is_given_up = event == SESSION_CONTINUE;

	if (event != SESSION_ATTEMPT && !is_given_up)
		return event;
	if (hand_over(socket, &session->wire, is_given_up) == -1)
		return SESSION_BROKEN;
	return is_given_up ? SESSION_CONTINUE : SESSION_QUIT;
}

/* One attempt: ask, and if it was no good, tell the client. */
static enum session_event
ask(int socket, struct session *session)
{
	struct credentials *credentials = &session->credentials;
	struct verdict verdict;
	int result = fileio_write(socket, credentials, sizeof(*credentials));

	explicit_bzero(credentials->secret, sizeof(credentials->secret));
	if (result == -1 ||
	    fileio_read(socket, &verdict, sizeof(verdict)) !=
		(ssize_t)sizeof(verdict))
		return SESSION_BROKEN;
	if (verdict.answer == ANSWER_ACCEPTED)
		return begin_session(socket, session, verdict.signature);
	return session_refuse(session, verdict.answer);
}

/* Descriptors 0 and 1 are the client.  The status tells the event. */
static void be_child(struct session *session, int socket,
    const struct login_cell *cell) __attribute__((noreturn));

static void
be_child(struct session *session, int socket, const struct login_cell *cell)
{
	enum session_event event;

	signals_default(SIGTERM);
	signals_ignore(SIGUSR2);
	log_close();
	if (fileio_move_down(&socket, 3) == -1)
		_exit(SESSION_BROKEN);
	fileio_close_from(4);
	if (lock_up(cell) == -1)
		_exit(SESSION_BROKEN);
	session_greet(session);
	do {
		event = session_authorize(session);
		if (event == SESSION_ATTEMPT)
			event = ask(socket, session);
	} while (event == SESSION_CONTINUE);
	_exit((int)event);
}

/* ---- the connection process --------------------------------------------- */

int
login_start(
    struct login *login, struct session *session, const struct login_cell *cell)
{
	int sockets[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == -1)
		return -1;
	login->pid = process_fork();
	if (login->pid == 0)
		be_child(session, sockets[1], cell);
	close(sockets[1]);
	login->socket = sockets[0];
	if (login->pid != -1)
		return 0;
	close(login->socket);
	return -1;
}

/* Reads exactly length octets, as long as they come in time. */
static enum login_event
receive(int socket, void *buffer, size_t length, int64_t deadline)
{
	struct pollfd ready = { .fd = socket, .events = POLLIN };
	char *p = buffer;
	size_t done = 0;

	while (done < length) {
		int count = signals_poll(&ready, 1, deadline);
		ssize_t n;

		if (count == 0)
			return LOGIN_TIMEOUT;
		if (count == -1 && done == 0)
			return LOGIN_INTERRUPTED;
		if (count == -1)
			continue;
		n = read(socket, p + done, length - done);
		if (n <= 0)
			return done == 0 ? LOGIN_ENDED : LOGIN_BROKEN;
		done += (size_t)n;
	}
	return LOGIN_ATTEMPT;
}

enum login_event
login_wait(const struct login *login, struct session *session, int64_t deadline)
{
	enum login_event event = receive(login->socket, &session->credentials,
	    sizeof(session->credentials), deadline);

	if (event == LOGIN_ATTEMPT &&
	    !credentials_are_sound(&session->credentials))
		return LOGIN_BROKEN;
	return event;
}

int
login_answer(const struct login *login, enum session_answer answer,
    const unsigned char signature[CREDENTIALS_PROOF_SIZE])
{
	struct verdict verdict;
	int result;

	memset(&verdict, 0, sizeof(verdict));
	verdict.answer = answer;
	memcpy(verdict.signature, signature, CREDENTIALS_PROOF_SIZE);
	result = fileio_write(login->socket, &verdict, sizeof(verdict));
	explicit_bzero(&verdict, sizeof(verdict));
	return result;
}

/* What has begun to come must come whole, signals or not. */
static enum login_event
take_input(int socket, struct wire *wire, size_t length, int64_t deadline)
{
	char input[WIRE_INPUT_SIZE];
	enum login_event event;

	do
		event = receive(socket, input, length, deadline);
	while (event == LOGIN_INTERRUPTED);
	if (event != LOGIN_ATTEMPT)
		return event == LOGIN_TIMEOUT ? event : LOGIN_BROKEN;
	wire_put_unread(wire, input, length);
	return LOGIN_CONFIRMED;
}

enum login_event
login_take_over(
    const struct login *login, struct session *session, int64_t deadline)
{
	struct leftover leftover;
	enum login_event event =
	    receive(login->socket, &leftover, sizeof(leftover), deadline);

	if (event != LOGIN_ATTEMPT)
		return event;
	if (leftover.length > WIRE_INPUT_SIZE ||
	    language_at(leftover.language) == NULL)
		return LOGIN_BROKEN;
	if (leftover.is_given_up != 0)
		return LOGIN_GIVEN_UP;
	session->wire.language = language_at(leftover.language);
	if (leftover.length == 0)
		return LOGIN_CONFIRMED;
	return take_input(
	    login->socket, &session->wire, leftover.length, deadline);
}

static void
complain_of_signal(int signal)
{
	log_event(LOG_ALERT, "the login child was killed by signal %d%s",
	    signal,
	    signal == SIGSYS ? ", for a system call that it must not make"
			     : "");
}

/* Only an end can be told by a status: a child that claims SESSION_ATTEMPT, and
 * with it a login that nobody has verified, lies. */
static enum session_event
judge_status(int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL &&
	    WTERMSIG(status) != SIGTERM)
		complain_of_signal(WTERMSIG(status));
	if (!WIFEXITED(status))
		return SESSION_GONE;
	switch ((enum session_event)WEXITSTATUS(status)) {
	case SESSION_QUIT:
		return SESSION_QUIT;
	case SESSION_TIMEOUT:
		return SESSION_TIMEOUT;
	case SESSION_ABUSE:
		return SESSION_ABUSE;
	case SESSION_BROKEN:
		return SESSION_BROKEN;
	case SESSION_CONTINUE:
	case SESSION_ATTEMPT:
	case SESSION_GONE:
	case SESSION_STOPPED:
		break;
	}
	return SESSION_GONE;
}

enum session_event
login_end(struct login *login)
{
	int status = 0;

	close(login->socket);
	kill(login->pid, SIGKILL);
	while (waitpid(login->pid, &status, 0) == -1 && errno == EINTR)
		continue;
	return judge_status(status);
}
