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

void sockets_close(struct sockets *sockets);

#endif
