/*
 * Our lines in files of others: between two comments that name the domain.
 *
 *	# virtdomain kvt.dk: begin
 *	kvt.dk	anything
 *	# virtdomain kvt.dk: end
 */
#include "config.h"

#include "admin/private.h"
#include "support/clock.h"
#include "support/rewrite.h"
#include "support/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST	      ((size_t)64 * 1024 * 1024)
#define LOCK_PATIENCE 10000 /* ms */
#define BLOCK_SIZE    (2 * MARK_SIZE + ADMIN_LINE_SIZE)
#define MARK_SIZE     (ACCOUNT_DOMAIN_SIZE + 40)

static void
make_mark(const char *domain, const char *what, char mark[MARK_SIZE])
{
	snprintf(mark, MARK_SIZE, "# virtdomain %s: %s\n", domain, what);
}

/* Where the line stands, or NULL. */
static const char *
find_line(const char *text, const char *line)
{
	const char *found = strstr(text, line);

	while (found != NULL && found != text && found[-1] != '\n')
		found = strstr(found + 1, line);
	return found;
}

bool
block_find(const char *text, const char *domain, size_t *start, size_t *length,
    bool *is_broken)
{
	char begin[MARK_SIZE], end[MARK_SIZE];
	const char *first, *last;

	make_mark(domain, "begin", begin);
	make_mark(domain, "end", end);
	first = find_line(text, begin);
	last = find_line(first == NULL ? text : first, end);
	*is_broken = (first == NULL) != (last == NULL);
	if (first == NULL || last == NULL)
		return false;
	*start = (size_t)(first - text);
	*length = (size_t)(last - first) + strlen(end);
	return true;
}

static char *
put(char *out, const char *text, size_t length)
{
	memcpy(out, text, length);
	return out + length;
}

/* What is to stand in the place of a block; line_end: in front of it. */
static bool
write_block(const char *domain, const char *lines, bool needs_line_end,
    char block[BLOCK_SIZE])
{
	char begin[MARK_SIZE], end[MARK_SIZE];

	block[0] = '\0';
	if (lines == NULL)
		return true;
	make_mark(domain, "begin", begin);
	make_mark(domain, "end", end);
	return text_format(block, BLOCK_SIZE, "%s%s%s%s",
	    needs_line_end ? "\n" : "", begin, lines, end);
}

/* The text with other lines, or without any; the caller frees it. */
static char *
change(const struct rewrite *file, const char *domain, const char *lines)
{
	size_t start = file->length, length = 0;
	char block[BLOCK_SIZE];
	bool is_broken, is_there;
	char *text, *end;

	is_there = block_find(file->text, domain, &start, &length, &is_broken);
	if (is_broken || strlen(file->text) != file->length ||
	    !write_block(domain, lines,
		!is_there && start > 0 && file->text[start - 1] != '\n',
		block)) {
		errno = EBADMSG;
		return NULL;
	}
	text = malloc(file->length + strlen(block) + 1);
	if (text == NULL)
		return NULL;
	end = put(text, file->text, start);
	end = put(end, block, strlen(block));
	end = put(
	    end, file->text + start + length, file->length - start - length);
	*end = '\0';
	return text;
}

/* A missing file is made, if it is needed. */
static int
open_file(struct rewrite *file, const char *path, bool is_needed)
{
	int64_t deadline = clock_now() + LOCK_PATIENCE;

	if (rewrite_open(file, path, LARGEST, deadline) == 0)
		return 0;
	if (errno != ENOENT || !is_needed)
		return -1;
	if (rewrite_make(path, 0644, "") == -1 && errno != EEXIST)
		return -1;
	return rewrite_open(file, path, LARGEST, deadline);
}

int
block_write(const char *path, const char *domain, const char *lines)
{
	struct rewrite file;
	int result = -1, error;
	char *text;

	if (open_file(&file, path, lines != NULL) == -1)
		return errno == ENOENT && lines == NULL ? 0 : -1;
	text = change(&file, domain, lines);
	if (text != NULL)
		result = rewrite_commit(&file, text, strlen(text));
	error = errno;
	free(text);
	rewrite_close(&file);
	errno = error;
	return result;
}
