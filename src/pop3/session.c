/* The session as a whole: beginning, stamp, log lines, end. */
#include "config.h"

#include "pop3/language.h"
#include "pop3/pop3.h"
#include "support/clock.h"
#include "support/log.h"
#include "support/secret.h"
#include "support/signals.h"
#include "support/text.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void
session_prefer(struct session *session, const struct language *language)
{
	session->preferred = language;
	session->wire.language = language;
}

void
session_init(struct session *session, int in, int out, const char *peer)
{
	/* The buffers of the wire are left alone: memory that no octet of a
	 * client ever gets to is never taken. */
	memset(session, 0, offsetof(struct session, wire));
	wire_init(&session->wire, in, out);
	session_prefer(session, language_find(DEFAULT_LANGUAGE));
	session->peer = peer;
	session->user = "-";
	session->notices = -1;
	session->started = clock_now();
}

/* A name with anything else in it would break the form of the stamp. */
static bool
is_host_name(const char *name)
{
	return name[0] != '\0' &&
	    name[strspn(name,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789.-_")] == '\0';
}

int
session_make_stamp(struct session *session)
{
	char host[128];
	uint64_t random;

	if (secret_random(&random, sizeof(random)) == -1 ||
	    secret_random(session->salt, sizeof(session->salt)) == -1)
		return -1;
	if (gethostname(host, sizeof(host)) == -1)
		return -1;
	host[sizeof(host) - 1] = '\0';
	if (text_format(session->stamp, sizeof(session->stamp),
		"<%ld.%lld.%016" PRIx64 "@%s>", (long)getpid(),
		(long long)time(NULL), random,
		is_host_name(host) ? host : "localhost"))
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

static const char *
describe(enum session_event event)
{
	switch (event) {
	case SESSION_QUIT:
		return "quit";
	case SESSION_TIMEOUT:
		return "timeout";
	case SESSION_ABUSE:
		return "too many errors";
	case SESSION_STOPPED:
		return "stopped";
	case SESSION_BROKEN:
		return "mailbox trouble";
	case SESSION_CONTINUE:
	case SESSION_ATTEMPT:
	case SESSION_GONE:
		break;
	}
	return "connection lost";
}

static int64_t
seconds(const struct session *session)
{
	return (clock_now() - session->started) / 1000;
}

/* Without QUIT nothing was deleted, whatever was marked. */
void
session_log_end(const struct session *session, enum session_event event)
{
	size_t count = session->mbox == NULL ? 0 : mbox_count(session->mbox);
	size_t deleted = event == SESSION_QUIT ? session->deleted : 0;

	log_event(LOG_INFO,
	    "session end=\"%s\" retrieved=%zu deleted=%zu left=%zu "
	    "octets=%" PRIu64 " seconds=%" PRId64 " commands=%lu user=%s "
	    "addr=%s",
	    describe(event), session->retrieved, deleted, count - deleted,
	    session->wire.sent, seconds(session), session->commands,
	    session->user, session->peer);
}

void
session_log_status(const struct session *session)
{
	log_event(LOG_INFO,
	    "status seconds=%" PRId64 " commands=%lu user=%s "
	    "addr=%s",
	    seconds(session), session->commands, session->user, session->peer);
}

enum session_event
session_take_signals(const struct session *session)
{
	if (signals_take(SIGUSR2))
		session_log_status(session);
	return signals_take(SIGTERM) ? SESSION_STOPPED : SESSION_CONTINUE;
}

enum session_event
session_wait(const struct session *session, int64_t until)
{
	enum session_event event = SESSION_CONTINUE;

	while (event == SESSION_CONTINUE && signals_poll(NULL, 0, until) == -1)
		event = session_take_signals(session);
	return event;
}

void
session_free(struct session *session)
{
	mbox_close(&session->mbox);
	explicit_bzero(&session->credentials, sizeof(session->credentials));
}
