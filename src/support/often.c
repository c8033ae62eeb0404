/* Log lines that may come often.  Runs in every process. */
#include "config.h"

#include "support/often.h"
#include "support/clock.h"
#include "support/log.h"
#include "support/text.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW	  10000 /* ms */
#define ROWS	  64
#define LINE_SIZE 1024

struct row {
	int64_t until; /* 0: the row is free */
	unsigned long left_out;
	int priority;
	char line[LINE_SIZE];
};

static struct row *rows; /* ROWS, NULL until needed: most sessions never do */

static void (*often_handler)(int out, int priority, const char *line);
static int often_out;

/* Behind the last " addr=" stands only what we have put there. */
static size_t
find_address(const char *line)
{
	const char *found = NULL;
	const char *next = line;

	while ((next = strstr(next, " addr=")) != NULL)
		found = next++;
	return found != NULL ? (size_t)(found - line) : strlen(line);
}

static void
write_count(struct row *row)
{
	size_t length = find_address(row->line);

	log_event(row->priority, "%.*s repeated=%lu%s", (int)length, row->line,
	    row->left_out, row->line + length);
	row->left_out = 0;
}

/* Empties the row if its time is over. */
static void
end_row(struct row *row, int64_t now)
{
	if (row->until == 0 || row->until > now)
		return;
	if (row->left_out > 0)
		write_count(row);
	row->until = 0;
}

/* The row of the line, or one that is free, if need be by force. */
static struct row *
find_row(const char *line)
{
	struct row *oldest = &rows[0];
	size_t i;

	for (i = 0; i < ROWS; i++) {
		if (rows[i].until != 0 && strcmp(rows[i].line, line) == 0)
			return &rows[i];
		if (rows[i].until < oldest->until)
			oldest = &rows[i];
	}
	end_row(oldest, INT64_MAX);
	return oldest;
}

static void
use_row(struct row *row, int priority, const char *line, int64_t until)
{
	row->until = until;
	row->priority = priority;
	text_copy(row->line, sizeof(row->line), line);
}

static void
judge(int priority, const char *line)
{
	int64_t now = clock_now();
	struct row *row;

	(void)often_flush(now);
	if (rows == NULL)
		rows = calloc(ROWS, sizeof(*rows));
	row = rows == NULL ? NULL : find_row(line);
	if (row != NULL && row->until != 0) {
		row->left_out++;
		return;
	}
	if (row != NULL)
		use_row(row, priority, line, now + WINDOW);
	log_event(priority, "%s", line);
}

void
often_log(int priority, const char *format, ...)
{
	char line[LINE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (often_handler != NULL)
		often_handler(often_out, priority, line);
	else
		judge(priority, line);
}

void
often_relay(void (*relay)(int out, int priority, const char *line), int out)
{
	often_handler = relay;
	often_out = out;
}

int64_t
often_flush(int64_t now)
{
	int64_t next = -1;
	size_t i;

	for (i = 0; rows != NULL && i < ROWS; i++) {
		end_row(&rows[i], now);
		if (rows[i].left_out > 0 &&
		    (next == -1 || rows[i].until < next))
			next = rows[i].until;
	}
	return next;
}
