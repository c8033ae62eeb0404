/*
 * What is found out once, before the first connection, and never changes.
 */
#ifndef DAEMON_HOUSE_H
#define DAEMON_HOUSE_H

#include "daemon/options.h"
#include "daemon/state.h"
#include "mbox/mbox.h"

struct house {
	const struct options *options;
	struct state state;
	uid_t login_uid; /* for processes without rights */
	gid_t login_gid;
};

/* Fills house.  Logs what is wrong and returns -1 if nobody could be served. */
int house_prepare(struct house *house, const struct options *options);

/* True when APOP, CRAM-MD5 and SCRAM are to be offered now; looks through all
 * domains. */
bool house_offers_challenges(const struct house *house);

/* What may change while the daemon runs; zeros at the beginning. */
struct news {
	int64_t until; /* clock_now() moment: so long it is believed */
	bool offers_challenges;
};

/* Looks again, if it was ten seconds ago, at that and at the time zone of log
 * lines: for who comes next. */
void house_refresh(const struct house *house, struct news *news);

/* Sets in place how this house locks and writes mailboxes. */
void house_set_methods(const struct house *house, struct mbox_place *place);

#endif
