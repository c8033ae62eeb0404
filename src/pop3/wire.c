/* Every octet from and to the client.  Runs without root, or, to answer a
 * refused login, as root with nothing but constant replies. */
#include "config.h"

#include "pop3/wire.h"
#include "support/clock.h"
#include "support/signals.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* A line without end is cut off after this. */
#define ENDLESS_LINE ((size_t)64 * 1024)

void
wire_init(struct wire *wire, int in, int out)
{
	struct stat status;

	wire->in = in;
	wire->out = out;
	wire->language = NULL;
	wire->is_socket = fstat(out, &status) == 0 && S_ISSOCK(status.st_mode);
	wire->deadline = -1;
	wire->idle_limit = 0;
	wire->stall_limit = 0;
	wire->is_gone = wire->is_stalled = false;
	wire->sent = 0;
	wire->at_line_start = true;
	wire->after_cr = false;
	wire->held = wire->start = wire->end = wire->top = 0;
}

/* ---- waiting ------------------------------------------------------------ */

/* The moment after limit ms, or the deadline if that is sooner. */
static int64_t
moment_after(const struct wire *wire, int64_t limit)
{
	int64_t moment = limit == 0 ? -1 : clock_now() + limit;

	if (moment < 0 || (wire->deadline >= 0 && wire->deadline < moment))
		return wire->deadline;
	return moment;
}

/* ---- output ------------------------------------------------------------- */

/* A socket is asked not to block.  Another descriptor may be shared with
 * programs that do not expect O_NONBLOCK, but a pipe that poll(2) calls
 * writable takes PIPE_BUF octets at once. */
static ssize_t
send_some(const struct wire *wire, const char *data, size_t length)
{
	if (wire->is_socket)
		return send(
		    wire->out, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	return write(wire->out, data, length < PIPE_BUF ? length : PIPE_BUF);
}

static bool
wait_until_writable(struct wire *wire, int64_t deadline)
{
	struct pollfd ready = { .fd = wire->out, .events = POLLOUT };
	int count = signals_poll(&ready, 1, deadline);

	if (count == 0)
		wire->is_stalled = true;
	return count > 0 || (count == -1 && errno == EINTR);
}

/* Sends what it can; waits for room first if that must be. */
static ssize_t
send_or_wait(
    struct wire *wire, const char *data, size_t length, int64_t deadline)
{
	ssize_t n = wire->is_socket ? send_some(wire, data, length) : -1;

	if (wire->is_socket && (n >= 0 || errno != EAGAIN))
		return n;
	if (!wait_until_writable(wire, deadline))
		return -1;
	n = send_some(wire, data, length);
	return n == -1 && errno == EAGAIN ? 0 : n;
}

void
wire_flush(struct wire *wire)
{
	const char *p = wire->output;
	int64_t deadline = moment_after(wire, wire->stall_limit);

	while (wire->held > 0 && !wire->is_gone) {
		ssize_t n = send_or_wait(wire, p, wire->held, deadline);

		if (n == -1 && errno == EINTR && !wire->is_stalled)
			continue;
		if (n == -1) {
			wire->is_gone = true;
			break;
		}
		if (n > 0)
			deadline = moment_after(wire, wire->stall_limit);
		p += n;
		wire->held -= (size_t)n;
		wire->sent += (uint64_t)n;
	}
	wire->held = 0;
}

bool
wire_can_push(const struct wire *wire)
{
	return wire->is_socket && !wire->is_gone;
}

/* What goes wrong here, wire_flush() will find out. */
void
wire_push(struct wire *wire)
{
	ssize_t n;

	n = send_some(wire, wire->output, wire->held);
	if (n <= 0)
		return;
	wire->sent += (uint64_t)n;
	wire->held -= (size_t)n;
	memmove(wire->output, wire->output + n, wire->held);
}

void
wire_write(struct wire *wire, const char *data, size_t length)
{
	while (length > 0) {
		size_t room = WIRE_OUTPUT_SIZE - wire->held;
		size_t part = length < room ? length : room;

		memcpy(wire->output + wire->held, data, part);
		wire->held += part;
		data += part;
		length -= part;
		if (wire->held == WIRE_OUTPUT_SIZE)
			wire_flush(wire);
	}
}

void
wire_line(struct wire *wire, const char *format, ...)
{
	char line[WIRE_LINE_SIZE];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line) - 2, format, arguments);
	va_end(arguments);
	if (length < 0)
		length = 0;
	if ((size_t)length > sizeof(line) - 3)
		length = (int)sizeof(line) - 3;
	memcpy(line + length, "\r\n", 2);
	wire_write(wire, line, (size_t)length + 2);
}

