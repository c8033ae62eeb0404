/* Rights.  Called as root; each function leaves less than it found. */
#include "config.h"

#include "daemon/privilege.h"
#include "support/identity.h"

#include <errno.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

/* ---- what root keeps ---------------------------------------------------- */

static const unsigned int kept[] = {
	CAP_CHOWN,	      /* the group of a new --relay-file */
	CAP_DAC_OVERRIDE,     /* passwd files and spools of their owners */
	CAP_KILL,	      /* the login child; listener: any child */
	CAP_SETGID,	      /* login child, session, ... */
	CAP_SETUID,	      /* ... lock keeper */
	CAP_NET_BIND_SERVICE, /* port 110 */
	CAP_SYS_CHROOT,	      /* login child */
	CAP_SYS_RESOURCE,     /* a file size limit that somebody has set */
};

static uint64_t
kept_set(void)
{
	uint64_t set = 0;
	size_t i;

	for (i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		set |= UINT64_C(1) << kept[i];
	return set;
}

/* Where that is not allowed, it has been done already, or cannot be. */
static void
bound_programs(uint64_t set)
{
	unsigned int i;

	for (i = 0; prctl(PR_CAPBSET_READ, (unsigned long)i) >= 0; i++)
		if ((set >> i & 1) == 0)
			(void)prctl(PR_CAPBSET_DROP, (unsigned long)i);
}

int
privilege_reduce(bool also_programs)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2];
	uint64_t set = kept_set();
	unsigned int i;

	if (!identity_is_root())
		return 0;
	if (also_programs)
		bound_programs(set);
	if (syscall(SYS_capget, &header, data) == -1)
		return -1;
	for (i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(set >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable &= data[i].permitted;
	}
	return (int)syscall(SYS_capset, &header, data);
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
