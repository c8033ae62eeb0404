/*
 * The lock keeper: a small process that makes the dotlock where the mailbox
 * owner may not, as in /var/mail, mode 2775 root:mail.
 */
#ifndef DAEMON_LOCKKEEPER_H
#define DAEMON_LOCKKEEPER_H

#include "mbox/mbox.h"

#include <sys/types.h>

/*
 * Sets place->keeper: starts a keeper if dotlocks are wanted, we are root, and
 * the user uid with gid cannot write the directory; otherwise it is -1.  The
 * keeper runs as keeper_uid with the directory's group if that can write the
 * directory, else as root.  It ends when place->keeper is closed.  0, or -1
 * with errno.
 */
int lockkeeper_start(
    struct mbox_place *place, uid_t uid, gid_t gid, uid_t keeper_uid);

#endif
