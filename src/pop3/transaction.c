/*
 * The TRANSACTION and UPDATE states.  Runs as the mailbox owner.
 */
#include "config.h"

#include "pop3/private.h"
#include "support/clock.h"
#include "support/log.h"
#include "support/text.h"

#include <inttypes.h>
#include <string.h>

/* How long QUIT may wait for the mailbox locks, in ms. */
#define UPDATE_PATIENCE 60000

/* ---- trouble with the mailbox ------------------------------------------- */

static enum reply
reply_for(enum mbox_failure failure)
{
	switch (failure) {
	case MBOX_BUSY:
		return REPLY_MAILBOX_BUSY;
	case MBOX_TOO_SOON:
		return REPLY_LOGIN_TOO_SOON;
	case MBOX_UNSAFE:
		return REPLY_MAILBOX_UNSAFE;
	case MBOX_CHANGED:
		return REPLY_MAILBOX_CHANGED;
	case MBOX_PENDING:
		return REPLY_UPDATE_PENDING;
	case MBOX_UNCERTAIN:
		return REPLY_UPDATE_UNCERTAIN;
	case MBOX_FULL:
	case MBOX_SYSTEM:
		break;
	}
	return REPLY_MAILBOX_TROUBLE;
}

static void
log_reason(const struct session *session, const struct mbox_reason *reason)
{
	bool is_usual =
	    reason->failure == MBOX_BUSY || reason->failure == MBOX_TOO_SOON;

	log_event(is_usual ? LOG_NOTICE : LOG_ERR,
	    "mailbox trouble: %s user=%s addr=%s", reason->text, session->user,
	    session->peer);
}

void
session_fail(struct session *session, const struct mbox_reason *reason)
{
	log_reason(session, reason);
	reply(&session->wire, reply_for(reason->failure));
	wire_flush(&session->wire);
}

void
session_fail_system(struct session *session)
{
	reply(&session->wire, REPLY_SYSTEM_TROUBLE);
	wire_flush(&session->wire);
}

enum session_event
transaction_fail(struct session *session, const struct mbox_reason *reason)
{
	session_fail(session, reason);
	return SESSION_BROKEN;
}

/* ---- RETR, TOP ---------------------------------------------------------- */

/* Sends the text.  After the first octet there is no way to tell the client of
 * trouble but to end the connection. */
static enum session_event
send_text(struct session *session, struct mbox_reader *reader)
{
	struct mbox_reason reason;
	const char *data;
	size_t length;

	wire_text_begin(&session->wire);
	do {
		if (mbox_read_next(reader, &data, &length, &reason) == -1) {
			log_reason(session, &reason);
			return SESSION_BROKEN;
		}
		wire_text(&session->wire, data, length);
	} while (length > 0 && !session->wire.is_gone);
	wire_text_end(&session->wire);
	return session->wire.is_stalled ? SESSION_TIMEOUT : SESSION_CONTINUE;
}

static enum session_event
run_retr(struct session *session, const struct arguments *arguments)
{
	struct mbox_reader reader;
	struct mbox_reason reason;
	enum session_event event;
	char octets[24];
	size_t i;

	if (!listing_find(session, arguments->at[0], &i, &event))
		return event;
	if (mbox_read(session->mbox, i, MBOX_ALL_LINES, &reader, &reason) == -1)
		return transaction_fail(session, &reason);
	if (i + 1 > session->last)
		session->last = i + 1;
	session->retrieved++;
	text_format(
	    octets, sizeof(octets), "%" PRIu64, mbox_octets(session->mbox, i));
	reply_about(&session->wire, REPLY_OCTETS, octets);
	event = send_text(session, &reader);
	if (event == SESSION_CONTINUE && !session->wire.is_gone)
		mbox_retrieved(session->mbox, i);
	return event;
}

static enum session_event
run_top(struct session *session, const struct arguments *arguments)
{
	struct mbox_reader reader;
	struct mbox_reason reason;
	enum session_event event;
	uint64_t lines;
	size_t i;

	if (!listing_find(session, arguments->at[0], &i, &event))
		return event;
	if (!text_to_number(arguments->at[1], MBOX_ALL_LINES - 1, &lines))
		return command_reject(session, REPLY_WRONG_ARGUMENTS);
	if (mbox_read(session->mbox, i, lines, &reader, &reason) == -1)
		return transaction_fail(session, &reason);
	reply(&session->wire, REPLY_LISTING);
	return send_text(session, &reader);
}

/* ---- DELE, RSET, LAST, NOOP --------------------------------------------- */

