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

/* False at the end of the file, and on an error. */
static bool
fill(struct reader *reader)
{
	ssize_t n =
	    fileio_read(reader->fd, reader->octets, sizeof(reader->octets));

	if (n == -1)
		reader->error = errno;
	reader->next = 0;
	reader->held = n > 0 ? (size_t)n : 0;
	return n > 0;
}

/* The next octet of the line, or -1 where it ends. */
static int
next_octet(struct reader *reader, bool *has_end)
{
	unsigned char octet;

	if (reader->next == reader->held && !fill(reader))
		return -1;
	octet = (unsigned char)reader->octets[reader->next++];
	*has_end = octet == '\n';
	return *has_end ? -1 : octet;
}

bool
reader_line(
    struct reader *reader, char line[READER_LINE_SIZE], const char **fault)
{
	size_t length = 0;
	bool has_end = false;
	int octet;

	*fault = NULL;
	while ((octet = next_octet(reader, &has_end)) != -1) {
		if (octet == '\0')
			*fault = "contains a NUL";
		else if (length + 1 >= READER_LINE_SIZE)
			*fault = "is too long";
		else
			line[length++] = (char)octet;
	}
	if (length > 0 && line[length - 1] == '\r')
		length--;
	line[length] = '\0';
	return reader->error == 0 && (has_end || length > 0 || *fault != NULL);
}

void
reader_close(struct reader *reader)
{
	if (reader->fd != -1)
		close(reader->fd);
	reader->fd = -1;
	explicit_bzero(reader->octets, sizeof(reader->octets));
}
