/*
 * pop3/wire: lines come in whatever pieces they are sent in (rows 1, 2, 5, 9,
 * 15).
 */
#include "config.h"

#include "box.h"
#include "pop3/wire.h"
#include "support/clock.h"
#include "tap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static struct wire *
new_wire(int fd)
{
	struct wire *wire = malloc(sizeof(*wire));

	if (wire == NULL)
		bail_out("no memory");
	wire_init(wire, fd, fd);
	return wire;
}

static void
open_pair(int ends[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == -1)
		bail_out("socketpair");
}

/* ---- events as text ----------------------------------------------------- */

static const char *
event_name(enum wire_event event)
{
	switch (event) {
	case WIRE_LINE:
		return "line ";
	case WIRE_TOO_LONG:
		return "too long";
	case WIRE_HAS_NUL:
		return "has NUL";
	case WIRE_END:
		return "end";
	case WIRE_TIMEOUT:
		return "timeout";
	case WIRE_INTERRUPTED:
		return "interrupted";
	}
	return "unknown";
}

static void
add_event(struct bytes *events, enum wire_event event, const char *line)
{
	bytes_add_text(events, event_name(event));
	if (event == WIRE_LINE)
		bytes_add_text(events, line);
	bytes_add_text(events, "\n");
}

/* Reads until the end. */
static void
read_all(int fd, struct bytes *events)
{
	struct wire *wire = new_wire(fd);
	enum wire_event event;
	char *line = NULL;

	wire->idle_limit = 20000;
	do {
		event = wire_read_line(wire, &line);
		add_event(events, event, line);
	} while (event != WIRE_END && event != WIRE_TIMEOUT);
	free(wire);
}

/* What must come of input, each line looked at as a whole. */
static void
expect(const struct bytes *input, struct bytes *events)
{
	const char *p = input->data;
	const char *end = p + input->length;
	const char *newline;

	while (
	    p < end && (newline = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		size_t length = (size_t)(newline - p);
		char line[WIRE_LINE_SIZE];

		if (length + 1 > WIRE_LINE_SIZE) {
			add_event(events, WIRE_TOO_LONG, NULL);
		} else if (memchr(p, '\0', length) != NULL) {
			add_event(events, WIRE_HAS_NUL, NULL);
		} else {
			length -= length > 0 && p[length - 1] == '\r';
			memcpy(line, p, length);
			line[length] = '\0';
			add_event(events, WIRE_LINE, line);
		}
		p = newline + 1;
	}
	add_event(events, WIRE_END, NULL);
}

/* Sends input in pieces that stay apart: each is a packet of its own. */
static void
send_pieces(const struct bytes *input, size_t piece, struct bytes *events)
{
	size_t at = 0;
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == -1)
		bail_out("socketpair");
	pid = box_fork();
	if (pid == 0) {
		close(ends[0]);
		while (at < input->length) {
			size_t left = input->length - at;
			size_t part = left < piece ? left : piece;

			if (send(ends[1], input->data + at, part,
				MSG_NOSIGNAL) == -1)
				break;
			at += part;
		}
		_exit(0);
	}
	close(ends[1]);
	read_all(ends[0], events);
	close(ends[0]);
	box_wait(pid);
}

/* ---- input in pieces ---------------------------------------------------- */

static void
check_pieces(const struct bytes *input, size_t most, const char *what)
{
	struct bytes expected = { 0 }, events = { 0 };
	int wrong = 0;
	size_t piece;

	expect(input, &expected);
	for (piece = 1; piece <= most; piece++) {
		bytes_free(&events);
		send_pieces(input, piece, &events);
		wrong += !bytes_equal(&events, &expected);
	}
	is_number(wrong, 0, "%s in pieces of 1 to %zu octets", what, most);
	bytes_free(&events);
	send_pieces(input, WIRE_INPUT_SIZE, &events);
	is_bytes(&events, &expected, "%s in large pieces", what);
	bytes_free(&expected);
	bytes_free(&events);
}

