/*
 * Message text on its way to the client: line ends become CR LF, lines that
 * begin with a dot get another one.  Runs as the mailbox owner.
 */
#include "config.h"

#include "pop3/wire.h"

#include <string.h>

void
wire_text_begin(struct wire *wire)
{
	wire->at_line_start = true;
	wire->after_cr = false;
}

/* One line, or the part of one that is in this piece. */
static void
write_text_line(
    struct wire *wire, const char *line, size_t length, bool has_end)
{
	bool has_cr = length > 1 ? line[length - 2] == '\r' : wire->after_cr;

	if (wire->at_line_start && line[0] == '.')
		wire_write(wire, ".", 1);
	if (has_end && !has_cr) {
		wire_write(wire, line, length - 1);
		wire_write(wire, "\r\n", 2);
	} else {
		wire_write(wire, line, length);
	}
	wire->at_line_start = has_end;
	wire->after_cr = !has_end && line[length - 1] == '\r';
}

void
wire_text(struct wire *wire, const char *data, size_t length)
{
	const char *end = data + length;

	while (data < end) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));
		const char *next = newline == NULL ? end : newline + 1;

		write_text_line(
		    wire, data, (size_t)(next - data), newline != NULL);
		data = next;
	}
}

void
wire_text_end(struct wire *wire)
{
	if (!wire->at_line_start && wire->after_cr)
		wire_write(wire, "\n", 1);
	else if (!wire->at_line_start)
		wire_write(wire, "\r\n", 2);
	wire_write(wire, ".\r\n", 3);
}
