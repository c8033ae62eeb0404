/*
 * Rights that a process gives up, besides its identity: the only file that
 * calls chroot.  Callers must end the process when a function here fails.
 */
#ifndef DAEMON_PRIVILEGE_H
#define DAEMON_PRIVILEGE_H

#include <stdbool.h>
#include <sys/types.h>

/* Finds the user for processes that need no rights: name, or, if that is NULL,
 * "pop3d" or else "nobody".  False if there is none, or it is root. */
bool privilege_find_user(const char *name, uid_t *uid, gid_t *gid);

/* Gives up what root can do and no process of ours needs; with also_programs
 * the programs that are executed cannot have it either.  Without root it does
 * nothing.  0, or -1 with errno. */
int privilege_reduce(bool also_programs);

/* Shuts this process into the directory, which must belong to root and be
 * writable for nobody else.  Without root nothing is done.  0, or -1 with
 * errno. */
int privilege_enclose(const char *directory);

/* Lets the process write files as long as may be: what another program allows
 * its children must not cut off an update.  *most is how long, or 0 for any
 * length.  0, or -1 with errno. */
int privilege_lift_file_size(off_t *most);

/* No new process, once this one is not root.  0, or -1 with errno. */
int privilege_forbid_processes(void);

/* For who talks to strangers: 8 descriptors, 256 MB, 300 s of processor time.
 * 0, or -1 with errno. */
int privilege_limit_login(void);

/* For who works on a mailbox: no new process, 32 descriptors.  Memory and
 * processor time have no bound, for both grow with the mailbox.  0, or -1 with
 * errno. */
int privilege_limit_session(void);

/* No core dump, which would hold mail and secrets.  0, or -1 with errno. */
int privilege_forbid_core(void);

#endif
