/* What is found, line by line.  Runs as root if the check does. */
#include "config.h"

#include "check/private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_EVERY 1000

enum level { LEVEL_OK, LEVEL_WARNING, LEVEL_WRONG, LEVEL_REMEDY };

/* https://no-color.org */
static bool
wants_colours(void)
{
	const char *refusal = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	return (refusal == NULL || refusal[0] == '\0') && terminal != NULL &&
	    terminal[0] != '\0' && strcmp(terminal, "dumb") != 0;
}

void
report_init(struct report *report)
{
	memset(report, 0, sizeof(*report));
	report->shows_progress = isatty(STDERR_FILENO) == 1;
	report->has_colours = isatty(STDOUT_FILENO) == 1 && wants_colours();
}

/* ---- lines -------------------------------------------------------------- */

static void
print_harmless(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= ' ' && *text <= '~')
			putchar(*text);
		else
			printf("\\x%02x", (unsigned int)(unsigned char)*text);
}

static void
wipe_progress(struct report *report)
{
	if (report->has_progress)
		fputs("\r\033[K", stderr);
	report->has_progress = false;
}

static void
print_line(struct report *report, enum level level, const char *text)
{
	static const struct {
		const char *label, *colour;
	} looks[] = {
		[LEVEL_OK] = { "ok       ", "\033[32m" },
		[LEVEL_WARNING] = { "warning  ", "\033[33m" },
		[LEVEL_WRONG] = { "wrong    ", "\033[31m" },
		[LEVEL_REMEDY] = { "         ", "" },
	};

	wipe_progress(report);
	if (report->has_colours)
		fputs(looks[level].colour, stdout);
	fputs(looks[level].label, stdout);
	if (report->has_colours)
		fputs("\033[0m", stdout);
	print_harmless(text);
	putchar('\n');
}

static void print_bad(struct report *report, enum level level,
    const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

static void
print_bad(struct report *report, enum level level, const char *format,
    va_list arguments)
{
	char line[REPORT_LINE_SIZE];

	report->is_hushed = ++report->section_bad > REPORT_MOST_BAD;
	if (report->is_hushed) {
		report->hides_wrong |= level == LEVEL_WRONG;
		return;
	}
	vsnprintf(line, sizeof(line), format, arguments);
	print_line(report, level, line);
}

void
report_ok(struct report *report, const char *format, ...)
{
	va_list arguments;

	report->ok++;
	if (++report->section_ok > REPORT_MOST_OK)
		return;
	va_start(arguments, format);
	vsnprintf(report->held[report->section_ok - 1], REPORT_LINE_SIZE,
	    format, arguments);
	va_end(arguments);
}

void
report_warning(struct report *report, const char *format, ...)
{
	va_list arguments;

	report->warnings++;
	va_start(arguments, format);
	print_bad(report, LEVEL_WARNING, format, arguments);
	va_end(arguments);
}

void
report_wrong(struct report *report, const char *format, ...)
{
	va_list arguments;

	report->wrong++;
	va_start(arguments, format);
	print_bad(report, LEVEL_WRONG, format, arguments);
	va_end(arguments);
}

void
report_remedy(struct report *report, const char *format, ...)
{
	char line[REPORT_LINE_SIZE];
	va_list arguments;

	if (report->is_hushed)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	print_line(report, LEVEL_REMEDY, line);
}

/* ---- sections ----------------------------------------------------------- */

static void
end_section(struct report *report)
{
	char line[REPORT_LINE_SIZE];
	unsigned long i;

	if (report->section_bad > REPORT_MOST_BAD) {
		snprintf(line, sizeof(line), "%s: and %lu more",
		    report->section, report->section_bad - REPORT_MOST_BAD);
		print_line(report,
		    report->hides_wrong ? LEVEL_WRONG : LEVEL_WARNING, line);
	}
	for (i = 0; i < report->section_ok && i < REPORT_MOST_OK &&
	     report->section_ok <= REPORT_MOST_OK;
	     i++)
		print_line(report, LEVEL_OK, report->held[i]);
	if (report->section_ok > REPORT_MOST_OK) {
		snprintf(line, sizeof(line), "%s: %lu without fault",
		    report->section, report->section_ok);
		print_line(report, LEVEL_OK, line);
	}
}

void
report_section(struct report *report, const char *name)
{
	end_section(report);
	report->section = name;
	report->section_ok = report->section_bad = 0;
	report->hides_wrong = false;
}

void
report_progress(struct report *report, unsigned long done)
{
	if (!report->shows_progress || done == 0 || done % PROGRESS_EVERY != 0)
		return;
	fflush(stdout);
	fprintf(stderr, "\r%s: %lu\033[K", report->section, done);
	report->has_progress = true;
}

int
report_end(struct report *report)
{
	end_section(report);
	wipe_progress(report);
	printf("%lu wrong, %lu warning%s, %lu ok\n", report->wrong,
	    report->warnings, report->warnings == 1 ? "" : "s", report->ok);
	return fflush(stdout) == EOF || ferror(stdout) ? -1 : 0;
}

/* ---- commands ----------------------------------------------------------- */

static bool
needs_quotes(const char *text)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789/._+-@%:=,";

	return text[0] == '\0' || strspn(text, plain) != strlen(text);
}

/* What is too long is cut. */
const char *
quote(char out[QUOTED_SIZE], const char *text)
{
	char *p = out;

	if (!needs_quotes(text)) {
		snprintf(out, QUOTED_SIZE, "%s", text);
		return out;
	}
	*p++ = '\'';
	for (; *text != '\0' && p < out + QUOTED_SIZE - 8; text++)
		if (*text == '\'') {
			memcpy(p, "'\\''", 4);
			p += 4;
		} else {
			*p++ = *text;
		}
	*p++ = '\'';
	*p = '\0';
	return out;
}
