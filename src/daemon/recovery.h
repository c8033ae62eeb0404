/*
 * Finishing updates that a crash has interrupted: before a login, when a child
 * was killed, when the daemon starts, and with --recover before the MTA does.
 */
#ifndef DAEMON_RECOVERY_H
#define DAEMON_RECOVERY_H

#include "daemon/house.h"

/*
 * Finishes the interrupted update of a mailbox that this process has claimed,
 * in a child that becomes the mailbox owner.  If somebody has rewritten the
 * mailbox since, its journal is kept as an mbox in the directory rescue of the
 * state directory.  Logs what came of it.  -1 if the mailbox cannot be used
 * now.
 */
int recovery_run(const struct house *house, struct mbox_place *place);

/* The same for all mailboxes that no session has claimed.  Returns how many
 * are left unfinished. */
unsigned int recovery_run_all(const struct house *house);

/* recovery_run_all() in a process of its own. */
void recovery_start(const struct house *house);

#endif
