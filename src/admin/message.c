/* What the program says to a person who typed a command. */
#include "config.h"

#include "admin/private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static void say(const char *format, va_list arguments)
    __attribute__((format(printf, 1, 0)));

static void
say(const char *format, va_list arguments)
{
	(void)fflush(stdout);
	fputs("virtdomain: ", stderr);
	vfprintf(stderr, format, arguments);
}

int
fail(int status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return status;
}

void
warn(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

static int
status_of(int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
	case EROFS:
		return EX_NOPERM;
	case ETIMEDOUT:
	case EAGAIN:
	case ENOMEM:
		return EX_TEMPFAIL;
	case EINVAL:
	case EMLINK:
	case EFBIG:
	case EBADMSG:
		return EX_DATAERR;
	case ENOENT:
		return EX_NOINPUT;
	default:
		return EX_IOERR;
	}
}

/* strerror(3), or what the error means where we make it. */
static const char *
explain(int error)
{
	switch (error) {
	case ETIMEDOUT:
		return "somebody else is changing it; try again";
	case EMLINK:
		return "it has several names (hard links or a loop of links); "
		       "make it one file";
	case EBADMSG:
		return "a line '# virtdomain DOMAIN: begin' has no line "
		       "'...: end'; mend that by hand";
	case ENOTEMPTY:
		return "something else is in it; look at it, and remove it by "
		       "hand";
	case EINVAL:
		return "not a regular file, or a value with a colon or with "
		       "an octet that cannot be seen";
	default:
		return strerror(error);
	}
}

int
fail_errno(const char *format, ...)
{
	int error = errno;
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
	fprintf(stderr, ": %s\n", explain(error));
	return status_of(error);
}