/* ---- input -------------------------------------------------------------- */

const char *
wire_unread(const struct wire *wire, size_t *length)
{
	*length = wire->end - wire->start;
	return wire->input + wire->start;
}

static void
note_top(struct wire *wire)
{
	if (wire->end > wire->top)
		wire->top = wire->end;
}

void
wire_put_unread(struct wire *wire, const char *data, size_t length)
{
	memcpy(wire->input, data, length);
	wire->start = 0;
	wire->end = length;
	note_top(wire);
}

static void
make_room(struct wire *wire)
{
	memmove(
	    wire->input, wire->input + wire->start, wire->end - wire->start);
	wire->end -= wire->start;
	wire->start = 0;
}

/* Waits for input and reads it.  WIRE_LINE stands for "some came". */
static enum wire_event
read_more(struct wire *wire, int64_t deadline)
{
	struct pollfd ready = { .fd = wire->in, .events = POLLIN };
	ssize_t n;
	int count;

	wire_flush(wire);
	if (wire->is_stalled)
		return WIRE_TIMEOUT;
	count = signals_poll(&ready, 1, deadline);
	if (count == 0)
		return WIRE_TIMEOUT;
	if (count == -1)
		return errno == EINTR ? WIRE_INTERRUPTED : WIRE_END;
	make_room(wire);
	n = read(
	    wire->in, wire->input + wire->end, WIRE_INPUT_SIZE - wire->end);
	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return WIRE_INTERRUPTED;
	if (n <= 0)
		return WIRE_END;
	wire->end += (size_t)n;
	note_top(wire);
	return WIRE_LINE;
}

/* Cuts the line that ends at newline off the input. */
static enum wire_event
take_line(struct wire *wire, char *newline, size_t limit, char **line)
{
	char *start = wire->input + wire->start;
	size_t length = (size_t)(newline - start);

	wire->start += length + 1;
	if (length + 1 > limit)
		return WIRE_TOO_LONG;
	if (memchr(start, '\0', length) != NULL)
		return WIRE_HAS_NUL;
	if (length > 0 && start[length - 1] == '\r')
		length--;
	start[length] = '\0';
	*line = start;
	return WIRE_LINE;
}

/* Passes over the rest of a line that does not fit in the buffer, so that no
 * part of it is ever taken for a command. */
static enum wire_event
skip_line(struct wire *wire, int64_t deadline)
{
	size_t skipped = 0;

	for (;;) {
		size_t length;
		const char *start = wire_unread(wire, &length);
		const char *newline = memchr(start, '\n', length);
		enum wire_event event;

		if (newline != NULL) {
			wire->start += (size_t)(newline - start) + 1;
			return WIRE_TOO_LONG;
		}
		skipped += length;
		wire->start = wire->end;
		if (skipped > ENDLESS_LINE)
			return WIRE_END;
		do
			event = read_more(wire, deadline);
		while (event == WIRE_INTERRUPTED);
		if (event != WIRE_LINE)
			return event;
	}
}

static enum wire_event
read_line(struct wire *wire, size_t limit, char **line)
{
	int64_t deadline = moment_after(wire, wire->idle_limit);
	enum wire_event event = WIRE_LINE;

	while (event == WIRE_LINE) {
		size_t length = wire->end - wire->start;
		char *newline = memchr(wire->input + wire->start, '\n', length);

		if (newline != NULL)
			return take_line(wire, newline, limit, line);
		if (length >= limit)
			return skip_line(wire, deadline);
		event = read_more(wire, deadline);
	}
	return event;
}

enum wire_event
wire_read_line(struct wire *wire, char **line)
{
	return read_line(wire, WIRE_LINE_SIZE, line);
}

enum wire_event
wire_read_response(struct wire *wire, char **line)
{
	return read_line(wire, WIRE_RESPONSE_SIZE, line);
}

void
wire_forget(struct wire *wire)
{
	explicit_bzero(wire->input, wire->start);
	explicit_bzero(wire->input + wire->end, wire->top - wire->end);
	wire->top = wire->end;
}
