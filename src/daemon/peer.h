/*
 * Who is at the other end: by the socket, by the header of a program in front,
 * or by the environment, as far as that is believed.
 */
#ifndef DAEMON_PEER_H
#define DAEMON_PEER_H

#include "account/account.h"
#include "daemon/options.h"
#include "daemon/proxy.h"

struct peer {
	struct address address; /* length 0: not known */
	struct address local;	/* what was called; length 0: ask the socket */
	bool is_proxy;		/* a header comes first, and names the client */
	bool is_secure;		/* the header says that the client used TLS */
	char text[ADDRESS_TEXT_SIZE];	  /* for log lines; "-": not known */
	char domain[ACCOUNT_DOMAIN_SIZE]; /* empty: not looked up */
};

/* True if a connection from there begins with a PROXY header. */
bool peer_is_proxy(
    const struct options *options, const struct address *address);

/* Fills peer for the client on descriptor 0, which has been accepted from
 * there; NULL if somebody else has accepted it. */
void peer_find(struct peer *peer, const struct options *options,
    const struct address *accepted);

/* Sets up descriptor 0, if it is a TCP socket: replies leave at once; a peer
 * that is gone is noticed within stall_limit ms while something is on its way
 * to it, and by keepalive otherwise. */
void peer_tune_socket(int stall_limit);

enum peer_event {
	PEER_KNOWN,
	PEER_GONE, /* it has ended the connection */
	PEER_BAD_HEADER,
	PEER_TIMEOUT,	  /* the deadline has passed */
	PEER_INTERRUPTED, /* a watched signal came; call again */
};

/* A header on its way. */
struct peer_input {
	unsigned char octets[PROXY_HEADER_SIZE];
	size_t length; /* 0 at the beginning */
};

/* Reads a header from descriptor 0, and nothing behind it, until the
 * clock_now() moment deadline; then peer is who it names.  A header that names
 * nobody leaves peer as it is. */
enum peer_event peer_read_header(
    struct peer *peer, struct peer_input *input, int64_t deadline);

/* The name of the address that the client has called, for domains that have
 * one of their own, or NULL.  Name servers may be slow. */
const char *peer_local_domain(struct peer *peer);

#endif
