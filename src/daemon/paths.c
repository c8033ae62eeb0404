/* A landlock ruleset.  Its numbers are part of the kernel's interface; the
 * headers of many systems are too old to name them all.  Runs without root, but
 * in a lock keeper that had to stay root. */
#include "config.h"

#include "daemon/paths.h"

#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset 444
#define __NR_landlock_add_rule	     445
#define __NR_landlock_restrict_self  446
#endif

#define ASK_VERSION	  1U
#define RULE_PATH_BENEATH 1

/* Rights on files: 13 in version 1, then one each in versions 2, 3 and 5. */
#define RIGHT_WRITE_FILE  (UINT64_C(1) << 1)
#define RIGHT_READ_FILE	  (UINT64_C(1) << 2)
#define RIGHT_REMOVE_FILE (UINT64_C(1) << 5)
#define RIGHT_MAKE_FILE	  (UINT64_C(1) << 8)
#define RIGHT_CUT	  (UINT64_C(1) << 14)
#define RIGHTS_VERSION_1  ((UINT64_C(1) << 13) - 1)
#define RIGHTS_VERSION_2  ((UINT64_C(1) << 14) - 1)
#define RIGHTS_VERSION_3  ((UINT64_C(1) << 15) - 1)
#define RIGHTS_VERSION_5  ((UINT64_C(1) << 16) - 1)

/* To listen and to connect by TCP: version 4. */
#define RIGHTS_NETWORK UINT64_C(3)

/* Abstract sockets of others, and signals to others: version 6. */
#define SCOPES UINT64_C(3)

struct ruleset {
	uint64_t files;
	uint64_t network;
	uint64_t scopes;
};

struct rule {
	uint64_t rights;
	int32_t directory;
} __attribute__((packed));

static long
find_version(void)
{
	return syscall(__NR_landlock_create_ruleset, NULL, 0, ASK_VERSION);
}

bool
paths_are_restrictable(void)
{
	return find_version() >= 1;
}

static uint64_t
known_rights(long version)
{
	if (version >= 5)
		return RIGHTS_VERSION_5;
	if (version >= 3)
		return RIGHTS_VERSION_3;
	return version == 2 ? RIGHTS_VERSION_2 : RIGHTS_VERSION_1;
}

static int
create_ruleset(long version)
{
	struct ruleset ruleset = { .files = known_rights(version) };

	if (version >= 4)
		ruleset.network = RIGHTS_NETWORK;
	if (version >= 6)
		ruleset.scopes = SCOPES;
	return (int)syscall(
	    __NR_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0);
}

static int
add_rule(int ruleset, int directory, enum paths_right right, long version)
{
	struct rule rule = { .directory = directory };

	if (right == PATHS_NOTHING)
		return 0;
	rule.rights = RIGHT_READ_FILE | RIGHT_WRITE_FILE | RIGHT_CUT;
	if (right == PATHS_LOCK)
		rule.rights |= RIGHT_MAKE_FILE | RIGHT_REMOVE_FILE;
	rule.rights &= known_rights(version);
	return (int)syscall(
	    __NR_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0);
}

int
paths_restrict(int directory, enum paths_right right)
{
	long version = find_version();
	int ruleset, result;

	if (version < 1)
		return 0;
	ruleset = create_ruleset(version);
	if (ruleset == -1)
		return -1;
	result = add_rule(ruleset, directory, right, version);
	if (result == 0)
		result = (int)syscall(__NR_landlock_restrict_self, ruleset, 0);
	close(ruleset);
	return result;
}
