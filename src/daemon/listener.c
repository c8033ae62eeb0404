/*
 * The listener.  Runs as root for as long as the daemon lives, so it does as
 * little as possible: accept, count, fork, reap, tell its status.  It reads
 * nothing from the network, and writes only a fixed line to those whom it
 * cannot serve.  What it knows of its children beyond their end, they report.
 */
#include "config.h"

#include "daemon/admission.h"
#include "daemon/background.h"
#include "daemon/children.h"
#include "daemon/listener.h"
#include "daemon/peer.h"
#include "daemon/recovery.h"
#include "daemon/report.h"
#include "daemon/sockets.h"
#include "daemon/systemd.h"
#include "support/clock.h"
#include "support/fileio.h"
#include "support/log.h"
#include "support/often.h"
#include "support/process.h"
#include "support/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#define PAUSE_AFTER_TROUBLE 100 /* ms without accept or fork */

struct listener {
	const struct house *house;
	struct sockets sockets;
	struct children children;
	struct failures *failures;
	int reports_in, reports_out; /* from the children */
	bool is_stopping;
	bool is_child; /* this process serves a client now */
	int exit_status;
	int64_t resting_until; /* clock_now() moment, or 0 */
	struct news news;
	struct account_cache *cache; /* NULL: none */
};

/* ---- one connection ----------------------------------------------------- */

/* In the child: the client becomes descriptors 0 and 1, the pipe for reports 3,
 * everything else of the listener is closed. */
static int
serve(const struct listener *listener, int client, struct arrival *arrival)
{
	log_close(); /* its descriptor may be the one that is needed */
	arrival->reports = listener->reports_out;
	if (fileio_move_down(&client, STDIN_FILENO) == -1 ||
	    dup2(STDIN_FILENO, STDOUT_FILENO) == -1 ||
	    fileio_move_down(&arrival->reports, 3) == -1)
		return EX_OSERR;
	fileio_close_from(4);
	log_reopen();
	return connection_serve(listener->house, arrival);
}

