/*
 * One connection.  Runs as root, if the daemon does, from the greeting until
 * an attempt to log in is accepted; reads nothing from the network until it has
 * become the mailbox owner.
 */
#include "config.h"

#include "daemon/arrival.h"
#include "daemon/connection.h"
#include "daemon/login.h"
#include "daemon/owner.h"
#include "daemon/receipt.h"
#include "daemon/recovery.h"
#include "daemon/relay.h"
#include "daemon/report.h"
#include "support/clock.h"
#include "support/log.h"
#include "support/memory.h"
#include "support/often.h"
#include "support/signals.h"
#include "support/text.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define REFUSAL_DELAY  1000  /* ms from attempt to answer; then twice, ... */
#define MOST_DOUBLINGS 2     /* ... and four times as many */
#define CHILD_PATIENCE 5000  /* ms that the child may take over limits */
#define CLAIM_PATIENCE 5000  /* ms to wait for another session's end */
#define LOCK_PATIENCE  20000 /* ms to wait for mailbox locks at login */
#define STALL_LIMIT    120000

/* A longer name must not push the address off the log line. */
#define LOGGED_NAME_SIZE 300

struct connection {
	const struct house *house;
	struct account_rules rules; /* with the cache, until somebody is in */
	int reports; /* to the listener, until somebody is logged in; -1 */
	struct login login;
	struct account_finding finding;
	struct mbox_place place;
	struct peer peer;
	struct session session; /* last, since it is large */
};

/* ---- logging in --------------------------------------------------------- */

static void
log_failure(const struct connection *connection, const char *why)
{
	const struct credentials *credentials =
	    &connection->session.credentials;
	char name[LOGGED_NAME_SIZE];

	log_event(LOG_NOTICE,
	    "login failed reason=\"%s\" method=%s user=%s addr=%s", why,
	    credentials_method(credentials->kind),
	    text_escape(name, sizeof(name), credentials->name,
		strlen(credentials->name)),
	    connection->peer.text);
}

static int64_t
refusal_delay(unsigned int failures)
{
	return REFUSAL_DELAY
	    << (failures < MOST_DOUBLINGS ? failures : MOST_DOUBLINGS);
}

static enum session_answer
judge(struct connection *connection)
{
	struct session *session = &connection->session;
	enum account_verdict verdict;

	verdict = account_verify(&connection->rules, &session->credentials,
	    session->stamp,
	    connection->house->options->is_ip_based
		? peer_local_domain(&connection->peer)
		: NULL,
	    &connection->finding);
	explicit_bzero(
	    session->credentials.secret, sizeof(session->credentials.secret));
	if (verdict == ACCOUNT_ACCEPTED)
		return ANSWER_ACCEPTED;
	log_failure(connection, connection->finding.why);
	if (verdict != ACCOUNT_REFUSED)
		return ANSWER_TROUBLE;
	report_send(
	    connection->reports, REPORT_FAILURE, &connection->peer.address);
	return ANSWER_REFUSED;
}

/* What runs from here on is not trusted by the listener any more. */
static void
leave_listener(struct connection *connection)
{
	if (connection->reports == -1)
		return;
	report_send(
	    connection->reports, REPORT_LOGGED_IN, &connection->peer.address);
	often_relay(NULL, -1);
	close(connection->reports);
	connection->reports = -1;
}

/* What came while the connection process waited for the login child. */
static enum session_event
take_event(struct connection *connection, enum login_event event)
{
	switch (event) {
	case LOGIN_TIMEOUT:
		return SESSION_TIMEOUT;
	case LOGIN_INTERRUPTED:
		return session_take_signals(&connection->session);
	case LOGIN_ENDED:
		return SESSION_GONE; /* the child's status knows better */
	case LOGIN_GIVEN_UP:
		log_failure(connection, "given up by the client");
		return SESSION_CONTINUE;
	case LOGIN_CONFIRMED:
		relay_note(connection->house->options->relay_file,
		    &connection->peer.address,
		    connection->finding.account.name);
		leave_listener(connection);
		log_event(LOG_INFO, "login method=%s user=%s addr=%s",
		    credentials_method(connection->session.credentials.kind),
		    connection->finding.account.name, connection->peer.text);
		return SESSION_ATTEMPT;
	case LOGIN_ATTEMPT:
	case LOGIN_BROKEN:
		break;
	}
	log_event(LOG_ERR, "the login child sent nonsense addr=%s",
	    connection->peer.text);
	return SESSION_BROKEN;
}

