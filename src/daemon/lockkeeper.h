/*
 * The lock keeper: a small process that makes the dotlock where the mailbox
 * owner may not, as in /var/mail, mode 2775 root:mail.
 */
#ifndef DAEMON_LOCKKEEPER_H
#define DAEMON_LOCKKEEPER_H

#include "daemon/house.h"

/* True if uid and gid can make files in the directory by themselves. */
bool lockkeeper_is_spared(const struct stat *directory, uid_t uid, gid_t gid);

/*
 * Sets place->keeper: starts a keeper if dotlocks are wanted, we are root, and
 * the mailbox owner cannot write the directory; otherwise it is -1.  The keeper
 * runs as the login user with the directory's group if that can write the
 * directory, else as root.  It ends when place->keeper is closed.  0, or -1
 * with errno.
 */
int lockkeeper_start(const struct house *house, struct mbox_place *place);

#endif
