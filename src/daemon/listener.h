/*
 * The listener: waits for connections and forks a child for each.
 */
#ifndef DAEMON_LISTENER_H
#define DAEMON_LISTENER_H

#include "daemon/connection.h"

/*
 * Opens the sockets, becomes a daemon unless told to stay, and serves until
 * SIGTERM or SIGHUP; then waits for running sessions to end, or, on a second
 * SIGTERM, ends them.  Returns an exit status, in a child as in the parent.
 */
int listener_run(const struct house *house);

#endif
