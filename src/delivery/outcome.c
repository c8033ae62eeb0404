/* What came of a delivery, in words. */
#include "config.h"

#include "delivery/private.h"

#include <stdarg.h>
#include <stdio.h>

int
outcome_set(struct outcome *outcome, int status, const char *format, ...)
{
	va_list arguments;

	outcome->status = status;
	va_start(arguments, format);
	vsnprintf(outcome->text, sizeof(outcome->text), format, arguments);
	va_end(arguments);
	return -1;
}
