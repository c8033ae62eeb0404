/* Message text as a client gets it. */
#include "config.h"

#include "box.h"
#include "mail.h"
#include "pop3/wire.h"
#include "tap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- sending ------------------------------------------------------------ */

/* A wire whose output ends in a nameless file. */
static struct wire *
wire_to_file(FILE **file)
{
	struct wire *wire = malloc(sizeof(*wire));

	*file = tmpfile();
	if (wire == NULL || *file == NULL)
		bail_out("tmpfile");
	wire_init(wire, -1, fileno(*file));
	wire_text_begin(wire);
	return wire;
}

static void
finish(struct wire *wire, FILE *file, struct bytes *sent)
{
	char piece[16384];
	size_t n;

	wire_text_end(wire);
	wire_flush(wire);
	rewind(file);
	bytes_free(sent);
	while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
		bytes_add(sent, piece, n);
	fclose(file);
	free(wire);
}

void
send_stored(const struct bytes *stored, size_t piece, struct bytes *sent)
{
	FILE *file;
	struct wire *wire = wire_to_file(&file);
	size_t at = 0;

	while (at < stored->length) {
		size_t left = stored->length - at;
		size_t part = left < piece ? left : piece;

		wire_text(wire, stored->data + at, part);
		at += part;
	}
	finish(wire, file, sent);
}

void
fetch(struct mbox *mbox, size_t i, uint64_t lines, struct bytes *text)
{
	FILE *file;
	struct wire *wire = wire_to_file(&file);
	struct bytes sent = { 0 };
	struct mbox_reader reader;
	struct mbox_reason reason;
	const char *data;
	size_t length = 0;
	int result = mbox_read(mbox, i, lines, &reader, &reason);

	do {
		if (result == 0)
			result =
			    mbox_read_next(&reader, &data, &length, &reason);
		if (result == 0)
			wire_text(wire, data, length);
	} while (result == 0 && length > 0);
	finish(wire, file, &sent);
	if (result == -1)
		ok(false, "message %zu can be read: %s", i, reason.text);
	if (!unstuff(&sent, text))
		ok(false, "message %zu is sent in lines that end in CR LF", i);
	bytes_free(&sent);
}

/* ---- what must arrive --------------------------------------------------- */

bool
unstuff(const struct bytes *sent, struct bytes *text)
{
	const char *p = sent->data;
	const char *end = sent->data + sent->length;

	bytes_free(text);
	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));

		if (newline == NULL || newline == p || newline[-1] != '\r')
			return false;
		if (newline - p == 2 && *p == '.')
			return newline + 1 == end;
		if (*p == '.' && p[1] != '.')
			return false;
		p += *p == '.';
		bytes_add(text, p, (size_t)(newline + 1 - p));
		p = newline + 1;
	}
	return false;
}

void
convert_ends(const struct bytes *stored, struct bytes *text)
{
	char last = '\n';
	size_t i;

	bytes_free(text);
	for (i = 0; i < stored->length; i++) {
		char c = stored->data[i];

		if (c == '\n' && (i == 0 || last != '\r'))
			bytes_add(text, "\r", 1);
		bytes_add(text, &c, 1);
		last = c;
	}
	if (last == '\r')
		bytes_add(text, "\n", 1);
	else if (last != '\n')
		bytes_add(text, "\r\n", 2);
}

/* ---- mailboxes ---------------------------------------------------------- */

struct mbox *
open_mailbox(const struct mbox_place *place)
{
	struct mbox_reason reason;
	struct mbox *mbox;

	if (mbox_open(&mbox, place, in_ms(10000), &reason) == -1) {
		errno = 0;
		bail_out(reason.text);
	}
	return mbox;
}

/* Long lines are long enough to leave every small buffer. */
static void
add_random_piece(struct bytes *mailbox, uint32_t *state)
{
	static const char *const pieces[] = { FROM_LINE, FROM_LINE, "\n", "\n",
		"\n", "\n\n", "\r\n", "\r", "\r\r\n", ".", "..\n", ".\n", "\n.",
		"From ", "From the Sun we get light\n", "text", "Status: RO\n",
		"Subject: x\r\n", "From joe Sun Nov 22 07:00:00 2026\r\n",
		(">" FROM_LINE), "\x80\xff", " ", "\r\n.\r\n", "x\ny\n" };
	uint32_t which = pick(state, sizeof(pieces) / sizeof(*pieces) + 2);

	if (which < sizeof(pieces) / sizeof(*pieces))
		bytes_add_text(mailbox, pieces[which]);
	else if (which == sizeof(pieces) / sizeof(*pieces))
		bytes_add(mailbox, "\0", 1);
	else
		bytes_fill(mailbox, 'x', 480 + pick(state, 64));
}

void
add_random_mailbox(struct bytes *mailbox, uint32_t *state)
{
	uint32_t count = pick(state, 60);

	if (pick(state, 8) != 0)
		bytes_add_text(mailbox, FROM_LINE);
	while (count-- > 0)
		add_random_piece(mailbox, state);
}
