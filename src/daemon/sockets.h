/*
 * The listening sockets: inherited from systemd, named with --listen, or all
 * addresses.
 */
#ifndef DAEMON_SOCKETS_H
#define DAEMON_SOCKETS_H

#include "daemon/options.h"

#include <poll.h>
#include <stddef.h>

struct sockets {
	struct pollfd polls[OPTIONS_LISTENERS];
	size_t count;
};

/* Opens them all, or logs why not and returns -1. */
int sockets_open(struct sockets *sockets, const struct options *options);

/* Finds out whether we could listen there, without doing it.  0, or -1 with
 * errno. */
int sockets_try(const struct address *address);

enum sockets_trouble {
	TROUBLE_OF_ONE,	 /* about one connection: go on */
	TROUBLE_NOW,	 /* about this moment: rest */
	TROUBLE_FOR_GOOD /* about the socket itself */
};

/* What an error of accept(2) is about.  One that is not known is about this
 * moment, as it may come again at once. */
enum sockets_trouble sockets_judge(int error);

void sockets_close(struct sockets *sockets);

#endif
