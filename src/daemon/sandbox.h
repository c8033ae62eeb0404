/*
 * The sandbox: what a process may still do once it has all that it needs.
 * Three lists of system calls, of which any other kills, and at most one
 * directory.  Where the kernel lacks a part, the others are used.
 *
 * The functions are for good; callers must end the process when one fails.
 */
#ifndef DAEMON_SANDBOX_H
#define DAEMON_SANDBOX_H

#include "daemon/filter.h"
#include "mbox/mbox.h"

/* For the first process and all that it starts: root has only the rights that
 * are needed here, and no program that is executed can have more than that.
 * With runs_programs, as for --mdn, it can; then the functions below do it for
 * all processes but the one that executes sendmail(8).  0, or -1, logged. */
int sandbox_begin(bool runs_programs);

/* Lets libc look at the system where it will remember what it has seen, so that
 * later it need not.  Called once, before there are other processes. */
void sandbox_prepare(void);

/* Logs if the sandbox is not wanted, or which parts of it are missing. */
void sandbox_complain(bool is_wanted);

/* The login child: talks over descriptors that are open, and opens none.
 * 0, or -1 with errno. */
int sandbox_login(void);

/* The session, or whoever finishes an interrupted update, as the mailbox owner
 * and with place->keeper set: reaches the directory of the mailbox.  0, or -1
 * with errno. */
int sandbox_session(const struct mbox_place *place);

/* The lock keeper: reaches the open directory.  0, or -1 with errno. */
int sandbox_keeper(int directory);

/* The lists, to be counted. */
enum sandbox_kind { SANDBOX_LOGIN, SANDBOX_SESSION, SANDBOX_KEEPER };
const struct filter_row *sandbox_calls(enum sandbox_kind kind, size_t *count);

#endif
