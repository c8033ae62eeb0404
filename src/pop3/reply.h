/*
 * Every fixed reply text, by number, so that a catalogue in another language
 * is one more table.  Status and response code (RFC 2449 section 8, RFC 3206)
 * belong to the number; no text begins with "[".
 */
#ifndef POP3_REPLY_H
#define POP3_REPLY_H

#include "pop3/wire.h"

enum reply {
	REPLY_GREETING,
	REPLY_GOODBYE,
	REPLY_CAPABILITIES,
	REPLY_NAME_TAKEN,
	REPLY_LOGGED_IN,
	REPLY_NOTHING,
	REPLY_DELETED,
	REPLY_RESET,
	REPLY_LISTING,
	REPLY_UPDATED,

	REPLY_UNKNOWN_COMMAND,
	REPLY_WRONG_ARGUMENTS,
	REPLY_LINE_TOO_LONG,
	REPLY_HAS_NUL,
	REPLY_TOO_MANY_BAD,
	REPLY_USER_FIRST,
	REPLY_NO_APOP,
	REPLY_MECHANISMS,
	REPLY_NO_MECHANISM,
	REPLY_NO_INITIAL,
	REPLY_BAD_RESPONSE,
	REPLY_CANCELLED,
	REPLY_NO_PROXY,
	REPLY_NOT_PROTECTED,
	REPLY_BAD_CREDENTIALS,
	REPLY_SYSTEM_TROUBLE,
	REPLY_NO_SUCH_MESSAGE,
	REPLY_IS_DELETED,
	REPLY_MAILBOX_BUSY,
	REPLY_MAILBOX_UNSAFE,
	REPLY_MAILBOX_CHANGED,
	REPLY_MAILBOX_TROUBLE,
	REPLY_NOT_UPDATED,
	REPLY_UPDATE_PENDING,
	REPLY_UPDATE_UNCERTAIN,

	REPLY_COUNT
};

/* Sends the reply as a line of its own. */
void reply(struct wire *wire, enum reply number);

/* The same with a word that is data, not language, behind it. */
void reply_with(struct wire *wire, enum reply number, const char *word);

#endif
