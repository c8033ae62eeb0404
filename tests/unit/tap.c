/* Test Anything Protocol. */
#include "config.h"

#include "bytes.h"
#include "tap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int points;
static unsigned int failed;

static void point(bool is_true, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void
point(bool is_true, const char *format, va_list arguments)
{
	points++;
	failed += !is_true;
	printf("%sok %u - ", is_true ? "" : "not ", points);
	vprintf(format, arguments);
}

void
ok(bool is_true, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	point(is_true, format, arguments);
	va_end(arguments);
	printf("\n");
	fflush(stdout);
}

void
tap_number(intmax_t found, intmax_t expected, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	point(found == expected, format, arguments);
	va_end(arguments);
	printf("\n");
	if (found != expected)
		printf("# found %" PRIdMAX ", expected %" PRIdMAX "\n", found,
		    expected);
	fflush(stdout);
}

void
is_text(const char *found, const char *expected, const char *format, ...)
{
	bool is_same = found == NULL || expected == NULL
	    ? found == expected
	    : strcmp(found, expected) == 0;
	va_list arguments;

	va_start(arguments, format);
	point(is_same, format, arguments);
	va_end(arguments);
	printf("\n");
	if (!is_same)
		note("found \"%s\", expected \"%s\"",
		    found == NULL ? "(null)" : found,
		    expected == NULL ? "(null)" : expected);
	fflush(stdout);
}

/* The part of bytes around the octet at, readable. */
static void
show(const char *what, const struct bytes *bytes, size_t at)
{
	size_t start = at < 20 ? 0 : at - 20;
	size_t end = start + 60 < bytes->length ? start + 60 : bytes->length;

	printf("# %s (%zu octets) from %zu: ", what, bytes->length, start);
	for (; start < end; start++) {
		unsigned char c = (unsigned char)bytes->data[start];

		if (c >= ' ' && c <= '~')
			putchar(c);
		else
			printf("\\x%02x", c);
	}
	printf("\n");
}

void
is_bytes(const struct bytes *found, const struct bytes *expected,
    const char *format, ...)
{
	bool is_same = bytes_equal(found, expected);
	va_list arguments;
	size_t at = 0;

	va_start(arguments, format);
	point(is_same, format, arguments);
	va_end(arguments);
	printf("\n");
	while (!is_same && at < found->length && at < expected->length &&
	    found->data[at] == expected->data[at])
		at++;
	if (!is_same) {
		show("found", found, at);
		show("expected", expected, at);
	}
	fflush(stdout);
}

void
skip(const char *why, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	point(true, format, arguments);
	va_end(arguments);
	printf(" # SKIP %s\n", why);
	fflush(stdout);
}

void
note(const char *format, ...)
{
	char text[2048];
	va_list arguments;
	char *line, *rest;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	for (line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		printf("# %s\n", line);
	fflush(stdout);
}

void
bail_out(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	fflush(stdout);
	exit(1);
}

int
done(void)
{
	printf("1..%u\n", points);
	fflush(stdout);
	return failed == 0 ? 0 : 1;
}
