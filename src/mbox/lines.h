/*
 * Text of a mailbox file line by line, for what is looked for in headers.
 */
#ifndef MBOX_LINES_H
#define MBOX_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define LINES_SIZE ((size_t)8 * 1024)

struct lines {
	int fd;
	off_t next;    /* behind what is in text */
	off_t end;     /* of what is to be read */
	bool is_start; /* a line begins at used */
	size_t used;   /* octets of text that were given */
	size_t held;   /* octets in text */
	char text[LINES_SIZE];
};

/* A line with its line end.  A line longer than LINES_SIZE comes in parts, of
 * which only the first is a start. */
struct line {
	const char *text; /* until the next call */
	size_t length;	  /* at least 1 */
	bool is_start;
};

/* Begins with the octets from start up to end of the file fd. */
void lines_init(struct lines *lines, int fd, off_t start, off_t end);

/* 1 with the next line, 0 at the end, -1 with errno: ESTALE if the file ends
 * before. */
int lines_next(struct lines *lines, struct line *line);

/* Where in the file the next line begins. */
off_t lines_position(const struct lines *lines);

/* True for the empty line that ends a header: LF or CR LF. */
bool line_is_blank(const struct line *line);

/* The same for programs to which a CR is text. */
bool line_is_bare_blank(const struct line *line);

/* True if the line begins with a blank: it continues the field before. */
bool line_continues(const struct line *line);

/* True if the line starts with name, a field name with its colon, in whatever
 * case. */
bool line_has_name(const struct line *line, const char *name);

/* The text behind the first skip octets without blanks around it and without
 * line end. */
struct line line_value(const struct line *line, size_t skip);

#endif