static void
lines(void)
{
	static const char commands[] =
	    "USER joe\r\nPASS a b c \nNOOP\r\r\n\r\n\nSTAT\nDELE\0 1\r\n"
	    "\0\r\nalice\0@evil\nUSER j\xc3\xb8\xff\xf4\r\nLIST  1\r\n"
	    ".\r\n\r\rQUIT\r\nno end";
	struct bytes input = { 0 };

	bytes_add(&input, commands, sizeof(commands) - 1);
	check_pieces(&input, 64,
	    "rows 5, 9, 15: lines with CR LF, LF, NUL, 8-bit octets come");
	bytes_free(&input);
	bytes_add(&input, "", 0);
	check_pieces(&input, 1, "nothing comes");
	bytes_free(&input);
}

/* Lines around the limit, each followed by one that must be seen. */
static void
limits(void)
{
	struct bytes input = { 0 };
	size_t length;

	for (length = WIRE_LINE_SIZE - 4; length <= WIRE_LINE_SIZE + 2;
	     length++) {
		bytes_fill(&input, 'x', length);
		bytes_add_text(&input, "\nNOOP\r\n");
		bytes_fill(&input, 'y', length);
		bytes_add_text(&input, "\r\nSTAT\r\n");
	}
	check_pieces(&input, 7, "row 1: lines of 508 to 514 octets come");
	bytes_free(&input);
}

static void
events_of(const struct bytes *input, size_t piece, const char *expected,
    const char *what)
{
	struct bytes events = { 0 };

	send_pieces(input, piece, &events);
	is_text(events.data, expected, "%s (pieces of %zu)", what, piece);
	bytes_free(&events);
}

/* The rest of an over-long line lies where a buffer begins anew. */
static void
long_lines(void)
{
	static const size_t lengths[] = { 511, 512, 513, 1024,
		WIRE_INPUT_SIZE - 2, WIRE_INPUT_SIZE - 1, WIRE_INPUT_SIZE,
		WIRE_INPUT_SIZE + 1, 2 * WIRE_INPUT_SIZE, 65000 };
	static const size_t pieces[] = { 61, 512, 4096 };
	size_t i, j;

	for (i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
		for (j = 0; j < sizeof(pieces) / sizeof(*pieces); j++) {
			struct bytes input = { 0 };

			bytes_fill(&input, 'x', lengths[i]);
			bytes_add_text(&input, "DELE 1\r\nNOOP\r\n");
			events_of(&input, pieces[j],
			    "too long\nline NOOP\nend\n",
			    "row 2: the rest of a long line is no command");
			bytes_free(&input);
		}
}

static void
endless_lines(void)
{
	struct bytes input = { 0 };

	bytes_fill(&input, 'x', 80000);
	events_of(&input, 4096, "end\n",
	    "row 1: a line without end closes the connection");
	bytes_add_text(&input, "\r\nNOOP\r\n");
	events_of(&input, 4096, "end\n", "row 1: also if it ends at last");
	bytes_free(&input);
	bytes_fill(&input, '\0', 2000);
	bytes_add_text(&input, "\r\nNOOP\r\n");
	events_of(&input, 100, "too long\nline NOOP\nend\n",
	    "row 5: NULs without end are one long line");
	bytes_free(&input);
}

/* ---- handing over ------------------------------------------------------- */

static void
unread(void)
{
	struct wire *first, *second;
	size_t length;
	const char *data;
	char *line;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == -1 ||
	    write(ends[1], "PASS x\r\nSTAT\r\nQU", 16) != 16)
		bail_out("socketpair");
	first = new_wire(ends[0]);
	second = new_wire(ends[0]);
	is_number(wire_read_line(first, &line), WIRE_LINE, "a line is read");
	data = wire_unread(first, &length);
	ok(length == 8 && memcmp(data, "STAT\r\nQU", 8) == 0,
	    "the rest is there to be handed over");
	wire_put_unread(second, data, length);
	if (write(ends[1], "IT\n", 3) != 3)
		bail_out("write");
	is_number(wire_read_line(second, &line), WIRE_LINE,
	    "another process goes on");
	is_text(line, "STAT", "with the next line");
	is_number(wire_read_line(second, &line), WIRE_LINE, "and again");
	is_text(line, "QUIT", "with one that came half before, half later");
	free(first);
	free(second);
	close(ends[0]);
	close(ends[1]);
}

