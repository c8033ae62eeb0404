/*
 * Identity: the only file that calls set*id and setgroups.  A change is for
 * good and is proved by trying to undo it; callers must end the process when a
 * function here fails.
 */
#ifndef SUPPORT_IDENTITY_H
#define SUPPORT_IDENTITY_H

#include <stdbool.h>
#include <sys/types.h>

/* True while this process is root and can become somebody else. */
bool identity_is_root(void);

/*
 * Becomes uid and gid for good, with no other group.  Without root it succeeds
 * only if this is who we are already.  0, or -1 with errno.
 */
int identity_become(uid_t uid, gid_t gid);

#endif
