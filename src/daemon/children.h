/*
 * The children of the listener.  How many there are is how many rows the table
 * has: there is no counter that a lost signal could make wrong.
 */
#ifndef DAEMON_CHILDREN_H
#define DAEMON_CHILDREN_H

#include "daemon/address.h"

#include <stddef.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	struct source source;
	bool is_before_login;
};

struct children {
	struct child *rows;
	size_t count;
	size_t most;
	unsigned long total; /* that there have ever been */
};

/* Makes room for most children.  0, or -1 with errno. */
int children_init(struct children *children, size_t most);
void children_free(struct children *children);

/* Notes a child, before its login; there must be room. */
void children_add(
    struct children *children, pid_t pid, const struct source *source);

/* The row of a child, or NULL; good until one is added or taken off. */
struct child *children_find(struct children *children, pid_t pid);

/* How many children have nobody logged in. */
size_t children_before_login(const struct children *children);

/* How many children serve this source. */
size_t children_of(
    const struct children *children, const struct source *source);

/* Takes all children that have ended off the table.  Logs those that a signal
 * killed, and returns true if there were any: they may have left an update
 * half done. */
bool children_reap(struct children *children);

/* Sends a signal to all. */
void children_signal(const struct children *children, int signal);

/* Logs the count and every process id. */
void children_log(const struct children *children);

#endif
