/* What cannot be found out is not what is not there. */
#include "config.h"

#include "account/private.h"

#include <errno.h>

bool
is_trouble(int error)
{
	switch (error) {
	case EAGAIN:
	case EINTR:
	case EIO:
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
	case ESTALE:
	case ETIMEDOUT:
		return true;
	default:
		return false;
	}
}
