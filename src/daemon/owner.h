/*
 * Becoming the owner of a mailbox.
 */
#ifndef DAEMON_OWNER_H
#define DAEMON_OWNER_H

#include "daemon/house.h"

/*
 * Gives root up for good, between the last thing that only root may do and the
 * first look at the mailbox: starts the lock keeper of place if there must be
 * one, becomes its owner and group, and enters the sandbox of a session.  0, or
 * -1 with errno; then the caller must end the process.
 */
int owner_become(const struct house *house, struct mbox_place *place);

enum owner_result {
	OWNER_DONE = 0,
	OWNER_REFUSED = 1, /* the file is not what it should be */
	OWNER_LATER = 2	   /* it must be tried again */
};

/* Does work in a child that has become the owner, and waits for it.  Logs it
 * if that cannot be done; whatever kills the child means OWNER_LATER. */
enum owner_result owner_run(const struct house *house, struct mbox_place *place,
    enum owner_result (*work)(const struct mbox_place *place));

#endif
