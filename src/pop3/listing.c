/*
 * What there is: STAT, LIST, UIDL.  Runs as the mailbox owner.
 */
#include "config.h"

#include "pop3/private.h"
#include "support/text.h"

#include <inttypes.h>
#include <string.h>

/* False if what is known of messages cannot be had; then *event is the end. */
static bool
load(struct session *session, enum session_event *event)
{
	struct mbox_reason reason;

	*event = SESSION_CONTINUE;
	if (mbox_load(session->mbox, &reason) == 0)
		return true;
	*event = transaction_fail(session, &reason);
	return false;
}

bool
listing_find(struct session *session, const char *text, size_t *i,
    enum session_event *event)
{
	uint64_t number;

	if (!load(session, event))
		return false;
	if (!text_to_number(text, SIZE_MAX, &number) || number == 0 ||
	    number > mbox_count(session->mbox)) {
		reply(&session->wire, REPLY_NO_SUCH_MESSAGE);
		return false;
	}
	*i = (size_t)number - 1;
	if (mbox_is_deleted(session->mbox, *i)) {
		reply(&session->wire, REPLY_IS_DELETED);
		return false;
	}
	return true;
}

enum session_event
listing_stat(struct session *session, const struct arguments *arguments)
{
	uint64_t octets;
	size_t count;

	(void)arguments;
	mbox_totals(session->mbox, &count, &octets);
	wire_line(&session->wire, "+OK %zu %" PRIu64, count, octets);
	return SESSION_CONTINUE;
}

/* A line of a listing: the number of message i, and text.  There may be a
 * million of them, so printf(3) is not used. */
static void
write_entry(struct session *session, size_t i, const char *text, size_t length)
{
	char line[TEXT_NUMBER_SIZE + 1 + MBOX_UIDL_SIZE + 2];
	size_t used = text_from_number(line, i + 1);

	line[used++] = ' ';
	memcpy(line + used, text, length);
	used += length;
	memcpy(line + used, "\r\n", 2);
	wire_write(&session->wire, line, used + 2);
}

/* ---- LIST --------------------------------------------------------------- */

static enum session_event
list_one(struct session *session, const char *text)
{
	enum session_event event;
	size_t i;

	if (!listing_find(session, text, &i, &event))
		return event;
	wire_line(&session->wire, "+OK %zu %" PRIu64, i + 1,
	    mbox_octets(session->mbox, i));
	return SESSION_CONTINUE;
}

static enum session_event
list_all(struct session *session)
{
	char octets[TEXT_NUMBER_SIZE];
	enum session_event event;
	size_t i;

	if (!load(session, &event))
		return event;
	reply(&session->wire, REPLY_LISTING);
	for (i = 0; i < mbox_count(session->mbox); i++)
		if (!mbox_is_deleted(session->mbox, i))
			write_entry(session, i, octets,
			    text_from_number(
				octets, mbox_octets(session->mbox, i)));
	wire_line(&session->wire, ".");
	return SESSION_CONTINUE;
}

enum session_event
listing_list(struct session *session, const struct arguments *arguments)
{
	return arguments->count == 1 ? list_one(session, arguments->at[0])
				     : list_all(session);
}

/* ---- UIDL --------------------------------------------------------------- */

static enum session_event
uidl_one(struct session *session, const char *text)
{
	struct mbox_reason reason;
	enum session_event event;
	char id[MBOX_UIDL_SIZE];
	size_t i;

	if (!listing_find(session, text, &i, &event))
		return event;
	if (mbox_uidl(session->mbox, i, id, &reason) == -1)
		return transaction_fail(session, &reason);
	wire_line(&session->wire, "+OK %zu %s", i + 1, id);
	return SESSION_CONTINUE;
}

/* All ids are made by the first call, so trouble comes before the listing. */
static enum session_event
uidl_all(struct session *session)
{
	struct mbox_reason reason;
	enum session_event event;
	char id[MBOX_UIDL_SIZE];
	size_t i;

	if (!load(session, &event))
		return event;
	if (mbox_count(session->mbox) > 0 &&
	    mbox_uidl(session->mbox, 0, id, &reason) == -1)
		return transaction_fail(session, &reason);
	reply(&session->wire, REPLY_LISTING);
	for (i = 0; i < mbox_count(session->mbox); i++) {
		if (mbox_is_deleted(session->mbox, i))
			continue;
		if (mbox_uidl(session->mbox, i, id, &reason) == -1)
			return SESSION_BROKEN;
		write_entry(session, i, id, strlen(id));
	}
	wire_line(&session->wire, ".");
	return SESSION_CONTINUE;
}

enum session_event
listing_uidl(struct session *session, const struct arguments *arguments)
{
	return arguments->count == 1 ? uidl_one(session, arguments->at[0])
				     : uidl_all(session);
}
