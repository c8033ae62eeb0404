/*
 * A POP3 client that measures any server.
 *
 *   client poll PORT USER SECRET CLIENTS SECONDS
 *         CLIENTS processes; each connects, logs in, says STAT and QUIT, waits
 *         for the end of the connection, and begins again.  Prints how many
 *         sessions there were, and how long all took.
 *   client session PORT USER SECRET COMMAND...
 *         one session: how long it took to be greeted, to be logged in, for
 *         each command, and from the reply to QUIT to the end.  A command is
 *         "STAT", or "RETR 1-500": one after the other, or "+RETR 1-500": all
 *         at once, and the replies read meanwhile.
 *   client idle PORT USER SECRET COUNT
 *         COUNT sessions that are logged in and silent, until standard input
 *         ends.
 *
 * %u in USER becomes the number of the client, from 0.
 */
#include "config.h"

#include "bench.h"
#include "support/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BUFFER_SIZE ((size_t)256 * 1024)

struct client {
	int fd;
	size_t start, end; /* what was read and not used yet */
	char buffer[BUFFER_SIZE];
};

/* ---- replies ------------------------------------------------------------ */

static size_t
held(const struct client *client)
{
	return client->end - client->start;
}

/* False at the end of the connection. */
static bool
fill(struct client *client)
{
	ssize_t n;

	if (client->end == BUFFER_SIZE) {
		client->end = held(client);
		memmove(client->buffer, client->buffer + client->start,
		    client->end);
		client->start = 0;
	}
	n = read(client->fd, client->buffer + client->end,
	    BUFFER_SIZE - client->end);
	if (n == -1)
		bench_die("read");
	client->end += (size_t)n;
	return n > 0;
}

static void
must_fill(struct client *client)
{
	if (fill(client))
		return;
	fprintf(stderr, "the server has hung up\n");
	exit(1);
}

/* Uses up everything until behind text, of which no more than length - 1 octets
 * may have to be kept. */
static void
read_until(struct client *client, const char *text, size_t length)
{
	for (;;) {
		char *from = client->buffer + client->start;
		char *found = memmem(from, held(client), text, length);

		if (found != NULL) {
			client->start += (size_t)(found - from) + length;
			return;
		}
		if (held(client) >= length)
			client->start = client->end - (length - 1);
		must_fill(client);
	}
}

static void
read_reply(struct client *client, bool is_long)
{
	while (held(client) == 0)
		must_fill(client);
	if (client->buffer[client->start] != '+') {
		fprintf(stderr, "refused: %.*s", (int)held(client),
		    client->buffer + client->start);
		exit(1);
	}
	if (is_long)
		read_until(client, "\r\n.\r\n", 5);
	else
		read_until(client, "\r\n", 2);
}

/* ---- commands ----------------------------------------------------------- */

static bool
has_lines(const char *command)
{
	return strncasecmp(command, "RETR", 4) == 0 ||
	    strncasecmp(command, "TOP", 3) == 0 ||
	    strcasecmp(command, "LIST") == 0 ||
	    strcasecmp(command, "UIDL") == 0;
}

static void
say(struct client *client, const char *line)
{
	char text[600];
	int length = snprintf(text, sizeof(text), "%s\r\n", line);

	bench_write(client->fd, text, (size_t)length);
}

static void
ask(struct client *client, const char *command)
{
	say(client, command);
	read_reply(client, has_lines(command));
}

/* "RETR 1-500" */
static void
ask_one_by_one(struct client *client, const char *verb, unsigned long i,
    unsigned long last)
{
	char command[64];

	for (; i <= last; i++) {
		snprintf(command, sizeof(command), "%s %lu", verb, i);
		ask(client, command);
	}
}

/* A child says it all; so it does not matter when the server stops reading. */
static void
ask_at_once(struct client *client, const char *verb, unsigned long i,
    unsigned long last)
{
	char command[64];
	bool is_long;
	pid_t child = bench_try(fork(), "fork");

	if (child == 0) {
		FILE *out = fdopen(client->fd, "w");

		for (; out != NULL && i <= last; i++)
			fprintf(out, "%s %lu\r\n", verb, i);
		_exit(out == NULL || fflush(out) == EOF);
	}
	snprintf(command, sizeof(command), "%s 1", verb);
	is_long = has_lines(command);
	for (; i <= last; i++)
		read_reply(client, is_long);
	bench_try(waitpid(child, NULL, 0), "waitpid");
}

