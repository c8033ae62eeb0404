/*
 * Files with secrets in them, line by line.  Not by stdio(3): its lists and the
 * heap would be written, and a session would keep these pages to its end.
 */
#include "config.h"

#include "account/private.h"
#include "support/fileio.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void
reader_init(struct reader *reader, int fd)
{
	reader->fd = fd;
	reader->error = 0;
	reader->next = reader->held = 0;
}

/* Reads on behind what is left.  False at the end of the file, and on an
 * error. */
static bool
fill(struct reader *reader)
{
	size_t left = reader->held - reader->next;
	ssize_t n;

	memmove(reader->octets, reader->octets + reader->next, left);
	reader->next = 0;
	reader->held = left;
	n = fileio_read(
	    reader->fd, reader->octets + left, READER_BUFFER_SIZE - left);
	if (n == -1)
		reader->error = errno;
	if (n > 0)
		reader->held += (size_t)n;
	return n > 0;
}

/* The length of the next line without its end, or of what is left. */
static size_t
find_end(struct reader *reader, bool *is_too_long)
{
	for (;;) {
		const char *line = reader->octets + reader->next;
		size_t left = reader->held - reader->next;
		const char *end = memchr(line, '\n', left);

		if (end != NULL)
			return (size_t)(end - line);
		if (left >= READER_LINE_SIZE) {
			*is_too_long = true;
			reader->next = reader->held;
		}
		if (!fill(reader))
			return reader->held - reader->next;
	}
}

static const char *
find_fault(const char *line, size_t length, bool is_too_long)
{
	if (is_too_long || length >= READER_LINE_SIZE)
		return "is too long";
	return memchr(line, '\0', length) != NULL ? "contains a NUL" : NULL;
}

char *
reader_line(struct reader *reader, const char **fault)
{
	bool is_too_long = false;
	size_t length = find_end(reader, &is_too_long);
	char *line = reader->octets + reader->next;
	bool has_end = reader->next + length < reader->held;

	*fault = find_fault(line, length, is_too_long);
	if (reader->error != 0 || (!has_end && length == 0 && !is_too_long))
		return NULL;
	reader->next += length + has_end;
	if (length > 0 && line[length - 1] == '\r')
		length--;
	line[length] = '\0';
	return line;
}

void
reader_close(struct reader *reader)
{
	if (reader->fd != -1)
		close(reader->fd);
	reader->fd = -1;
	explicit_bzero(reader->octets, sizeof(reader->octets));
}
