/*
 * One connection, from the greeting to the last reply, on descriptors 0 and 1.
 * inetd mode and the children of the listener both come here.
 */
#ifndef DAEMON_CONNECTION_H
#define DAEMON_CONNECTION_H

#include "daemon/address.h"
#include "daemon/options.h"
#include "daemon/state.h"

/* What is found out once, before the first connection. */
struct house {
	const struct options *options;
	struct state state;
	uid_t login_uid; /* for processes without rights */
	gid_t login_gid;
};

/* Fills house.  Logs what is wrong and returns -1 if nobody could be served. */
int house_prepare(struct house *house, const struct options *options);

/* True when APOP is to be offered now; looks through all domains. */
bool house_offers_apop(const struct house *house);

/*
 * Serves the client on descriptors 0 and 1, address or, in inetd mode, NULL.
 * Ends as another user than it began.  Returns an exit status.
 */
int connection_serve(
    const struct house *house, const struct address *peer, bool offers_apop);

#endif
