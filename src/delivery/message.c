/*
 * From the message that an MTA writes down a pipe to the octets that stand in
 * the mailbox.
 *
 *  - The From_ line on top is kept if it is a good one, else made.
 *  - Return-Path, X-Original-To and Delivered-To that the MTA has put first are
 *    the only header lines believed: the first Delivered-To there becomes that
 *    of the virtual address; it, and Return-Path, are added where missing.
 *  - Line ends become LF, a missing last one is supplied.
 *  - Lines of the body that begin with "From " get ">" in front, as Postfix
 *    does; lines of the header do not.
 *  - All other octets, NUL among them, pass, in lines of any length.
 */
#include "config.h"

#include "delivery/private.h"
#include "mbox/mbox.h"
#include "support/fileio.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* Lines up to this length are seen whole; longer ones come in parts. */
#define BUFFER_SIZE ((size_t)64 * 1024)

enum place {
	PLACE_TOP,   /* before the first line */
	PLACE_TRACE, /* among the header lines that the MTA has put first */
	PLACE_HEADER,
	PLACE_BODY
};

struct message {
	struct spool *spool;
	const char *sender; /* NULL: unknown */
	const char *address;
	enum place place;
	bool has_delivered_to;
	bool has_return_path;
	bool drops;	    /* the current header field is left out */
	bool at_line_start; /* of input */
};

static int
put(struct message *message, const char *text, size_t length)
{
	return spool_write(message->spool, text, length);
}

static int
put_text(struct message *message, const char *text)
{
	return put(message, text, strlen(text));
}

/* ---- the top ------------------------------------------------------------ */

/* An envelope sender as one word: blanks and controls would spoil the line. */
static void
put_sender(const char *sender, char *out, size_t size)
{
	size_t i;

	if (sender == NULL || sender[0] == '\0')
		sender = "MAILER-DAEMON";
	for (i = 0; sender[i] != '\0' && i + 1 < size; i++)
		out[i] = (unsigned char)sender[i] > ' ' && sender[i] != 0x7f
		    ? sender[i]
		    : '_';
	out[i] = '\0';
}

static int
put_from_line(struct message *message)
{
	char line[400], sender[330], date[40];
	time_t now = time(NULL);
	struct tm local;

	put_sender(message->sender, sender, sizeof(sender));
	if (localtime_r(&now, &local) == NULL ||
	    strftime(date, sizeof(date), "%a %b %e %H:%M:%S %Y", &local) == 0)
		return -1;
	snprintf(line, sizeof(line), "From %s %s\n", sender, date);
	return put_text(message, line);
}

static int
put_return_path(struct message *message)
{
	char line[400], sender[330];

	if (message->has_return_path || message->sender == NULL)
		return 0;
	message->has_return_path = true;
	put_sender(message->sender, sender, sizeof(sender));
	snprintf(line, sizeof(line), "Return-Path: <%s>\n",
	    strcmp(sender, "MAILER-DAEMON") == 0 ? "" : sender);
	return put_text(message, line);
}

static int
put_delivered_to(struct message *message)
{
	char line[400];

	message->has_delivered_to = true;
	snprintf(line, sizeof(line), "Delivered-To: %s\n", message->address);
	return put_text(message, line);
}

/* Ends the lines that the MTA has put first; adds what it has not. */
static int
end_trace(struct message *message)
{
	if (put_return_path(message) == -1)
		return -1;
	return message->has_delivered_to ? 0 : put_delivered_to(message);
}

/* ---- lines -------------------------------------------------------------- */

static bool
is_field(const char *line, size_t length, const char *name)
{
	size_t wanted = strlen(name);

	return length > wanted && strncasecmp(line, name, wanted) == 0 &&
	    line[wanted] == ':';
}

/* The From_ line.  True in *is_taken if line was one, good or bad. */
static int
take_first_line(
    struct message *message, const char *line, size_t length, bool *is_taken)
{
	message->place = PLACE_TRACE;
	*is_taken = length >= 5 && memcmp(line, "From ", 5) == 0;
	if (*is_taken && message->at_line_start &&
	    mbox_is_from_line(line, length))
		return put(message, line, length);
	message->drops = *is_taken && !message->at_line_start;
	return put_from_line(message);
}

/* Sets drops for a field that is replaced, and leaves the trace at the first
 * field that does not belong to it. */
