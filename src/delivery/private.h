/* Inside the delivery room. */
#ifndef DELIVERY_PRIVATE_H
#define DELIVERY_PRIVATE_H

#include "delivery/delivery.h"
#include "support/spool.h"

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

/*
 * Reads the message on input to its end into spool, as it is to stand in the
 * mailbox: a From_ line, Return-Path and Delivered-To for the virtual address,
 * line ends LF, body lines "From " quoted, an empty line at the end.
 * 0, or -1 with errno.
 */
int message_read(
    int input, const char *sender, const char *address, struct spool *spool);

#endif
