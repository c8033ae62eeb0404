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
#include "support/spool.h"

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

/* ---- the parts of it, for who does more than virtual(8) ---------------- */

/* Whom a message is for. */
struct recipient {
	char user[ACCOUNT_USER_SIZE];
	char domain[ACCOUNT_DOMAIN_SIZE]; /* a virtual domain of ours */
};

/* Fills outcome and returns -1. */
int outcome_set(struct outcome *outcome, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Finds the recipient: from delivery->recipient, else from EXTENSION
 * ("user--domain", split at the last "--" behind which a virtual domain
 * stands), else from ORIGINAL_RECIPIENT.  0, or -1 with outcome.
 */
int recipient_find(const struct delivery *delivery, struct recipient *recipient,
    struct outcome *outcome);

/* Looks the recipient up; forward, of ACCOUNT_FORWARD_SIZE octets, gets
 * the last field of his line.  0, or -1 with outcome. */
int delivery_find_account(const struct delivery *delivery,
    const struct recipient *recipient, struct account *account, char *forward,
    struct outcome *outcome);

/* Reads the message on input into spool, as it is to stand in the mailbox.
 * 0, or -1 with outcome. */
int delivery_read(const struct delivery *delivery, int input,
    const struct recipient *recipient, struct spool *spool,
    struct outcome *outcome);

/* Appends it to the mailbox.  0, or -1 with outcome. */
int delivery_append(const struct delivery *delivery,
    const struct account *account, struct spool *spool,
    struct outcome *outcome);

#endif
