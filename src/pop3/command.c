/*
 * From a line to the function that serves it.  What is allowed in which state
 * is a table, so a command in the wrong state is simply not found.
 */
#include "config.h"

#include "pop3/language.h"
#include "pop3/private.h"
#include "support/log.h"
#include "support/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MOST_BAD_COMMANDS 10

/* ---- capabilities ------------------------------------------------------- */

/* What can be used to log in, and what cannot is not told. */
static void
list_logins(struct session *session)
{
	char list[WIRE_LINE_SIZE / 2] = "";
	size_t used = 0, i = 0;
	const char *name;

	if (session->takes_passwords)
		wire_line(&session->wire, "USER");
	while ((name = sasl_next_offer(session, &i)) != NULL)
		used += (size_t)snprintf(
		    list + used, sizeof(list) - used, " %s", name);
	if (used > 0)
		wire_line(&session->wire, "SASL%s", list);
}

/* RFC 2449 section 5: valid in both states, the same in both. */
enum session_event
command_capa(struct session *session, const struct arguments *arguments)
{
	static const char *const capabilities[] = { "TOP", "UIDL", "RESP-CODES",
		"AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER", "UTF8", "LANG",
		"IMPLEMENTATION gnu-pop3d" };
	size_t i;

	(void)arguments;
	reply(&session->wire, REPLY_CAPABILITIES);
	list_logins(session);
	for (i = 0; i < sizeof(capabilities) / sizeof(*capabilities); i++)
		wire_line(&session->wire, "%s", capabilities[i]);
	if (session->login_delay > 0)
		wire_line(
		    &session->wire, "LOGIN-DELAY %u", session->login_delay);
	wire_line(&session->wire, ".");
	return SESSION_CONTINUE;
}

/* ---- language ----------------------------------------------------------- */

static void
list_languages(struct wire *wire)
{
	const struct language *language;
	size_t i;

	reply(wire, REPLY_LANGUAGES);
	for (i = 0; (language = language_at(i)) != NULL; i++)
		wire_line(wire, "%s %s", language->tag, language->name);
	wire_line(wire, ".");
}

/* RFC 6856 section 3: the reply is in the new language already. */
enum session_event
command_lang(struct session *session, const struct arguments *arguments)
{
	const struct language *language = session->preferred;

	if (arguments->count == 0) {
		list_languages(&session->wire);
		return SESSION_CONTINUE;
	}
	if (strcmp(arguments->at[0], "*") != 0)
		language = language_find(arguments->at[0]);
	if (language == NULL) {
		reply(&session->wire, REPLY_UNKNOWN_LANGUAGE);
		return SESSION_CONTINUE;
	}
	session->wire.language = language;
	reply_about(&session->wire, REPLY_LANGUAGE, language->tag);
	return SESSION_CONTINUE;
}

/* ---- one line ----------------------------------------------------------- */

enum session_event
command_reject(struct session *session, enum reply number)
{
	if (++session->bad_commands < MOST_BAD_COMMANDS) {
		reply(&session->wire, number);
		return SESSION_CONTINUE;
	}
	reply(&session->wire, REPLY_TOO_MANY_BAD);
	wire_flush(&session->wire);
	return SESSION_ABUSE;
}

static const struct command *
find(const struct command *table, const char *line, size_t length)
{
	for (; table->verb != NULL; table++)
		if (strlen(table->verb) == length &&
		    strncasecmp(table->verb, line, length) == 0)
			return table;
	return NULL;
}

/* Splits at single blanks.  False if there are too many words, or one is
 * empty; blanks at the end of the line do not count. */
static bool
split(char *rest, struct arguments *arguments)
{
	size_t length = rest == NULL ? 0 : strlen(rest);
	char *word;

	while (length > 0 && rest[length - 1] == ' ')
		rest[--length] = '\0';
	if (length == 0)
		return true;
	while ((word = text_field(&rest, ' ')) != NULL) {
		if (arguments->count == COMMAND_ARGUMENTS || *word == '\0')
			return false;
		arguments->at[arguments->count++] = word;
	}
	return true;
}

static bool
parse_arguments(
    const struct command *command, char *rest, struct arguments *arguments)
{
	arguments->count = 0;
	if (command->takes_rest && rest != NULL && *rest != '\0')
		arguments->at[arguments->count++] = rest;
	else if (!split(rest, arguments))
		return false;
	return arguments->count >= command->least &&
	    arguments->count <= command->most;
}

/* What takes the rest of the line verbatim is a secret. */
static void
trace(const struct command *command, const struct arguments *arguments)
{
	char escaped[WIRE_LINE_SIZE] = "";

	if (!log_traces(TRACE_COMMANDS))
		return;
	if (arguments->count > 0 && !command->takes_rest)
		text_escape(escaped, sizeof(escaped), arguments->at[0],
		    strlen(arguments->at[0]));
	log_trace(TRACE_COMMANDS, "command %s%s%s", command->verb,
	    escaped[0] == '\0' ? "" : " ", escaped);
}

static enum session_event
run_line(struct session *session, const struct command *table, char *line)
{
	struct arguments arguments;
	size_t length = strcspn(line, " ");
	char *rest = line[length] == '\0' ? NULL : line + length + 1;
	const struct command *command = find(table, line, length);

	session->commands++;
	if (command == NULL)
		return command_reject(session, REPLY_UNKNOWN_COMMAND);
	if (!parse_arguments(command, rest, &arguments))
		return command_reject(session, REPLY_WRONG_ARGUMENTS);
	session->bad_commands = 0;
	trace(command, &arguments);
	return command->run(session, &arguments);
}

/* ---- all lines ---------------------------------------------------------- */

enum session_event
command_without_line(struct session *session, enum wire_event event)
{
	switch (event) {
	case WIRE_TOO_LONG:
		return command_reject(session, REPLY_LINE_TOO_LONG);
	case WIRE_HAS_NUL:
		return command_reject(session, REPLY_HAS_NUL);
	case WIRE_END:
		return SESSION_GONE;
	case WIRE_TIMEOUT:
		return SESSION_TIMEOUT;
	case WIRE_INTERRUPTED:
		return session_take_signals(session);
	case WIRE_LINE:
		break;
	}
	return SESSION_CONTINUE;
}

static enum session_event
next_line(struct session *session, const struct command *table)
{
	char *line;
	enum wire_event event = wire_read_line(&session->wire, &line);

	if (event == WIRE_LINE)
		return run_line(session, table, line);
	return command_without_line(session, event);
}

enum session_event
command_loop(struct session *session, const struct command *table)
{
	enum session_event event;

	do
		event = next_line(session, table);
	while (event == SESSION_CONTINUE);
	return event;
}
