/*
 * One connection, from the greeting to the last reply, on descriptors 0 and 1.
 * inetd mode and the children of the listener both come here.
 */
#ifndef DAEMON_CONNECTION_H
#define DAEMON_CONNECTION_H

#include "daemon/arrival.h"
#include "daemon/house.h"

/*
 * Serves the client on descriptors 0 and 1.  Ends as another user than it
 * began.  Returns an exit status.
 */
int connection_serve(const struct house *house, const struct arrival *arrival);

#endif
