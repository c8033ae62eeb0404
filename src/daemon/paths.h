/*
 * Which files a process may still reach by path: landlock(7), with at most one
 * directory.
 */
#ifndef DAEMON_PATHS_H
#define DAEMON_PATHS_H

#include <stdbool.h>

/* What may be done below the directory. */
enum paths_right {
	PATHS_NOTHING, /* there is no directory */
	PATHS_CHANGE,  /* open files to read, write and cut them */
	PATHS_LOCK     /* also make, link, rename and remove files */
};

/* True if the kernel has it, and it is switched on. */
bool paths_are_restrictable(void);

/*
 * From now on this process can open, make, remove or execute nothing by path
 * but what right allows below the open directory; nor connect or listen by
 * TCP, where the kernel can keep it from that.  Open descriptors stay as they
 * are.  For good.  Needs no_new_privs.  Does nothing where the kernel lacks
 * it.  0, or -1 with errno.
 */
int paths_restrict(int directory, enum paths_right right);

#endif
