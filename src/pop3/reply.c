/* The replies: status and response code here, text in the language. */
#include "config.h"

#include "pop3/language.h"
#include "support/text.h"

#include <string.h>

static const char *const statuses[REPLY_COUNT] = {
	[REPLY_GREETING] = "+OK",
	[REPLY_GOODBYE] = "+OK",
	[REPLY_CAPABILITIES] = "+OK",
	[REPLY_NAME_TAKEN] = "+OK",
	[REPLY_LOGGED_IN] = "+OK",
	[REPLY_NOTHING] = "+OK",
	[REPLY_DELETED] = "+OK",
	[REPLY_RESET] = "+OK",
	[REPLY_LISTING] = "+OK",
	[REPLY_OCTETS] = "+OK",
	[REPLY_UPDATED] = "+OK",
	[REPLY_LANGUAGES] = "+OK",
	[REPLY_LANGUAGE] = "+OK",
	[REPLY_UTF8] = "+OK",

	[REPLY_UNKNOWN_COMMAND] = "-ERR",
	[REPLY_WRONG_ARGUMENTS] = "-ERR",
	[REPLY_LINE_TOO_LONG] = "-ERR",
	[REPLY_HAS_NUL] = "-ERR",
	[REPLY_TOO_MANY_BAD] = "-ERR",
	[REPLY_USER_FIRST] = "-ERR",
	[REPLY_NO_APOP] = "-ERR",
	[REPLY_MECHANISMS] = "+OK",
	[REPLY_NO_MECHANISM] = "-ERR",
	[REPLY_NO_INITIAL] = "-ERR",
	[REPLY_BAD_RESPONSE] = "-ERR",
	[REPLY_CANCELLED] = "-ERR",
	[REPLY_NO_PROXY] = "-ERR [AUTH]",
	[REPLY_NOT_PROTECTED] = "-ERR",
	[REPLY_BAD_CREDENTIALS] = "-ERR [AUTH]",
	[REPLY_LOGIN_TOO_SOON] = "-ERR [LOGIN-DELAY]",
	[REPLY_UNKNOWN_LANGUAGE] = "-ERR",
	[REPLY_SYSTEM_TROUBLE] = "-ERR [SYS/TEMP]",
	[REPLY_TOO_MANY_CONNECTIONS] = "-ERR [SYS/TEMP]",
	[REPLY_NO_SUCH_MESSAGE] = "-ERR",
	[REPLY_IS_DELETED] = "-ERR",
	[REPLY_MAILBOX_BUSY] = "-ERR [IN-USE]",
	[REPLY_MAILBOX_UNSAFE] = "-ERR [SYS/PERM]",
	[REPLY_MAILBOX_CHANGED] = "-ERR [SYS/TEMP]",
	[REPLY_MAILBOX_TROUBLE] = "-ERR [SYS/TEMP]",
	[REPLY_NOT_UPDATED] = "-ERR [SYS/TEMP]",
	[REPLY_UPDATE_PENDING] = "-ERR [SYS/TEMP]",
	[REPLY_UPDATE_UNCERTAIN] = "-ERR [SYS/TEMP]",
};

static void
put(struct wire *wire, const char *text)
{
	wire_write(wire, text, strlen(text));
}

/* All that most login children say: without the pages of printf(3). */
void
reply(struct wire *wire, enum reply number)
{
	put(wire, statuses[number]);
	put(wire, " ");
	put(wire, language_text(wire->language, number));
	put(wire, "\r\n");
}

void
reply_about(struct wire *wire, enum reply number, const char *word)
{
	wire_line(wire, "%s %s %s", statuses[number], word,
	    language_text(wire->language, number));
}

void
reply_with(struct wire *wire, enum reply number, const char *word)
{
	wire_line(wire, "%s %s %s", statuses[number],
	    language_text(wire->language, number), word);
}

size_t
reply_line(const struct language *language, enum reply number,
    char line[WIRE_LINE_SIZE])
{
	text_format(line, WIRE_LINE_SIZE, "%s %s\r\n", statuses[number],
	    language_text(language, number));
	return strlen(line);
}
