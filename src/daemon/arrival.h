/*
 * What comes before the greeting: the header of a program in front, what the
 * listener has to say about the client that it names, and the wait of those who
 * fail too often.
 */
#ifndef DAEMON_ARRIVAL_H
#define DAEMON_ARRIVAL_H

#include "daemon/peer.h"
#include "pop3/pop3.h"

/* What is known of a connection as it begins. */
struct arrival {
	const struct address *peer; /* NULL in inetd mode */
	int reports;		    /* to the listener, report.h; -1: none */
	bool is_slow; /* its source fails too often: let it wait */
	bool offers_challenges;
	struct account_cache *cache; /* of logins, shared; NULL: none */
};

/*
 * Does all that.  Then peer is the client, and session takes passwords if its
 * connection to the program in front was protected.  SESSION_CONTINUE means
 * greet it; whoever is turned away has got a reply, if any is due.
 */
enum session_event arrival_run(
    struct session *session, struct peer *peer, const struct arrival *arrival);

#endif
