/*
 * What systemd asks of a service, without its library: sockets that it has
 * opened for us, sd_listen_fds(3), and news about our state, sd_notify(3).
 */
#ifndef DAEMON_SYSTEMD_H
#define DAEMON_SYSTEMD_H

/* The first inherited descriptor. */
#define SYSTEMD_FIRST_FD 3

/* How many listening sockets were inherited, as descriptors from
 * SYSTEMD_FIRST_FD on; 0 if not started by socket activation. */
int systemd_sockets(void);

/* Tells the service manager, if there is one: "STOPPING=1". */
void systemd_notify(const char *news);

/* The same, that this process serves now: it need not be the one that the
 * service manager has started. */
void systemd_ready(void);

#endif
