/* Inside the delivery room. */
#ifndef DELIVERY_PRIVATE_H
#define DELIVERY_PRIVATE_H

#include "delivery/delivery.h"
#include "support/spool.h"

/*
 * Reads the message on input to its end into spool, as it is to stand in the
 * mailbox: a From_ line, Return-Path and Delivered-To for the virtual address,
 * line ends LF, body lines "From " quoted, an empty line at the end.
 * 0, or -1 with errno.
 */
int message_read(
    int input, const char *sender, const char *address, struct spool *spool);

#endif
