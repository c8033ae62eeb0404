/* Text of a mailbox file, line by line. */
#include "config.h"

#include "mbox/lines.h"
#include "support/fileio.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

void
lines_init(struct lines *lines, int fd, off_t start, off_t end)
{
	lines->fd = fd;
	lines->next = start;
	lines->end = end;
	lines->is_start = true;
	lines->used = 0;
	lines->held = 0;
}

/* Makes room and reads on. */
static int
fill(struct lines *lines)
{
	off_t left = lines->end - lines->next;
	size_t room;
	ssize_t n;

	lines->held -= lines->used;
	memmove(lines->text, lines->text + lines->used, lines->held);
	lines->used = 0;
	room = LINES_SIZE - lines->held;
	if (left < (off_t)room)
		room = (size_t)left;
	n = fileio_read_at(
	    lines->fd, lines->text + lines->held, room, lines->next);
	if (n == 0)
		errno = ESTALE;
	if (n <= 0)
		return -1;
	lines->held += (size_t)n;
	lines->next += n;
	return 0;
}

static bool
can_fill(const struct lines *lines)
{
	return lines->next < lines->end &&
	    lines->held - lines->used < LINES_SIZE;
}

int
lines_next(struct lines *lines, struct line *line)
{
	const char *newline;

	for (;;) {
		line->text = lines->text + lines->used;
		line->length = lines->held - lines->used;
		newline = memchr(line->text, '\n', line->length);
		if (newline != NULL || !can_fill(lines))
			break;
		if (fill(lines) == -1)
			return -1;
	}
	if (newline != NULL)
		line->length = (size_t)(newline + 1 - line->text);
	line->is_start = lines->is_start;
	lines->is_start = newline != NULL;
	lines->used += line->length;
	return line->length > 0;
}

off_t
lines_position(const struct lines *lines)
{
	return lines->next - (off_t)(lines->held - lines->used);
}

/* ---- lines -------------------------------------------------------------- */

bool
line_is_bare_blank(const struct line *line)
{
	return line->is_start && line->text[0] == '\n';
}

bool
line_is_blank(const struct line *line)
{
	return line_is_bare_blank(line) ||
	    (line->is_start && line->length == 2 &&
		memcmp(line->text, "\r\n", 2) == 0);
}

bool
line_continues(const struct line *line)
{
	return line->text[0] == ' ' || line->text[0] == '\t';
}

bool
line_has_name(const struct line *line, const char *name)
{
	size_t length = strlen(name);

	return line->is_start && line->length >= length &&
	    strncasecmp(line->text, name, length) == 0;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct line
line_value(const struct line *line, size_t skip)
{
	struct line value = *line;

	value.text += skip;
	value.length -= skip;
	while (value.length > 0 && is_space(value.text[0]))
		value.text++, value.length--;
	while (value.length > 0 && is_space(value.text[value.length - 1]))
		value.length--;
	return value;
}
