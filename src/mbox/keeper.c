/*
 * Both halves of the talk with the lock keeper, the small process that makes a
 * dotlock where the mailbox owner may not: /var/mail, mode 2775 root:mail.
 * One octet asks, one int answers: 0 or errno.  The keeper serves one name in
 * one directory, fixed before the session begins, so a session taken over can
 * at worst hold the dotlock of its own mailbox.
 */
#include "config.h"

#include "mbox/private.h"
#include "support/fileio.h"

#include <errno.h>
#include <unistd.h>

enum request { REQUEST_TRY = 't', REQUEST_RENEW = 'n', REQUEST_RELEASE = 'r' };

/* ---- the session's half ------------------------------------------------- */

static int
ask(int keeper, enum request request)
{
	char octet = (char)request;
	int error;

	if (fileio_write(keeper, &octet, 1) == -1)
		return -1;
	if (fileio_read(keeper, &error, sizeof(error)) != sizeof(error)) {
		errno = EPIPE;
		return -1;
	}
	errno = error;
	return error == 0 ? 0 : -1;
}

int
keeper_try(int keeper)
{
	return ask(keeper, REQUEST_TRY);
}

void
keeper_touch(int keeper)
{
	(void)ask(keeper, REQUEST_RENEW);
}

void
keeper_release(int keeper)
{
	(void)ask(keeper, REQUEST_RELEASE);
}

/* ---- the keeper's half -------------------------------------------------- */

static int
obey(struct dotlock *lock, char request)
{
	switch (request) {
	case REQUEST_TRY:
		if (!lock->is_held && dotlock_try(lock) == -1)
			return errno;
		return 0;
	case REQUEST_RENEW:
		dotlock_touch(lock);
		return 0;
	case REQUEST_RELEASE:
		dotlock_release(lock);
		return 0;
	}
	return EINVAL;
}

void
mbox_keep_lock(int socket, int directory, const char *name)
{
	struct dotlock lock = { .directory = directory, .name = name };
	char request;

	while (fileio_read(socket, &request, 1) == 1) {
		int error = obey(&lock, request);

		if (fileio_write(socket, &error, sizeof(error)) == -1)
			break;
	}
	dotlock_release(&lock);
}
