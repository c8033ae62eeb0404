/*
 * Changes in the text of a passwd file, not in what it means: comments, bad
 * lines and lines of others stay as they are.
 */
#include "config.h"

#include "account/private.h"
#include "support/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A part of the text: a line without its end, or a field. */
struct part {
	size_t start, length;
};

/* ---- lines and fields --------------------------------------------------- */

/* The line that begins at start; false at the end. */
static bool
get_line(const struct account_edit *edit, size_t start, struct part *line)
{
	const char *end;

	if (start >= edit->length)
		return false;
	line->start = start;
	end = memchr(edit->text + start, '\n', edit->length - start);
	line->length = end == NULL ? edit->length - start
				   : (size_t)(end - edit->text) - start;
	if (line->length > 0 && edit->text[start + line->length - 1] == '\r')
		line->length--;
	return true;
}

static size_t
behind(const struct account_edit *edit, const struct part *line)
{
	size_t end = line->start + line->length;
	const char *next = memchr(edit->text + end, '\n', edit->length - end);

	return next == NULL ? edit->length : (size_t)(next - edit->text) + 1;
}

/* Cuts the line at its colons.  How many fields it has; only the first seven
 * are filled. */
static unsigned int
split(const struct account_edit *edit, const struct part *line,
    struct part fields[7])
{
	size_t i, start = line->start, end = line->start + line->length;
	unsigned int count = 0;

	for (i = start; i <= end; i++) {
		if (i < end && edit->text[i] != ':')
			continue;
		if (count < 7)
			fields[count] = (struct part){ start, i - start };
		count++;
		start = i + 1;
	}
	return count;
}

static bool
is_of_user(
    const struct account_edit *edit, const struct part *name, const char *user)
{
	return name->length == strlen(user) &&
	    strncasecmp(edit->text + name->start, user, name->length) == 0;
}

/* Looks for a line of user from start on. */
static bool
find(const struct account_edit *edit, const char *user, size_t start,
    struct part *line, struct part fields[7], unsigned int *count)
{
	for (; get_line(edit, start, line); start = behind(edit, line)) {
		if (line->length == 0 || edit->text[line->start] == '#')
			continue;
		*count = split(edit, line, fields);
		if ((*count == 2 || *count == 7) &&
		    is_of_user(edit, &fields[0], user))
			return true;
	}
	errno = ENOENT;
	return false;
}

int
account_edit_get(const struct account_edit *edit, const char *user,
    enum account_field field, char *out, size_t size)
{
	struct part line, fields[7];
	unsigned int count;

	if (!find(edit, user, 0, &line, fields, &count))
		return -1;
	out[0] = '\0';
	if ((unsigned int)field >= count)
		return 0;
	errno = ENOBUFS;
	return text_format(out, size, "%.*s", (int)fields[field].length,
		   edit->text + fields[field].start)
	    ? 0
	    : -1;
}

int
account_edit_line(const struct account_edit *edit, const char *user,
    char line[ACCOUNT_LINE_SIZE])
{
	struct part found, fields[7];
	unsigned int count;

	if (!find(edit, user, 0, &found, fields, &count))
		return -1;
	errno = ENOBUFS;
	return text_format(line, ACCOUNT_LINE_SIZE, "%.*s", (int)found.length,
		   edit->text + found.start)
	    ? 0
	    : -1;
}

/* ---- changes ------------------------------------------------------------ */

/* Puts value in the place of length octets at start. */
static int
splice(struct account_edit *edit, const struct part *part, const char *value)
{
	size_t more = strlen(value), rest = part->start + part->length;
	char *text = malloc(edit->length - part->length + more + 1);

	if (text == NULL)
		return -1;
	memcpy(text, edit->text, part->start);
	memcpy(text + part->start, value, more);
	memcpy(text + part->start + more, edit->text + rest,
	    edit->length - rest + 1);
	explicit_bzero(edit->text, edit->length);
	free(edit->text);
	edit->text = text;
	edit->length += more - part->length;
	return 0;
}

static int
check_value(const char *value)
{
	for (; *value != '\0'; value++)
		if ((unsigned char)*value < ' ' || *value == 0x7f ||
		    *value == ':') {
			errno = EINVAL;
			return -1;
		}
	return 0;
}

static bool
ends_in_line_end(const struct account_edit *edit)
{
	return edit->length == 0 || edit->text[edit->length - 1] == '\n';
}

int
account_edit_add(struct account_edit *edit, const struct account *account,
    const char *password, const char *gecos)
{
	char line[PASSWD_LINE_SIZE + 2];
	struct part found, fields[7], end = { edit->length, 0 };
	unsigned int count;

	errno = EEXIST;
	if (find(edit, account->user, 0, &found, fields, &count))
		return -1;
	errno = EINVAL;
	if (!account_is_user_name(account->user) ||
	    check_value(password) == -1 || check_value(gecos) == -1)
		return -1;
	errno = EMSGSIZE;
	if (strlen(password) >= SECRET_SIZE ||
	    !text_format(line, sizeof(line) - ends_in_line_end(edit),
		"%s%s:%s:%u:%u:%s::\n", ends_in_line_end(edit) ? "" : "\n",
		account->user, password, (unsigned int)account->uid,
		(unsigned int)account->gid, gecos))
		return -1;
	return splice(edit, &end, line);
}

int
account_edit_set(struct account_edit *edit, const char *user,
    enum account_field field, const char *value)
{
	struct part line, fields[7];
	unsigned int count;

	if (!find(edit, user, 0, &line, fields, &count) ||
	    check_value(value) == -1)
		return -1;
	errno = ENOTSUP;
	if ((unsigned int)field >= count)
		return -1;
	errno = EMSGSIZE;
	if (line.length - fields[field].length + strlen(value) >=
		PASSWD_LINE_SIZE ||
	    (field == ACCOUNT_PASSWORD && strlen(value) >= SECRET_SIZE))
		return -1;
	return splice(edit, &fields[field], value);
}

int
account_edit_remove(struct account_edit *edit, const char *user)
{
	struct part line, fields[7];
	unsigned int count;
	bool is_found = false;
	size_t start = 0;

	while (find(edit, user, start, &line, fields, &count)) {
		line.length = behind(edit, &line) - line.start;
		if (splice(edit, &line, "") == -1)
			return -1;
		start = line.start;
		is_found = true;
	}
	errno = ENOENT;
	return is_found ? 0 : -1;
}

int
account_edit_set_comment(struct account_edit *edit, const char *comment)
{
	struct part line;

	errno = EINVAL;
	if (comment[0] != '#' || strpbrk(comment, "\r\n") != NULL ||
	    !get_line(edit, 0, &line) || edit->text[0] != '#')
		return -1;
	return splice(edit, &line, comment);
}