static void
start_child(struct listener *listener, int client, const struct address *peer,
    const struct source *source)
{
	pid_t pid;

	account_cache_lend(listener->cache);
	pid = process_fork();
	account_cache_withhold(&listener->cache);
	if (pid == 0) {
		struct arrival arrival = { .peer = peer,
			.is_slow = admission_is_slow(
			    listener->failures, source, clock_now()),
			.offers_challenges = listener->news.offers_challenges,
			.cache = listener->cache };

		children_free(&listener->children);
		free(listener->failures);
		listener->is_child = true;
		listener->exit_status = serve(listener, client, &arrival);
		return;
	}
	if (pid == -1) {
		listener->resting_until = clock_now() + PAUSE_AFTER_TROUBLE;
		admission_refuse(
		    listener->house->options, client, strerror(errno), peer);
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
	struct source source = { .family = 0 };
	const char *why;

	reap(listener);
	if (!peer_is_proxy(options, peer))
		source = address_source(peer);
	why = admission_lack(&listener->children);
	if (why == NULL)
		why = admission_lack_for(&listener->children, options, &source);
	if (why != NULL) {
		admission_refuse(options, client, why, peer);
	} else {
		admission_make_room(&listener->children);
		house_refresh(listener->house, &listener->news);
		start_child(listener, client, peer, &source);
	}
	if (!listener->is_child)
		close(client);
}

/* ---- reports ------------------------------------------------------------ */

/* A program in front has told whose connection it is. */
static void
answer_source(
    struct listener *listener, struct child *child, const struct address *peer)
{
	struct source source = address_source(peer);
	const char *why = admission_lack_for(
	    &listener->children, listener->house->options, &source);

	if (why != NULL) {
		admission_log_refusal(why, peer);
		report_answer(child->pid, REPORT_END);
		return;
	}
	child->source = source;
	report_answer(child->pid,
	    admission_is_slow(listener->failures, &source, clock_now())
		? REPORT_SLOWLY
		: REPORT_GO_ON);
}

static void
take_report(struct listener *listener, const struct report *report)
{
	struct child *child = children_find(&listener->children, report->pid);
	struct source source = address_source(&report->address);

	switch (report->kind) {
	case REPORT_SOURCE:
		if (child != NULL)
			answer_source(listener, child, &report->address);
		break;
	case REPORT_FAILURE:
		admission_note_failure(
		    listener->failures, &source, clock_now());
		break;
	case REPORT_LOGGED_IN:
		if (child != NULL)
			child->is_before_login = false;
		break;
	case REPORT_LINE:
		often_log(report->priority, "%s", report->line);
		break;
	}
}

static void
take_reports(struct listener *listener)
{
	struct report report;

	while (report_read(listener->reports_in, &report))
		take_report(listener, &report);
}

/* ---- accepting ---------------------------------------------------------- */

static void
judge_accept_error(struct listener *listener)
{
	switch (sockets_judge(errno)) {
	case TROUBLE_OF_ONE:
		break;
	case TROUBLE_NOW:
		often_log(LOG_ERR, "accept: %s", strerror(errno));
		listener->resting_until = clock_now() + PAUSE_AFTER_TROUBLE;
		break;
	case TROUBLE_FOR_GOOD:
		log_event(LOG_CRIT, "accept: %s", strerror(errno));
		listener->exit_status = EX_OSERR;
		listener->is_stopping = true;
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
accept_ready(struct listener *listener, const struct pollfd *polls)
{
	size_t i;

	for (i = 0; i < listener->sockets.count && !listener->is_child; i++)
		if (polls[i].revents != 0)
			accept_one(listener, polls[i].fd);
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

/* The earlier of two moments, of which -1 is never. */
static int64_t
earlier(int64_t a, int64_t b)
{
	return a == -1 || (b != -1 && b < a) ? b : a;
}

/* Waits for reports and, unless it rests, for connections. */
static void
wait_and_accept(struct listener *listener)
{
	int64_t now = clock_now();
	int64_t until = often_flush(now);
	struct pollfd polls[1 + OPTIONS_LISTENERS] = {
		{ .fd = listener->reports_in, .events = POLLIN }
	};
	nfds_t count = 1;

	if (listener->resting_until > now) {
		until = earlier(until, listener->resting_until);
	} else {
		memcpy(polls + 1, listener->sockets.polls,
		    listener->sockets.count * sizeof(*polls));
		count += listener->sockets.count;
	}
	if (signals_poll(polls, count, until) <= 0)
		return;
	take_reports(listener);
	if (count > 1)
		accept_ready(listener, polls + 1);
}

static int
run(struct listener *listener)
{
	(void)recovery_run_all(listener->house);
	systemd_ready();
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

/* ---- beginning and end --------------------------------------------------- */

static int
open_cache(struct listener *listener)
{
	unsigned int seconds = listener->house->options->auth_cache;

	if (seconds > 0)
		listener->cache = account_cache_open(seconds);
	return seconds > 0 && listener->cache == NULL ? -1 : 0;
}

/* Sockets first: that a port is taken is told where the daemon was started. */
static int
start(struct listener *listener)
{
	const struct options *options = listener->house->options;

	if (sockets_open(&listener->sockets, options) == -1)
		return EX_UNAVAILABLE;
	if (background_detach(options) == -1 ||
	    report_open(&listener->reports_in, &listener->reports_out) == -1 ||
	    open_cache(listener) == -1 ||
	    children_init(&listener->children, options->most_sessions) == -1 ||
	    (listener->failures = calloc(1, sizeof(struct failures))) == NULL) {
		log_event(LOG_ERR, "cannot start: %s", strerror(errno));
		return EX_OSERR;
	}
	if (background_write_pid(options->pid_file) == -1) {
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
		if (status == EX_OK)
			background_remove_pid(house->options->pid_file);
		(void)often_flush(INT64_MAX);
		log_event(LOG_INFO, "stopped after %lu sessions",
		    listener.children.total);
		children_free(&listener.children);
		free(listener.failures);
	}
	return status;
}
