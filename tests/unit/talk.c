/* A POP3 session in another process. */
#include "config.h"

#include "box.h"
#include "pop3/pop3.h"
#include "talk.h"
#include "tap.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
is_right(const struct credentials *credentials)
{
	return credentials_are_sound(credentials) &&
	    (credentials->kind == CREDENTIALS_PASSWORD ||
		credentials->kind == CREDENTIALS_PLAIN ||
		credentials->kind == CREDENTIALS_LOGIN) &&
	    strcmp(credentials->name, TALK_USER) == 0 &&
	    strcmp(credentials->secret, TALK_SECRET) == 0;
}

/* What daemon/connection does, in one process. */
static enum session_event
converse(struct session *session, const struct mbox_place *place)
{
	enum session_event event;

	session_greet(session);
	while ((event = session_authorize(session)) == SESSION_ATTEMPT) {
		if (is_right(&session->credentials)) {
			event = session_open(session, place, in_ms(300));
			return event == SESSION_CONTINUE
			    ? session_transact(session)
			    : event;
		}
		event = session_refuse(session, ANSWER_REFUSED);
		if (event != SESSION_CONTINUE)
			return event;
	}
	return event;
}

static void serve(int socket, const char *name) __attribute__((noreturn));

static void
serve(int socket, const char *name)
{
	struct mbox_place place = box_place(name);
	struct session *session = calloc(1, sizeof(*session));
	enum session_event event;

	alarm(60);
	signal(SIGPIPE, SIG_IGN);
	session_init(session, socket, socket, "-");
	session->most_failures = 3;
	session->takes_passwords = true;
	session->wire.idle_limit = 20000;
	session->wire.stall_limit = 20000;
	event = converse(session, &place);
	session_log_end(session, event);
	session_free(session);
	free(session);
	_exit((int)event);
}

void
talk_start(struct talk *talk, const char *name)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == -1)
		bail_out("socketpair");
	talk->pid = box_fork();
	if (talk->pid == 0) {
		close(ends[0]);
		serve(ends[1], name);
	}
	close(ends[1]);
	talk->socket = ends[0];
	talk->input = fdopen(ends[0], "r");
	if (talk->input == NULL || !talk_read(talk) ||
	    strncmp(talk->line, "+OK", 3) != 0)
		bail_out("no greeting");
}

void
talk_log_in(struct talk *talk, const char *name)
{
	talk_start(talk, name);
	if (!talk_ask(talk, "USER " TALK_USER) ||
	    !talk_ask(talk, "PASS " TALK_SECRET))
		bail_out("no login");
}

void
talk_send(struct talk *talk, const char *text)
{
	size_t length = strlen(text);

	if (send(talk->socket, text, length, MSG_NOSIGNAL) != (ssize_t)length)
		note("the session does not listen");
}

bool
talk_read(struct talk *talk)
{
	size_t length;

	if (fgets(talk->line, sizeof(talk->line), talk->input) == NULL)
		return false;
	length = strlen(talk->line);
	if (length < 2 || strcmp(talk->line + length - 2, "\r\n") != 0)
		ok(false, "each line ends in CR LF");
	else
		talk->line[length - 2] = '\0';
	return true;
}

bool
talk_ask(struct talk *talk, const char *command)
{
	talk_send(talk, command);
	talk_send(talk, "\r\n");
	if (!talk_read(talk))
		strcpy(talk->line, "(end)");
	return strncmp(talk->line, "+OK", 3) == 0;
}

int
talk_skip_lines(struct talk *talk)
{
	int count = 0;

	while (talk_read(talk) && strcmp(talk->line, ".") != 0)
		count++;
	return count;
}

int
talk_end(struct talk *talk)
{
	fclose(talk->input);
	return box_wait(talk->pid);
}
