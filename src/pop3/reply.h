/*
 * Every fixed reply, by number.  Status and response code (RFC 2449 section 8,
 * RFC 3206) belong to the number; the text is that of a language, language.h.
 * Numbers and names that clients read are data, never part of a text.
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
	REPLY_OCTETS,
	REPLY_UPDATED,
	REPLY_LANGUAGES,
	REPLY_LANGUAGE,
	REPLY_UTF8,

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
	REPLY_LOGIN_TOO_SOON,
	REPLY_UNKNOWN_LANGUAGE,
	REPLY_SYSTEM_TROUBLE,
	REPLY_TOO_MANY_CONNECTIONS,
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

/* Sends the reply as a line of its own, in the language of the wire. */
void reply(struct wire *wire, enum reply number);

/* The same with a word that is data, not language: in front of the text, or
 * behind it. */
void reply_about(struct wire *wire, enum reply number, const char *word);
void reply_with(struct wire *wire, enum reply number, const char *word);

/* Writes the line with its CR LF, for one who has no wire.  Returns its
 * length. */
size_t reply_line(const struct language *language, enum reply number,
    char line[WIRE_LINE_SIZE]);

#endif
