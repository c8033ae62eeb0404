/*
 * Notices to senders, at QUIT, for what was retrieved.  Runs as the mailbox
 * owner.  Whatever goes wrong here is logged, and the session goes on.
 *
 * A notice is handed over only when it is on disk that it was: RFC 8098 section
 * 2.1 wants at most one, and a notice that gets lost is allowed.
 */
#include "config.h"

#include "pop3/notice.h"
#include "pop3/private.h"
#include "support/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void
log_loss(const struct session *session, const char *why)
{
	log_event(LOG_ERR, "notice not sent reason=\"%s\" user=%s addr=%s", why,
	    session->user, session->peer);
}

/* Reads the header of message i.  One that does not come in one piece, or that
 * cannot be read, asks for nothing. */
static bool
is_due(struct session *session, size_t i, struct notice *notice)
{
	struct mbox_reader reader;
	struct mbox_reason reason;
	const char *why = NULL;
	const char *data;
	size_t length;
	bool result;

	if (mbox_read(session->mbox, i, 0, &reader, &reason) == -1 ||
	    mbox_read_next(&reader, &data, &length, &reason) == -1)
		return false;
	result = notice_is_due(data, length, session->user, notice, &why);
	if (mbox_read_next(&reader, &data, &length, &reason) == -1 ||
	    length > 0)
		return false;
	if (why != NULL)
		log_trace(
		    TRACE_MAILBOX, "no notice for message %zu: %s", i + 1, why);
	return result;
}

/* True if message i gets a notice now, for the first time. */
static bool
take(struct session *session, size_t i, struct notice *notice)
{
	struct mbox_reason reason;
	int result;

	if (!mbox_is_retrieved(session->mbox, i) ||
	    mbox_was_read(session->mbox, i) || !is_due(session, i, notice))
		return false;
	result = mbox_answer(session->mbox, i, &reason);
	if (result == -1)
		log_loss(session, reason.text);
	return result == 1;
}

static size_t
collect(struct session *session, struct notice *notices)
{
	size_t count = 0;
	size_t i;

	for (i = 0; i < mbox_count(session->mbox) && count < NOTICE_MOST; i++)
		if (take(session, i, &notices[count]))
			count++;
	return count;
}

/* Never waits: the other side has room for all of them. */
static void
hand_over(const struct session *session, const struct notice *notice)
{
	if (send(session->notices, notice, sizeof(*notice),
		MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
		log_loss(session, strerror(errno));
}

static void
notify(struct session *session, struct notice *notices)
{
	size_t count = collect(session, notices);
	struct mbox_reason reason;
	size_t i;

	if (count == 0)
		return;
	if (mbox_keep_answers(session->mbox, &reason) == -1) {
		log_loss(session, reason.text);
		return;
	}
	for (i = 0; i < count; i++)
		hand_over(session, &notices[i]);
}

/* What is still on its way may never get to the client; a client that has gone
 * has not got it. */
void
session_notify(struct session *session)
{
	struct notice *notices;

	if (session->notices == -1)
		return;
	wire_flush(&session->wire);
	if (session->wire.is_gone)
		return;
	notices = calloc(NOTICE_MOST, sizeof(*notices));
	if (notices == NULL)
		log_loss(session, "no memory");
	else
		notify(session, notices);
	free(notices);
}
