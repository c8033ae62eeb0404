/* The reply texts. */
#include "config.h"

#include "pop3/reply.h"

struct reply_text {
	const char *status; /* with the response code */
	const char *text;
};

static const struct reply_text replies[REPLY_COUNT] = {
	[REPLY_GREETING] = { "+OK", "POP3 server ready" },
	[REPLY_GOODBYE] = { "+OK", "goodbye" },
	[REPLY_CAPABILITIES] = { "+OK", "capabilities follow" },
	[REPLY_NAME_TAKEN] = { "+OK", "now the password" },
	[REPLY_LOGGED_IN] = { "+OK", "logged in" },
	[REPLY_NOTHING] = { "+OK", "nothing done" },
	[REPLY_DELETED] = { "+OK", "marked as deleted" },
	[REPLY_RESET] = { "+OK", "no message is marked any more" },
	[REPLY_LISTING] = { "+OK", "listing follows" },
	[REPLY_UPDATED] = { "+OK", "mailbox updated, goodbye" },

	[REPLY_UNKNOWN_COMMAND] = { "-ERR",
	    "unknown command, or not allowed now" },
	[REPLY_WRONG_ARGUMENTS] = { "-ERR",
	    "wrong number or kind of arguments" },
	[REPLY_LINE_TOO_LONG] = { "-ERR", "line too long" },
	[REPLY_HAS_NUL] = { "-ERR", "line contains a NUL" },
	[REPLY_TOO_MANY_BAD] = { "-ERR", "too many bad commands, goodbye" },
	[REPLY_USER_FIRST] = { "-ERR", "say USER first" },
	[REPLY_NO_APOP] = { "-ERR", "APOP is not offered here" },
	[REPLY_MECHANISMS] = { "+OK", "mechanisms follow" },
	[REPLY_NO_MECHANISM] = { "-ERR", "this mechanism is not offered here" },
	[REPLY_NO_INITIAL] = { "-ERR",
	    "this mechanism begins with a challenge" },
	[REPLY_BAD_RESPONSE] = { "-ERR",
	    "this is not what the mechanism asks for" },
	[REPLY_CANCELLED] = { "-ERR", "login given up" },
	[REPLY_NO_PROXY] = { "-ERR [AUTH]",
	    "logging in for somebody else is not possible" },
	[REPLY_NOT_PROTECTED] = { "-ERR",
	    "passwords are taken over an encrypted connection only" },
	[REPLY_BAD_CREDENTIALS] = { "-ERR [AUTH]",
	    "wrong user name or password" },
	[REPLY_SYSTEM_TROUBLE] = { "-ERR [SYS/TEMP]",
	    "trouble on this server, try again later" },
	[REPLY_NO_SUCH_MESSAGE] = { "-ERR", "no such message" },
	[REPLY_IS_DELETED] = { "-ERR", "this message is marked as deleted" },
	[REPLY_MAILBOX_BUSY] = { "-ERR [IN-USE]",
	    "mailbox is in use, try again later" },
	[REPLY_MAILBOX_UNSAFE] = { "-ERR [SYS/PERM]",
	    "mailbox is not safe to open, tell the administrator" },
	[REPLY_MAILBOX_CHANGED] = { "-ERR [SYS/TEMP]",
	    "mailbox was changed by another program, nothing deleted" },
	[REPLY_MAILBOX_TROUBLE] = { "-ERR [SYS/TEMP]",
	    "mailbox cannot be read now, try again later" },
	[REPLY_NOT_UPDATED] = { "-ERR [SYS/TEMP]",
	    "mailbox cannot be updated now, nothing deleted" },
	[REPLY_UPDATE_PENDING] = { "-ERR [SYS/TEMP]",
	    "mailbox update will be completed later" },
	[REPLY_UPDATE_UNCERTAIN] = { "-ERR [SYS/TEMP]",
	    "deleted messages may or may not have been removed" },
};

void
reply(struct wire *wire, enum reply number)
{
	wire_line(wire, "%s %s", replies[number].status, replies[number].text);
}

void
reply_with(struct wire *wire, enum reply number, const char *word)
{
	wire_line(wire, "%s %s %s", replies[number].status,
	    replies[number].text, word);
}
