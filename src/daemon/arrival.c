/* What comes before the greeting.  Runs as root; peer.c reads the header of a
 * program in front, and nothing else is read. */
#include "config.h"

#include "daemon/arrival.h"
#include "daemon/report.h"
#include "pop3/reply.h"
#include "support/clock.h"
#include "support/log.h"
#include "support/often.h"
#include "support/signals.h"

#define SLOW_DELAY 5000 /* ms until a source that fails often is greeted */

static enum session_event
read_header(const struct session *session, struct peer *peer)
{
	struct peer_input input = { .length = 0 };

	for (;;)
		switch (
		    peer_read_header(peer, &input, session->wire.deadline)) {
		case PEER_KNOWN:
			return SESSION_CONTINUE;
		case PEER_GONE:
			return SESSION_GONE;
		case PEER_TIMEOUT:
			return SESSION_TIMEOUT;
		case PEER_INTERRUPTED:
			if (session_take_signals(session) != SESSION_CONTINUE)
				return SESSION_STOPPED;
			continue;
		case PEER_BAD_HEADER:
			often_log(LOG_WARNING,
			    "connection refused reason=\"no PROXY header\" "
			    "addr=%s",
			    peer->text);
			return SESSION_ABUSE;
		}
}

/* The listener has accepted a connection of the program in front; now it learns
 * whose it is. */
static enum session_event
tell_source(struct session *session, const struct peer *peer, int reports,
    bool *is_slow)
{
	switch (report_ask(reports, &peer->address, session->wire.deadline)) {
	case REPORT_GO_ON:
		return SESSION_CONTINUE;
	case REPORT_SLOWLY:
		*is_slow = true;
		return SESSION_CONTINUE;
	case REPORT_END:
		break;
	}
	reply(&session->wire, REPLY_TOO_MANY_CONNECTIONS);
	wire_flush(&session->wire);
	return SESSION_STOPPED;
}

static enum session_event
wait_before_greeting(const struct session *session)
{
	int64_t until = clock_now() + SLOW_DELAY;
	enum session_event event = SESSION_CONTINUE;

	while (event == SESSION_CONTINUE && signals_poll(NULL, 0, until) == -1)
		event = session_take_signals(session);
	return event;
}

enum session_event
arrival_run(
    struct session *session, struct peer *peer, const struct arrival *arrival)
{
	enum session_event event = SESSION_CONTINUE;
	bool is_slow = arrival->is_slow;

	if (peer->is_proxy)
		event = read_header(session, peer);
	if (peer->is_secure)
		session->takes_passwords = true;
	if (peer->is_proxy && event == SESSION_CONTINUE)
		event = tell_source(session, peer, arrival->reports, &is_slow);
	log_trace(TRACE_CONNECTION, "connection addr=%s", peer->text);
	if (is_slow && event == SESSION_CONTINUE)
		event = wait_before_greeting(session);
	return event;
}
