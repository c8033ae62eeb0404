/* Why something failed, in words. */
#include "config.h"

#include "mbox/private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool
error_is_full(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

int
reason_set(struct mbox_reason *reason, enum mbox_failure failure,
    const struct mbox_place *place, int error, const char *text)
{
	reason->failure = failure;
	snprintf(reason->text, sizeof(reason->text), "%s/%s: %s%s%s",
	    place->directory, place->name, text, error == 0 ? "" : ": ",
	    error == 0 ? "" : strerror(error));
	return -1;
}

int
reason_errno(struct mbox_reason *reason, const struct mbox_place *place,
    const char *text)
{
	int error = errno;
	enum mbox_failure failure = MBOX_SYSTEM;

	if (error_is_full(error))
		failure = MBOX_FULL;
	return reason_set(reason, failure, place, error, text);
}
