/*
 * The listener.  Runs as root for as long as the daemon lives, so it does as
 * little as possible: accept, count, fork, reap, tell its status.  It reads
 * nothing from the network, and writes only a fixed line to those whom it
 * cannot serve.
 */
#include "config.h"

#include "daemon/children.h"
#include "daemon/listener.h"
#include "daemon/recovery.h"
#include "daemon/sockets.h"
#include "daemon/systemd.h"
#include "pop3/reply.h"
#include "support/clock.h"
#include "support/fileio.h"
#include "support/log.h"
#include "support/signals.h"
#include "support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#define PAUSE_AFTER_TROUBLE 100	  /* ms without accept or fork */
#define CHALLENGES_REFRESH  10000 /* ms between looks at all domains */

struct listener {
	const struct house *house;
	struct sockets sockets;
	struct children children;
	bool is_stopping;
	bool is_child; /* this process serves a client now */
	int exit_status;
	int64_t resting_until; /* clock_now() moment, or 0 */
	int64_t
	    challenges_until; /* offers_challenges is fresh enough until then */
	bool offers_challenges;
};

/* ---- one connection ----------------------------------------------------- */

/* In the child: the client becomes descriptors 0 and 1, everything else of the
 * listener is closed. */
static int
serve(const struct listener *listener, int client, const struct address *peer)
{
	if (fileio_move_down(&client, STDIN_FILENO) == -1 ||
	    dup2(STDIN_FILENO, STDOUT_FILENO) == -1)
		return EX_OSERR;
	log_close();
	fileio_close_from(3);
	log_reopen();
	return connection_serve(
	    listener->house, peer, listener->offers_challenges);
}

static void
refuse(const struct listener *listener, int client, const char *why,
    const struct address *peer)
{
	char line[WIRE_LINE_SIZE];
	char text[ADDRESS_TEXT_SIZE];
	size_t length = reply_line(listener->house->options->language,
	    REPLY_TOO_MANY_CONNECTIONS, line);

	(void)send(client, line, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	address_text(peer, text);
	log_event(
	    LOG_WARNING, "connection refused reason=\"%s\" addr=%s", why, text);
}

static void
refresh_challenges(struct listener *listener)
{
	int64_t now = clock_now();

	if (now < listener->challenges_until)
		return;
	listener->offers_challenges = house_offers_challenges(listener->house);
	listener->challenges_until = now + CHALLENGES_REFRESH;
}

static void
start_child(struct listener *listener, int client, const struct address *peer,
    const struct source *source)
{
	pid_t pid = fork();

	if (pid == 0) {
		listener->is_child = true;
		listener->exit_status = serve(listener, client, peer);
		return;
	}
	if (pid == -1) {
		listener->resting_until = clock_now() + PAUSE_AFTER_TROUBLE;
		refuse(listener, client, strerror(errno), peer);
		return;
	}
	children_add(&listener->children, pid, source);
}

static void
reap(struct listener *listener)
{
	if (children_reap(&listener->children))
		recovery_start(listener->house);
}

/* Closes client, unless this process has become the child. */
static void
admit(struct listener *listener, int client, const struct address *peer)
{
	const struct options *options = listener->house->options;
	struct source source = address_source(peer);

	reap(listener);
	if (listener->children.count >= listener->children.most) {
		refuse(listener, client, "too many sessions", peer);
	} else if (source.family != 0 &&
	    children_of(&listener->children, &source) >=
		options->most_per_source) {
		refuse(listener, client, "too many sessions from this source",
		    peer);
	} else {
		refresh_challenges(listener);
		start_child(listener, client, peer, &source);
	}
	if (!listener->is_child)
		close(client);
}

/* ---- accepting ---------------------------------------------------------- */

/* An error of accept(2) is about one connection, about this moment, or about
 * the socket itself; only the last one ends the listener. */
static void
judge_accept_error(struct listener *listener)
{
	switch (errno) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		log_event(LOG_ERR, "accept: %s", strerror(errno));
		listener->resting_until = clock_now() + PAUSE_AFTER_TROUBLE;
		break;
	case EBADF:
	case EINVAL:
	case ENOTSOCK:
	case EFAULT:
		log_event(LOG_CRIT, "accept: %s", strerror(errno));
		listener->exit_status = EX_OSERR;
		listener->is_stopping = true;
		break;
	default:
		break;
	}
}

static void
accept_one(struct listener *listener, int socket)
{
	struct address peer = { .length = sizeof(peer.storage) };
	int client = accept4(socket, (struct sockaddr *)&peer.storage,
	    &peer.length, SOCK_CLOEXEC);

	if (client == -1)
		judge_accept_error(listener);
	else
		admit(listener, client, &peer);
}

