/*
 * Log lines: syslog or standard error, nothing else.  Runs in every process,
 * with and without root.
 */
#include "config.h"

#include "support/log.h"
#include "support/fileio.h"
#include "support/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_LENGTH 1024

static const char *log_program = "gnu-pop3d";
static bool log_uses_stderr;
static bool log_is_closed;
static bool log_echoes;
static unsigned int log_trace_mask;

void
log_open(const char *program)
{
	log_program = program;
	openlog(program, LOG_PID | LOG_NDELAY, LOG_MAIL);
}

void
log_to_stderr(void)
{
	log_uses_stderr = true;
	closelog();
}

void
log_echo(bool echoes)
{
	log_echoes = echoes;
}

void
log_close(void)
{
	log_is_closed = true;
	if (!log_uses_stderr)
		closelog();
}

void
log_reopen(void)
{
	log_is_closed = false;
	if (!log_uses_stderr)
		log_open(log_program);
}

void
log_set_traces(unsigned int mask)
{
	log_trace_mask = mask;
}

/* As one piece: other processes write there too. */
static void
write_line(const char *line)
{
	char text[LINE_MAX_LENGTH + 64];

	text_format(text, sizeof(text), "%.32s[%ld]: %s\n", log_program,
	    (long)getpid(), line);
	(void)fileio_write(STDERR_FILENO, text, strlen(text));
}

static void log_line(int priority, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void
log_line(int priority, const char *format, va_list arguments)
{
	char line[LINE_MAX_LENGTH];

	vsnprintf(line, sizeof(line), format, arguments);
	if (log_uses_stderr || log_echoes)
		write_line(line);
	if (!log_uses_stderr && !log_is_closed)
		syslog(priority, "%s", line);
}

void
log_event(int priority, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line(priority, format, arguments);
	va_end(arguments);
}

bool
log_traces(enum log_trace kind)
{
	return (log_trace_mask & kind) != 0;
}

void
log_trace(enum log_trace kind, const char *format, ...)
{
	va_list arguments;

	if (!log_traces(kind))
		return;
	va_start(arguments, format);
	log_line(LOG_DEBUG, format, arguments);
	va_end(arguments);
}
