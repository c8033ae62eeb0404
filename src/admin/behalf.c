/* Work with the rights of somebody else, in a process of its own. */
#include "config.h"

#include "admin/private.h"
#include "support/identity.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void be_child(uid_t uid, gid_t gid, int (*work)(void *), void *argument)
    __attribute__((noreturn));

static void
be_child(uid_t uid, gid_t gid, int (*work)(void *), void *argument)
{
	int result = EPERM;

	if (identity_become(uid, gid) == 0)
		result = work(argument);
	if (fflush(stdout) == EOF || fflush(stderr) == EOF)
		result = EIO;
	_exit(result);
}

int
on_behalf(uid_t uid, gid_t gid, int (*work)(void *), void *argument)
{
	int status;
	pid_t pid;

	if (uid == geteuid())
		return work(argument);
	if (fflush(stdout) == EOF)
		return -1;
	pid = fork();
	if (pid == -1)
		return -1;
	if (pid == 0)
		be_child(uid, gid, work, argument);
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return -1;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	errno = EINTR;
	return -1;
}
