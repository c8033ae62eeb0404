/*
 * New processes that share what they can.
 */
#ifndef SUPPORT_PROCESS_H
#define SUPPORT_PROCESS_H

#include <sys/types.h>

/*
 * fork(2), but libraries are not told of it (pthread_atfork(3)), and libc does
 * not write into the child what processes with threads need: that would be
 * pages of its own for each child.  For processes without threads, and for
 * children that close all descriptors but their own, so that no library can
 * use one together with the parent.
 */
pid_t process_fork(void);

/* exit(3), but what libraries would do then is left undone: it is nothing that
 * anybody needs.  A build with sanitizers does it, since they look for leaks at
 * the end. */
void process_end(int status) __attribute__((noreturn));

#endif
