/* Rights.  Called as root; each function leaves less than it found. */
#include "config.h"

#include "daemon/privilege.h"
#include "support/identity.h"

#include <errno.h>
#include <pwd.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define CPU_SECONDS 300
#define MEMORY_SIZE ((rlim_t)256 * 1024 * 1024)

bool
privilege_find_user(const char *name, uid_t *uid, gid_t *gid)
{
	const struct passwd *user = getpwnam(name != NULL ? name : "pop3d");

	if (user == NULL && name == NULL)
		user = getpwnam("nobody");
	if (user == NULL || user->pw_uid == 0 || user->pw_gid == 0)
		return false;
	*uid = user->pw_uid;
	*gid = user->pw_gid;
	return true;
}

int
privilege_enclose(const char *directory)
{
	struct stat status;

	if (!identity_is_root())
		return 0;
	if (chdir(directory) == -1 || stat(".", &status) == -1)
		return -1;
	if (status.st_uid != 0 || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		errno = EPERM;
		return -1;
	}
	return chroot(".") == -1 || chdir("/") == -1 ? -1 : 0;
}

static int
set_limit(int resource, rlim_t most)
{
	struct rlimit limit = { .rlim_cur = most, .rlim_max = most };

	return setrlimit((__rlimit_resource_t)resource, &limit);
}

int
privilege_forbid_core(void)
{
	return set_limit(RLIMIT_CORE, 0);
}

/* A hard limit stays where it cannot be lifted; the journal reckons with
 * it. */
int
privilege_lift_file_size(off_t *most)
{
	struct rlimit limit;

	*most = 0;
	if (set_limit(RLIMIT_FSIZE, RLIM_INFINITY) == 0)
		return 0;
	if (getrlimit(RLIMIT_FSIZE, &limit) == -1)
		return -1;
	limit.rlim_cur = limit.rlim_max;
	if (limit.rlim_max != RLIM_INFINITY)
		*most = (off_t)limit.rlim_max;
	return setrlimit(RLIMIT_FSIZE, &limit);
}

int
privilege_forbid_processes(void)
{
	return set_limit(RLIMIT_NPROC, 0);
}

/* Eight descriptors: the client, the connection process, standard error. */
int
privilege_limit_login(void)
{
	if (set_limit(RLIMIT_NOFILE, 8) == -1 ||
	    set_limit(RLIMIT_CPU, CPU_SECONDS) == -1)
		return -1;
	return set_limit(RLIMIT_AS, MEMORY_SIZE);
}

int
privilege_limit_session(void)
{
	if (privilege_forbid_processes() == -1)
		return -1;
	return set_limit(RLIMIT_NOFILE, 32);
}
