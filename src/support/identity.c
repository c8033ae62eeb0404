/* Becoming somebody else.  Called as root. */
#include "config.h"

#include "support/identity.h"

#include <errno.h>
#include <grp.h>
#include <unistd.h>

bool
identity_is_root(void)
{
	return geteuid() == 0;
}

/* True when all ids are as meant, no group is left over, and the way back to
 * root is closed. */
static bool
is_dropped(uid_t uid, gid_t gid)
{
	uid_t real_uid, effective_uid, saved_uid;
	gid_t real_gid, effective_gid, saved_gid;
	gid_t group;
	int groups = getgroups(1, &group);

	if (getresuid(&real_uid, &effective_uid, &saved_uid) == -1 ||
	    getresgid(&real_gid, &effective_gid, &saved_gid) == -1)
		return false;
	if (real_uid != uid || effective_uid != uid || saved_uid != uid ||
	    real_gid != gid || effective_gid != gid || saved_gid != gid)
		return false;
	if (groups != 0 && !(groups == 1 && group == gid))
		return false;
	return setresuid(0, 0, 0) == -1 && setuid(0) == -1 &&
	    setresgid(0, 0, 0) == -1;
}

int
identity_become(uid_t uid, gid_t gid)
{
	if (!identity_is_root()) {
		errno = EPERM;
		return getuid() == uid && geteuid() == uid ? 0 : -1;
	}
	if (uid == 0) {
		errno = EPERM;
		return -1;
	}
	if (setgroups(1, &gid) == -1 || setresgid(gid, gid, gid) == -1 ||
	    setresuid(uid, uid, uid) == -1)
		return -1;
	errno = EPERM;
	return is_dropped(uid, gid) ? 0 : -1;
}
