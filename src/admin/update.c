/* Changes that are mailed. */
#include "config.h"

#include "admin/private.h"

#include <errno.h>

enum change_result
change_mail(const struct admin *admin, const struct change *change,
    char serial[CHANGE_SERIAL_SIZE])
{
	(void)admin;
	(void)change;
	serial[0] = '\0';
	errno = ENOSYS;
	return CHANGE_TROUBLE;
}

enum change_result
change_outcome(
    const struct admin *admin, const char *domain, const char *serial)
{
	(void)admin;
	(void)domain;
	(void)serial;
	return CHANGE_WAITING;
}
