/* Lines of a file with secrets in it.  Runs as root, or as the one user whose
 * mail is served. */
#include "config.h"

#include "account/private.h"

#include <errno.h>
#include <string.h>

void
passwd_begin_lines(struct passwd_lines *lines, FILE *stream)
{
	lines->stream = stream;
	lines->start = lines->end = 0;
	lines->error = 0;
	setvbuf(stream, NULL, _IONBF, 0); /* we have a buffer */
}

void
passwd_end_lines(struct passwd_lines *lines)
{
	if (lines->stream != NULL)
		fclose(lines->stream);
	lines->stream = NULL;
	explicit_bzero(lines->buffer, sizeof(lines->buffer));
}

/* Reads on behind what is left.  False at the end, and on an error. */
static bool
read_more(struct passwd_lines *lines)
{
	size_t left = lines->end - lines->start;
	size_t n;

	memmove(lines->buffer, lines->buffer + lines->start, left);
	lines->start = 0;
	lines->end = left;
	errno = 0;
	n = fread(
	    lines->buffer + left, 1, PASSWD_BUFFER_SIZE - left, lines->stream);
	if (n == 0 && ferror(lines->stream))
		lines->error = errno;
	lines->end += n;
	return n > 0;
}

/* The length of the next line, without its end, or of what is left. */
static size_t
find_end(struct passwd_lines *lines, bool *is_too_long)
{
	for (;;) {
		char *line = lines->buffer + lines->start;
		size_t left = lines->end - lines->start;
		const char *end = memchr(line, '\n', left);

		if (end != NULL)
			return (size_t)(end - line);
		if (left >= PASSWD_LINE_SIZE) {
			*is_too_long = true;
			lines->start = lines->end;
		}
		if (!read_more(lines))
			return lines->end - lines->start;
	}
}

char *
passwd_read_line(struct passwd_lines *lines, const char **fault)
{
	bool is_too_long = false;
	size_t length = find_end(lines, &is_too_long);
	char *line = lines->buffer + lines->start;

	*fault = NULL;
	if (is_too_long || length >= PASSWD_LINE_SIZE)
		*fault = "is too long";
	else if (memchr(line, '\0', length) != NULL)
		*fault = "contains a NUL";
	if (lines->start + length == lines->end && length == 0 && !is_too_long)
		return NULL;
	lines->start += length + (lines->start + length < lines->end);
	if (length > 0 && line[length - 1] == '\r')
		length--;
	line[length] = '\0';
	return line;
}
