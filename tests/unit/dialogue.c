/* A session in this process that reads a prepared conversation. */
#include "config.h"

#include "dialogue.h"
#include "support/text.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct session *dialogue_session;
char dialogue_answer[20000];

static int ends[2];

void
dialogue_open(const char *stamp, const char *salt)
{
	struct session *session = calloc(1, sizeof(*session));
	int size = 65536;

	if (session == NULL ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == -1 ||
	    setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) ==
		-1)
		bail_out("socketpair");
	session_init(session, ends[0], ends[0], "-");
	session->wire.idle_limit = 20000;
	session->most_failures = 3;
	session->takes_passwords = session->offers_challenges = true;
	text_copy(session->stamp, sizeof(session->stamp), stamp);
	memcpy(session->salt, salt, sizeof(session->salt));
	dialogue_session = session;
}

void
dialogue_close(void)
{
	close(ends[0]);
	close(ends[1]);
	free(dialogue_session);
	dialogue_session = NULL;
}

void
dialogue_send(const char *text)
{
	size_t length = strlen(text);

	if (write(ends[1], text, length) != (ssize_t)length ||
	    shutdown(ends[1], SHUT_WR) == -1)
		bail_out("write");
}

void
dialogue_read(void)
{
	size_t length = 0;
	ssize_t n;

	wire_flush(&dialogue_session->wire);
	while ((n = recv(ends[1], dialogue_answer + length,
		    sizeof(dialogue_answer) - length - 1, MSG_DONTWAIT)) > 0)
		length += (size_t)n;
	dialogue_answer[length] = '\0';
}

enum session_event
dialogue_run(const char *text)
{
	enum session_event event;

	dialogue_send(text);
	event = session_authorize(dialogue_session);
	dialogue_read();
	return event;
}