/* Until when the child must have told something. */
static int64_t
childs_deadline(const struct connection *connection)
{
	return connection->session.wire.deadline + CHILD_PATIENCE;
}

/* An attempt that was accepted: SESSION_ATTEMPT means go on as the user. */
static enum session_event
take_over(struct connection *connection)
{
	enum login_event event;
	enum session_event result;

	do {
		event = login_take_over(&connection->login,
		    &connection->session, childs_deadline(connection));
		result = take_event(connection, event);
	} while (event == LOGIN_INTERRUPTED && result == SESSION_CONTINUE);
	return result;
}

static enum session_event
accept_attempt(struct connection *connection)
{
	if (login_answer(&connection->login, ANSWER_ACCEPTED,
		connection->finding.signature) == -1)
		return SESSION_BROKEN;
	return take_over(connection);
}

/* Every refusal leaves the same time after its attempt, whatever the look-up
 * and the hash have cost. */
static enum session_event
refuse_attempt(struct connection *connection, enum session_answer answer,
    int64_t answer_at)
{
	struct session *session = &connection->session;
	enum session_event event = session_wait(session, answer_at);

	if (event != SESSION_CONTINUE)
		return event;
	if (login_answer(&connection->login, answer,
		connection->finding.signature) == -1)
		return SESSION_BROKEN;
	/* The child counts too, but it is not trusted. */
	return ++session->failures > session->most_failures ? SESSION_ABUSE
							    : SESSION_CONTINUE;
}

/* Answers one attempt.  SESSION_ATTEMPT means: accepted, go on as the user. */
static enum session_event
answer_attempt(struct connection *connection)
{
	struct session *session = &connection->session;
	int64_t answer_at = clock_now() + refusal_delay(session->failures);
	enum session_answer answer = judge(connection);
	enum session_event event = answer == ANSWER_ACCEPTED
	    ? accept_attempt(connection)
	    : refuse_attempt(connection, answer, answer_at);

	memory_forget(&session->credentials, sizeof(session->credentials));
	explicit_bzero(connection->finding.signature, CREDENTIALS_PROOF_SIZE);
	return event;
}

static enum session_event
wait_for_attempt(struct connection *connection)
{
	enum login_event event = login_wait(&connection->login,
	    &connection->session, childs_deadline(connection));

	if (event == LOGIN_ATTEMPT)
		return answer_attempt(connection);
	return take_event(connection, event);
}

/* Runs the login child.  SESSION_ATTEMPT when somebody is logged in. */
static enum session_event
log_in(struct connection *connection)
{
	const struct house *house = connection->house;
	struct login_cell cell = { .uid = house->login_uid,
		.gid = house->login_gid,
		.directory = house->state.empty,
		.is_sandboxed = house->options->is_sandboxed };
	enum session_event event, told;

	if (login_start(&connection->login, &connection->session, &cell) ==
	    -1) {
		log_event(LOG_ERR, "cannot start the login child: %s",
		    strerror(errno));
		session_fail_system(&connection->session);
		return SESSION_BROKEN;
	}
	do
		event = wait_for_attempt(connection);
	while (event == SESSION_CONTINUE);
	told = login_end(&connection->login);
	if (event == SESSION_GONE && told == SESSION_BROKEN) {
		log_event(LOG_ERR,
		    "the login child could not give up its rights; is %s an "
		    "empty directory of root? addr=%s",
		    cell.directory, connection->peer.text);
		session_fail_system(&connection->session);
	}
	return event == SESSION_GONE ? told : event;
}

/* ---- becoming the user -------------------------------------------------- */

