/* pop3/wire: replies go out, or the client is given up (rows 11, 52). */
#include "config.h"

#include "box.h"
#include "pop3/wire.h"
#include "tap.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
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

static void
stalled(void)
{
	struct wire *wire;
	char octets[5000];
	int ends[2];
	int i;

	memset(octets, 'x', sizeof(octets));
	open_pair(ends);
	wire = new_wire(ends[0]);
	wire->stall_limit = 100;
	for (i = 0; i < 1000 && !wire->is_gone; i++)
		wire_write(wire, octets, sizeof(octets));
	ok(wire->is_gone && wire->is_stalled,
	    "row 52: a client that takes no output is given up");
	free(wire);
	close(ends[0]);
	close(ends[1]);
}

static void
gone(void)
{
	struct wire *wire;
	char *line;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == -1 ||
	    write(ends[1], "DELE 1\r\nQUIT\r\n", 14) != 14)
		bail_out("socketpair");
	close(ends[1]);
	wire = new_wire(ends[0]);
	wire_line(wire, "+OK");
	is_number(wire_read_line(wire, &line), WIRE_LINE,
	    "row 11: a client that has gone is heard to its last line");
	wire_line(wire, "+OK");
	wire_flush(wire);
	ok(wire->is_gone && !wire->is_stalled, "output for it is dropped");
	is_number(wire_read_line(wire, &line), WIRE_LINE, "the next line");
	is_text(line, "QUIT", "row 11: is its QUIT");
	is_number(wire_read_line(wire, &line), WIRE_END, "then comes the end");
	free(wire);
	close(ends[0]);
}

static void
long_reply(void)
{
	char text[2000], found[2000];
	struct wire *wire;
	ssize_t length;
	int ends[2];

	open_pair(ends);
	wire = new_wire(ends[0]);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	wire_line(wire, "+OK %s", text);
	is_number(wire->sent, 0, "output is held");
	wire_flush(wire);
	length = read(ends[1], found, sizeof(found));
	ok(length > 500 && length <= 512, "a reply has at most 512 octets");
	is_number(wire->sent, length, "what was sent is counted");
	ok(length > 2 && memcmp(found + length - 2, "\r\n", 2) == 0,
	    "and ends in CR LF");
	free(wire);
	close(ends[0]);
	close(ends[1]);
}

int
main(void)
{
	box_open();
	signal(SIGPIPE, SIG_IGN);
	stalled();
	gone();
	long_reply();
	return done();
}