static enum session_event
run_dele(struct session *session, const struct arguments *arguments)
{
	enum session_event event;
	size_t i;

	if (!listing_find(session, arguments->at[0], &i, &event))
		return event;
	mbox_delete(session->mbox, i);
	session->deleted++;
	reply(&session->wire, REPLY_DELETED);
	return SESSION_CONTINUE;
}

static enum session_event
run_rset(struct session *session, const struct arguments *arguments)
{
	(void)arguments;
	mbox_undelete_all(session->mbox);
	session->deleted = 0;
	session->last = session->first_last;
	reply(&session->wire, REPLY_RESET);
	return SESSION_CONTINUE;
}

/* RFC 1460, gone from RFC 1939: the highest message retrieved so far. */
static enum session_event
run_last(struct session *session, const struct arguments *arguments)
{
	(void)arguments;
	wire_line(&session->wire, "+OK %zu", session->last);
	return SESSION_CONTINUE;
}

static enum session_event
run_noop(struct session *session, const struct arguments *arguments)
{
	(void)arguments;
	reply(&session->wire, REPLY_NOTHING);
	return SESSION_CONTINUE;
}

/* ---- QUIT --------------------------------------------------------------- */

static enum reply
update_reply(enum mbox_failure failure)
{
	if (failure == MBOX_CHANGED || failure == MBOX_PENDING ||
	    failure == MBOX_UNCERTAIN)
		return reply_for(failure);
	return REPLY_NOT_UPDATED;
}

struct farewell {
	struct session *session;
	bool is_said;
};

/* The mailbox is locked: nobody may be waited for. */
static void
say_updated(void *about)
{
	struct farewell *farewell = about;
	struct wire *wire = &farewell->session->wire;

	if (!wire_can_push(wire))
		return;
	farewell->is_said = true;
	reply(wire, REPLY_UPDATED);
	wire_push(wire);
}

/* The reply leaves as soon as the outcome is certain, and tells it; a client
 * that has gone meanwhile changes nothing. */
static enum session_event
run_quit(struct session *session, const struct arguments *arguments)
{
	struct farewell farewell = { session, false };
	struct mbox_reason reason;
	enum session_event event = SESSION_QUIT;
	int result;

	(void)arguments;
	session_notify(session);
	log_trace(TRACE_MAILBOX, "updating, deleted=%zu", session->deleted);
	mbox_watch(session->mbox, say_updated, &farewell);
	result =
	    mbox_update(session->mbox, clock_now() + UPDATE_PATIENCE, &reason);
	if (result == -1)
		log_reason(session, &reason);
	if (result == 0 && !farewell.is_said) {
		reply(&session->wire, REPLY_UPDATED);
	} else if (!farewell.is_said) {
		session->deleted = 0;
		event = SESSION_BROKEN;
		reply(&session->wire, update_reply(reason.failure));
	}
	wire_flush(&session->wire);
	return event;
}

static const struct command table[] = {
	{ "STAT", 0, 0, false, listing_stat },
	{ "LIST", 0, 1, false, listing_list },
	{ "UIDL", 0, 1, false, listing_uidl },
	{ "RETR", 1, 1, false, run_retr },
	{ "TOP", 2, 2, false, run_top },
	{ "DELE", 1, 1, false, run_dele },
	{ "RSET", 0, 0, false, run_rset },
	{ "LAST", 0, 0, false, run_last },
	{ "NOOP", 0, 0, false, run_noop },
	{ "CAPA", 0, 0, false, command_capa },
	{ "LANG", 0, 1, false, command_lang },
	{ "QUIT", 0, 0, false, run_quit },
	{ NULL, 0, 0, false, NULL },
};

/* ---- the session -------------------------------------------------------- */

enum session_event
session_open(
    struct session *session, const struct mbox_place *place, int64_t deadline)
{
	struct mbox_reason reason;

	if (mbox_open(&session->mbox, place, deadline, &reason) == -1)
		return transaction_fail(session, &reason);
	if (!mbox_is_mbox(session->mbox))
		log_event(LOG_WARNING,
		    "%s/%s: not an mbox, shown as empty and left alone "
		    "user=%s addr=%s",
		    place->directory, place->name, session->user,
		    session->peer);
	log_trace(TRACE_MAILBOX, "opened %s/%s messages=%zu", place->directory,
	    place->name, mbox_count(session->mbox));
	session->last = session->first_last = mbox_last_read(session->mbox);
	reply(&session->wire, REPLY_LOGGED_IN);
	return SESSION_CONTINUE;
}

enum session_event
session_transact(struct session *session)
{
	return command_loop(session, table);
}