static int
find_place(struct connection *connection)
{
	const struct options *options = connection->house->options;
	struct mbox_place *place = &connection->place;
	bool is_home;

	house_set_methods(connection->house, place);
	place->owner = connection->finding.account.uid;
	place->group = connection->finding.account.gid;
	place->pause = options->login_delay;
	if (!account_mailbox(&options->rules, &connection->finding.account,
		place->directory, place->name, &is_home)) {
		log_event(LOG_ERR,
		    "cannot tell where the mailbox is: %s user=%s addr=%s",
		    strerror(errno), connection->finding.account.name,
		    connection->peer.text);
		return -1;
	}
	place->needs_dotlock = !is_home;
	place->notes_answers = options->sendmail != NULL;
	place->leaves_status =
	    !options->keeps_status || connection->finding.account.leaves_status;
	return 0;
}

static int
become_owner(struct connection *connection)
{
	const struct account *account = &connection->finding.account;

	connection->session.notices =
	    receipt_start(connection->house, account, connection->peer.text);
	if (owner_become(connection->house, &connection->place) == 0)
		return 0;
	log_event(LOG_ERR, "cannot become uid %u, gid %u: %s user=%s addr=%s",
	    account->uid, account->gid, strerror(errno), account->name,
	    connection->peer.text);
	return -1;
}

/* From an accepted attempt to the end. */
static enum session_event
serve_user(struct connection *connection)
{
	struct session *session = &connection->session;
	const struct house *house = connection->house;
	struct mbox_reason reason;
	enum session_event event;

	session->user = connection->finding.account.name;
	session->wire.deadline = -1;
	session->wire.idle_limit = house->options->idle_limit;
	if (account_cache_close(&connection->rules.cache) == -1 ||
	    find_place(connection) == -1) {
		session_fail_system(session);
		return SESSION_BROKEN;
	}
	if (mbox_claim(house->state.directory, &connection->place,
		clock_now() + CLAIM_PATIENCE, &reason) == -1) {
		session_fail(session, &reason);
		return SESSION_BROKEN;
	}
	if ((mbox_needs_recovery(&connection->place) &&
		recovery_run(house, &connection->place) == -1) ||
	    become_owner(connection) == -1) {
		session_fail_system(session);
		return SESSION_BROKEN;
	}
	event = session_open(
	    session, &connection->place, clock_now() + LOCK_PATIENCE);
	return event == SESSION_CONTINUE ? session_transact(session) : event;
}

/* ---- all of it ---------------------------------------------------------- */

static int
prepare(struct connection *connection, const struct address *peer)
{
	const struct options *options = connection->house->options;
	struct session *session = &connection->session;

	signals_default(SIGCHLD);
	signals_ignore(SIGHUP);
	signals_ignore(SIGINT);
	signals_watch(SIGTERM);
	signals_watch(SIGUSR2);
	peer_find(&connection->peer, options, peer);
	peer_tune_socket(STALL_LIMIT);
	session_init(
	    session, STDIN_FILENO, STDOUT_FILENO, connection->peer.text);
	session_prefer(session, options->language);
	session->wire.deadline = clock_now() + options->login_limit;
	session->wire.stall_limit = STALL_LIMIT;
	session->most_failures = options->most_login_failures;
	session->login_delay = options->login_delay;
	session->takes_passwords =
	    options->is_secure || !options->requires_secure;
	return session_make_stamp(session);
}

int
connection_serve(const struct house *house, const struct arrival *arrival)
{
	static struct connection connection; /* large, and mostly unused */
	enum session_event event;

	connection.house = house;
	connection.rules = house->options->rules;
	connection.rules.cache = arrival->cache;
	connection.reports = arrival->reports;
	if (connection.reports != -1)
		often_relay(report_line, connection.reports);
	if (prepare(&connection, arrival->peer) == -1) {
		log_event(LOG_ERR, "no randomness: %s", strerror(errno));
		return EX_OSERR;
	}
	connection.session.offers_challenges = arrival->offers_challenges;
	event = arrival_run(&connection.session, &connection.peer, arrival);
	if (event == SESSION_CONTINUE)
		event = log_in(&connection);
	if (event == SESSION_ATTEMPT)
		event = serve_user(&connection);
	session_log_end(&connection.session, event);
	session_free(&connection.session);
	return EX_OK;
}