static void
run_command(struct client *client, const char *command)
{
	bool at_once = *command == '+';
	char verb[16];
	unsigned long first, last;

	if (sscanf(command + at_once, "%15s %lu-%lu", verb, &first, &last) != 3)
		ask(client, command);
	else if (at_once)
		ask_at_once(client, verb, first, last);
	else
		ask_one_by_one(client, verb, first, last);
}

/* ---- sessions ----------------------------------------------------------- */

static void
greet(struct client *client, uint16_t port)
{
	client->start = client->end = 0;
	client->fd = bench_connect(port);
	read_reply(client, false);
}

static void
log_in(struct client *client, const char *user, const char *secret,
    unsigned long number)
{
	const char *mark = strstr(user, "%u");
	int head = mark == NULL ? (int)strlen(user) : (int)(mark - user);
	char line[512];

	if (!(mark == NULL ? text_format(line, sizeof(line), "USER %s", user)
			   : text_format(line, sizeof(line), "USER %.*s%lu%s",
				 head, user, number, mark + 2)))
		exit(64);
	ask(client, line);
	if (!text_format(line, sizeof(line), "PASS %s", secret))
		exit(64);
	ask(client, line);
}

static void
wait_for_end(struct client *client)
{
	while (fill(client))
		client->start = client->end;
	close(client->fd);
}

static void
run_session(struct client *client, uint16_t port, char **arguments)
{
	int64_t before = bench_now(), after;

	greet(client, port);
	bench_tell("greeting", (after = bench_now()) - before);
	log_in(client, arguments[0], arguments[1], 0);
	bench_tell("login", bench_now() - after);
	for (arguments += 2; *arguments != NULL; arguments++) {
		before = bench_now();
		run_command(client, *arguments);
		bench_tell(*arguments, bench_now() - before);
	}
	before = bench_now();
	wait_for_end(client);
	bench_tell("end", bench_now() - before);
}

/* ---- many --------------------------------------------------------------- */

static unsigned long
poll_until(struct client *client, uint16_t port, char **arguments,
    unsigned long number, int64_t until)
{
	unsigned long count;

	for (count = 0; bench_now() < until; count++) {
		greet(client, port);
		log_in(client, arguments[0], arguments[1], number);
		ask(client, "STAT");
		ask(client, "QUIT");
		wait_for_end(client);
	}
	return count;
}

static void
run_polls(struct client *client, uint16_t port, char **arguments)
{
	unsigned long clients = bench_number(arguments[2]);
	int64_t start = bench_now();
	int64_t until = start + 1000000 * (int64_t)bench_number(arguments[3]);
	unsigned long i, count, sessions = 0;
	int status, results[2];

	bench_try(pipe(results), "pipe");
	for (i = 0; i < clients; i++) {
		if (bench_try(fork(), "fork") > 0)
			continue;
		count = poll_until(client, port, arguments, i, until);
		bench_write(results[1], (char *)&count, sizeof(count));
		_exit(0);
	}
	close(results[1]);
	for (i = 0; i < clients; i++) {
		bench_try(wait(&status), "wait");
		if (status != 0 ||
		    read(results[0], &count, sizeof(count)) != sizeof(count))
			bench_die("a client has failed");
		sessions += count;
	}
	printf("sessions %lu\n", sessions);
	bench_tell("all", bench_now() - start);
}

static void
run_idle(struct client *client, uint16_t port, char **arguments)
{
	unsigned long count = bench_number(arguments[2]);
	struct rlimit files;
	unsigned long i;
	char octet;

	bench_try(getrlimit(RLIMIT_NOFILE, &files), "getrlimit");
	files.rlim_cur = files.rlim_max;
	bench_try(setrlimit(RLIMIT_NOFILE, &files), "setrlimit");
	for (i = 0; i < count; i++) {
		greet(client, port);
		log_in(client, arguments[0], arguments[1], i);
	}
	bench_tell("idle", 0);
	if (read(STDIN_FILENO, &octet, 1) == -1)
		bench_die("standard input");
}

int
main(int argc, char **argv)
{
	static struct client client;
	uint16_t port;

	if (argc < 6)
		return 64;
	port = (uint16_t)bench_number(argv[2]);
	if (strcmp(argv[1], "poll") == 0 && argc == 7)
		run_polls(&client, port, argv + 3);
	else if (strcmp(argv[1], "session") == 0)
		run_session(&client, port, argv + 3);
	else if (strcmp(argv[1], "idle") == 0 && argc == 6)
		run_idle(&client, port, argv + 3);
	else
		return 64;
	return 0;
}