static void
accept_ready(struct listener *listener)
{
	size_t i;

	for (i = 0; i < listener->sockets.count && !listener->is_child; i++)
		if (listener->sockets.polls[i].revents != 0)
			accept_one(listener, listener->sockets.polls[i].fd);
}

/* ---- signals ------------------------------------------------------------ */

static void
stop(struct listener *listener)
{
	if (listener->is_stopping) {
		children_signal(&listener->children, SIGTERM);
		return;
	}
	listener->is_stopping = true;
	sockets_close(&listener->sockets);
	systemd_notify("STOPPING=1");
	log_event(LOG_INFO, "stopping, %zu sessions are still open",
	    listener->children.count);
}

static void
handle_signals(struct listener *listener)
{
	bool is_terminated = signals_take(SIGTERM);

	if (signals_take(SIGCHLD))
		reap(listener);
	if (is_terminated || signals_take(SIGHUP) || signals_take(SIGINT)) {
		log_trace(TRACE_SIGNALS, "signal to stop");
		stop(listener);
	}
	if (signals_take(SIGUSR2)) {
		log_event(LOG_INFO, "status terminating=%s",
		    listener->is_stopping ? "yes" : "no");
		children_log(&listener->children);
	}
}

/* ---- the loop ----------------------------------------------------------- */

static void
wait_and_accept(struct listener *listener)
{
	bool is_resting = listener->resting_until > clock_now();
	int count = signals_poll(listener->sockets.polls,
	    is_resting ? 0 : (nfds_t)listener->sockets.count,
	    is_resting ? listener->resting_until : -1);

	if (count > 0)
		accept_ready(listener);
}

static int
run(struct listener *listener)
{
	(void)recovery_run_all(listener->house);
	systemd_notify("READY=1");
	while (!listener->is_child &&
	    (!listener->is_stopping || listener->children.count > 0)) {
		wait_and_accept(listener);
		if (!listener->is_child)
			handle_signals(listener);
	}
	return listener->exit_status;
}

static void
watch_signals(void)
{
	static const int watched[] = { SIGCHLD, SIGTERM, SIGHUP, SIGINT,
		SIGUSR2 };
	size_t i;

	for (i = 0; i < sizeof(watched) / sizeof(*watched); i++)
		signals_watch(watched[i]);
}

/* ---- becoming a daemon -------------------------------------------------- */

static int
detach(const struct options *options)
{
	pid_t pid;
	int null;

	if (options->stays_in_foreground)
		return 0;
	pid = fork();
	if (pid == -1)
		return -1;
	if (pid > 0)
		_exit(EX_OK);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (setsid() == -1 || chdir("/") == -1 || null == -1 ||
	    dup2(null, STDIN_FILENO) == -1 || dup2(null, STDOUT_FILENO) == -1 ||
	    (!options->logs_to_stderr && dup2(null, STDERR_FILENO) == -1))
		return -1;
	return close(null);
}

static int
write_pid_file(const char *path)
{
	char text[24];
	int fd;

	if (path == NULL)
		return 0;
	fd = open(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd == -1)
		return -1;
	text_format(text, sizeof(text), "%ld\n", (long)getpid());
	if (fileio_write(fd, text, strlen(text)) == -1) {
		close(fd);
		return -1;
	}
	return close(fd);
}

/* The sockets are opened first, so that a port that is taken is told where
 * the daemon was started. */
static int
start(struct listener *listener)
{
	const struct options *options = listener->house->options;

	if (sockets_open(&listener->sockets, options) == -1)
		return EX_UNAVAILABLE;
	if (detach(options) == -1 ||
	    children_init(&listener->children, options->most_sessions) == -1) {
		log_event(LOG_ERR, "cannot start: %s", strerror(errno));
		return EX_OSERR;
	}
	if (write_pid_file(options->pid_file) == -1) {
		log_event(LOG_ERR, "%s: cannot be written: %s",
		    options->pid_file, strerror(errno));
		return EX_CANTCREAT;
	}
	return EX_OK;
}

int
listener_run(const struct house *house)
{
	struct listener listener = { .house = house };
	int status;

	watch_signals();
	status = start(&listener);
	log_echo(false);
	if (status == EX_OK)
		status = run(&listener);
	if (!listener.is_child) {
		sockets_close(&listener.sockets);
		if (status == EX_OK && house->options->pid_file != NULL)
			unlink(house->options->pid_file);
		log_event(LOG_INFO, "stopped after %lu sessions",
		    listener.children.total);
	}
	children_free(&listener.children);
	return status;
}
