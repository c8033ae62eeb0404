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

#endif
