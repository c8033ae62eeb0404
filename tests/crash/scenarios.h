/*
 * The mailboxes that crash tests change, and how.
 */
#ifndef CRASH_SCENARIOS_H
#define CRASH_SCENARIOS_H

#include "../unit/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define MOST_MESSAGES 12

/* One mailbox, and what is deleted from it. */
struct scenario {
	const char *name;
	unsigned int deleted;	       /* a bit per message */
	size_t lengths[MOST_MESSAGES]; /* of the bodies; 0 ends the list */
	off_t journal_size;
	const char *arrives;	/* between opening and update, or NULL */
	unsigned int retrieved; /* a bit per message */
	const char *field;	/* Status: header of all messages, or NULL: they
				   are left alone */
	bool grows;
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

/* What arrives, or "". */
const char *scenario_arrivals(const struct scenario *scenario);

/* The mailbox as it is before, and without what is deleted; both with what
 * arrives. */
void scenario_texts(
    const struct scenario *scenario, struct bytes *before, struct bytes *after);

#endif
