/*
 * Message text on its way to the client: line ends become CR LF, lines that
 * begin with a dot get another one.  Runs as the mailbox owner.
 */
#include "config.h"

#include "pop3/wire.h"

#include <string.h>

/* A longer line is sent in parts. */
#define LONGEST_PART ((size_t)WIRE_OUTPUT_SIZE / 2)

/* A part grows by so many octets: the dot before it, the CR behind it. */
#define GROWTH 2

void
wire_text_begin(struct wire *wire)
{
	wire->at_line_start = true;
	wire->after_cr = false;
}

/* One line, or the part of one that is in this piece; there is room for it. */
static void
put_line(struct wire *wire, const char *line, size_t length, bool has_end)
{
	bool has_cr = length > 1 ? line[length - 2] == '\r' : wire->after_cr;
	char *to = wire->output + wire->held;

	if (wire->at_line_start && line[0] == '.')
		*to++ = '.';
	memcpy(to, line, length);
	to += length;
	if (has_end && !has_cr) {
		to[-1] = '\r';
		*to++ = '\n';
	}
	wire->held = (size_t)(to - wire->output);
	wire->at_line_start = has_end;
	wire->after_cr = !has_end && line[length - 1] == '\r';
}

/* This is where a byte of mail spends its time: each line is looked through
 * once and copied once. */
void
wire_text(struct wire *wire, const char *data, size_t length)
{
	while (length > 0) {
		size_t part = length < LONGEST_PART ? length : LONGEST_PART;
		const char *newline = memchr(data, '\n', part);

		if (newline != NULL)
			part = (size_t)(newline + 1 - data);
		if (part + GROWTH > WIRE_OUTPUT_SIZE - wire->held)
			wire_flush(wire);
		put_line(wire, data, part, newline != NULL);
		data += part;
		length -= part;
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
