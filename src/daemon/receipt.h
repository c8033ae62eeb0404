/*
 * The process that sends notices to senders, --mdn.  It runs as the mailbox
 * owner beside the session, which is shut in and can start no program.
 */
#ifndef DAEMON_RECEIPT_H
#define DAEMON_RECEIPT_H

#include "daemon/house.h"

/*
 * Starts it for a user who is logged in, as long as this process can still
 * become his uid and gid.  Returns the socket to which each struct notice goes
 * as one packet, or -1: no notices are wanted, or, which is logged, there can
 * be none.  The process ends after the socket is closed.
 */
int receipt_start(
    const struct house *house, const struct account *account, const char *peer);

#endif
