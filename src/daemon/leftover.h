/*
 * Putting back, once, what GNU pop3d 0.10.x has left in USER.old when it died
 * in the middle of an update.
 */
#ifndef DAEMON_LEFTOVER_H
#define DAEMON_LEFTOVER_H

#include "daemon/house.h"

/*
 * For all mailboxes in the spools of virtual domains that no session has
 * claimed; each in a child that becomes the owner.  Logs what came of it.
 * Returns how many must be tried again.
 */
unsigned int leftover_run_all(const struct house *house);

#endif
