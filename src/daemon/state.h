/*
 * The state directory: session locks, and the empty directory that encloses
 * the login child.
 */
#ifndef DAEMON_STATE_H
#define DAEMON_STATE_H

#include "daemon/options.h"

#include <stdbool.h>
#include <sys/stat.h>

#define STATE_PATH_SIZE 512

/* Where this process keeps its state. */
struct state {
	char directory[STATE_PATH_SIZE];
	char empty[STATE_PATH_SIZE]; /* below it */
};

/* What the directory, and the empty one, must be; %u is our user. */
#define STATE_RULE "must be a directory of user %u that nobody else can write"

/* Chooses them, and makes nothing.  False if there is no place for them. */
bool state_choose(struct state *state, const struct options *options);

/* True for what the rule allows. */
bool state_is_safe(const struct stat *status);

/*
 * Chooses the directory: that of the options; else the built-in one for root
 * and one of the user's own for others.  Makes it, mode 0700, and the empty
 * one below, mode 0755, where they are missing.  Logs what is wrong and
 * returns -1 if they cannot be used.
 */
int state_prepare(struct state *state, const struct options *options);

#endif
