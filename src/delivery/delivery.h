/*
 * The door of the delivery room: one message from an MTA into the mailbox of a
 * virtual user.
 *
 * Runs as the domain owner, never as root.  Trusts neither the message nor the
 * recipient.  The exit status decides what the MTA does with the mail, so it
 * is one of three: delivered, no such user, try again; nothing else, since
 * Postfix bounces on everything else.
 */
#ifndef DELIVERY_DELIVERY_H
#define DELIVERY_DELIVERY_H

#include "account/account.h"

#include <stdbool.h>

struct delivery {
	struct account_rules rules;
	unsigned int lock_methods;
	const char *sender; /* envelope sender; empty: bounce; NULL: unknown */
	const char
	    *recipient; /* "user@domain", or NULL: from the environment */
};

/* What came of it.  text is for a person and begins, after a failure, with an
 * enhanced status code (RFC 3463). */
struct outcome {
	int status; /* 0, EX_NOUSER or EX_TEMPFAIL */
	char text[1600];
};

/* Reads the command line of virtual(8).  Help and version end the program with
 * status 0, mistakes with EX_TEMPFAIL: the mail must not bounce. */
void delivery_parse(struct delivery *delivery, int argc, char **argv);

/* Delivers the message on the descriptor input. */
void delivery_run(
    const struct delivery *delivery, int input, struct outcome *outcome);

#endif