static int
take_trace_field(struct message *message, const char *line, size_t length)
{
	message->drops = false;
	if (is_field(line, length, "Delivered-To") &&
	    !message->has_delivered_to) {
		message->drops = true;
		return put_delivered_to(message);
	}
	if (is_field(line, length, "Return-Path")) {
		message->has_return_path = true;
		return 0;
	}
	if (is_field(line, length, "X-Original-To") ||
	    is_field(line, length, "Delivered-To"))
		return 0;
	message->place = PLACE_HEADER;
	return end_trace(message);
}

/* What the scanner of mailboxes takes for an empty line: behind it, a From_
 * line would begin a message with a forged header. */
static bool
is_empty(const char *line, size_t length)
{
	return line[0] == '\n' || (length == 2 && memcmp(line, "\r\n", 2) == 0);
}

/* What must happen before a line of the header or body is written. */
static int
begin_line(struct message *message, const char *line, size_t length)
{
	bool continues = line[0] == ' ' || line[0] == '\t';

	if (message->place == PLACE_TRACE && !continues &&
	    take_trace_field(message, line, length) == -1)
		return -1;
	if (message->place == PLACE_HEADER && is_empty(line, length))
		message->place = PLACE_BODY;
	if (message->place == PLACE_BODY && length >= 5 &&
	    memcmp(line, "From ", 5) == 0)
		return put(message, ">", 1);
	return 0;
}

/* One line with its LF, or a part of a very long one. */
static int
take_line(struct message *message, const char *line, size_t length)
{
	bool is_start = message->at_line_start;
	bool is_taken = false;

	message->at_line_start = line[length - 1] == '\n';
	if (is_start && message->place == PLACE_TOP &&
	    take_first_line(message, line, length, &is_taken) == -1)
		return -1;
	if (is_taken)
		return 0;
	if (is_start && begin_line(message, line, length) == -1)
		return -1;
	return message->drops ? 0 : put(message, line, length);
}

/* ---- pieces ------------------------------------------------------------- */

/* Makes CR LF at the end of the line to LF. */
static int
take_complete_line(struct message *message, char *line, size_t length)
{
	if (length > 1 && line[length - 2] == '\r') {
		line[length - 2] = '\n';
		length--;
	}
	return take_line(message, line, length);
}

/* Takes all complete lines from the buffer and returns how many octets they
 * were; a line that fills the buffer is taken in part, except for a CR that may
 * belong to a line end.  -1 on error. */
static ssize_t
take_lines(struct message *message, char *data, size_t length)
{
	char *p = data;
	char *end = data + length;

	while (p < end) {
		char *newline = memchr(p, '\n', (size_t)(end - p));

		if (newline == NULL)
			break;
		if (take_complete_line(message, p, (size_t)(newline + 1 - p)) ==
		    -1)
			return -1;
		p = newline + 1;
	}
	if (p == data && length == BUFFER_SIZE) {
		p = end[-1] == '\r' ? end - 1 : end;
		if (take_line(message, data, (size_t)(p - data)) == -1)
			return -1;
	}
	return p - data;
}

/* The last line may lack its end, and the message its whole header. */
static int
finish(struct message *message, char *rest, size_t length)
{
	if (length > 0) {
		rest[length] = '\n';
		if (take_complete_line(message, rest, length + 1) == -1)
			return -1;
	}
	if (!message->at_line_start && take_line(message, "\n", 1) == -1)
		return -1;
	if (message->place == PLACE_TOP && put_from_line(message) == -1)
		return -1;
	if (message->place <= PLACE_TRACE && end_trace(message) == -1)
		return -1;
	return put(message, "\n", 1);
}

/* buffer has room for BUFFER_SIZE octets and a line end. */
static int
read_all(struct message *message, int input, char *buffer)
{
	size_t held = 0;

	for (;;) {
		ssize_t n =
		    fileio_read(input, buffer + held, BUFFER_SIZE - held);
		ssize_t used;

		if (n == -1)
			return -1;
		if (n == 0)
			return finish(message, buffer, held);
		held += (size_t)n;
		used = take_lines(message, buffer, held);
		if (used == -1)
			return -1;
		held -= (size_t)used;
		memmove(buffer, buffer + used, held);
	}
}

int
message_read(
    int input, const char *sender, const char *address, struct spool *spool)
{
	struct message message = { .spool = spool,
		.sender = sender,
		.address = address,
		.at_line_start = true };
	char *buffer = malloc(BUFFER_SIZE + 1);
	int result;

	if (buffer == NULL)
		return -1;
	result = read_all(&message, input, buffer);
	free(buffer);
	return result;
}