/* ---- high descriptors --------------------------------------------------- */

#define HIGH 1500

static void
high_descriptors(void)
{
	struct rlimit limit;
	struct wire *wire;
	char *line, answer[8];
	int ends[2];

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_max <= HIGH) {
		skip("no more than 1500 descriptors",
		    "row 49: descriptors above 1024 are served");
		return;
	}
	limit.rlim_cur = HIGH + 1;
	open_pair(ends);
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    dup2(ends[0], HIGH) == -1 || write(ends[1], "NOOP\r\n", 6) != 6)
		bail_out("dup2");
	wire = new_wire(HIGH);
	wire->idle_limit = 20000;
	is_number(wire_read_line(wire, &line), WIRE_LINE,
	    "row 49: a descriptor above 1024 is read");
	is_text(line, "NOOP", "row 49: and what was sent comes");
	wire->idle_limit = 50;
	is_number(wire_read_line(wire, &line), WIRE_TIMEOUT,
	    "row 49: it is waited for");
	wire_line(wire, "+OK");
	wire_flush(wire);
	is_number(
	    read(ends[1], answer, sizeof(answer)), 5, "row 49: and written to");
	free(wire);
	close(HIGH);
	close(ends[0]);
	close(ends[1]);
}

/* The first half of the secret is read behind a line, and moved when the rest
 * comes. */
static void
forgetting(void)
{
	struct wire *wire;
	char *line;
	int ends[2];

	open_pair(ends);
	wire = new_wire(ends[0]);
	memset(wire->input, 0, WIRE_INPUT_SIZE);
	if (write(ends[1], "USER joe\r\nPASS sec", 18) != 18 ||
	    wire_read_line(wire, &line) != WIRE_LINE ||
	    write(ends[1], "ret\r\n", 5) != 5)
		bail_out("write");
	is_number(wire_read_line(wire, &line), WIRE_LINE, "a secret comes");
	wire_forget(wire);
	ok(memmem(wire->input, WIRE_INPUT_SIZE, "sec", 3) == NULL,
	    "no copy of it is left when it is forgotten");
	free(wire);
}

/* ---- time --------------------------------------------------------------- */

static void
timeouts(void)
{
	struct wire *wire;
	int64_t start = clock_now();
	char *line;
	int ends[2];

	open_pair(ends);
	wire = new_wire(ends[0]);
	wire->idle_limit = 100;
	is_number(wire_read_line(wire, &line), WIRE_TIMEOUT,
	    "silence ends with a timeout");
	ok(clock_now() - start >= 100, "not before its time");
	if (write(ends[1], "NO", 2) != 2)
		bail_out("write");
	is_number(
	    wire_read_line(wire, &line), WIRE_TIMEOUT, "half a line does too");
	if (write(ends[1], "OP\r\n", 4) != 4)
		bail_out("write");
	is_number(
	    wire_read_line(wire, &line), WIRE_LINE, "the other half comes");
	is_text(line, "NOOP", "and nothing was lost");
	wire->idle_limit = 0;
	wire->deadline = clock_now() + 50;
	is_number(wire_read_line(wire, &line), WIRE_TIMEOUT,
	    "the deadline counts where there is no limit");
	free(wire);
	close(ends[0]);
	close(ends[1]);
}

int
main(void)
{
	box_open();
	signal(SIGPIPE, SIG_IGN);
	lines();
	limits();
	long_lines();
	endless_lines();
	unread();
	high_descriptors();
	forgetting();
	timeouts();
	return done();
}
