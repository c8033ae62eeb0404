/*
 * Becoming a daemon.
 */
#ifndef DAEMON_BACKGROUND_H
#define DAEMON_BACKGROUND_H

#include "daemon/options.h"

/* Goes into the background, unless told to stay: the parent ends.  0, or -1
 * with errno. */
int background_detach(const struct options *options);

/* Writes the process id; nothing is done with path NULL.  0, or -1 with
 * errno. */
int background_write_pid(const char *path);

/* Removes the file if the process id in it is ours; nothing is done with path
 * NULL. */
void background_remove_pid(const char *path);

#endif
