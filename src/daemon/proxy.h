/*
 * The header of the PROXY protocol, versions 1 and 2: by it a program in front,
 * such as HAProxy or stunnel, tells who has called it.  Octets in, facts out;
 * who may send one is for the caller to know.
 */
#ifndef DAEMON_PROXY_H
#define DAEMON_PROXY_H

#include "daemon/address.h"

#include <stdbool.h>
#include <stddef.h>

/* A longer header is a bad one. */
#define PROXY_HEADER_SIZE 4096

struct proxy_header {
	bool is_forwarded;    /* else it says nothing of the addresses */
	struct address peer;  /* the client of the program in front */
	struct address local; /* where it has called */
	bool is_secure;	      /* ... and has it done so over TLS */
};

enum proxy_verdict { PROXY_MORE, PROXY_BAD, PROXY_DONE };

/*
 * Looks at the first length octets of a connection.  PROXY_DONE: they are a
 * header, the whole of it and nothing else, and header is filled.  PROXY_MORE:
 * they are a part of one, and *wanted octets that are missing belong to it too,
 * so that whoever reads as many reads nothing of the session.
 */
enum proxy_verdict proxy_parse(const unsigned char *octets, size_t length,
    struct proxy_header *header, size_t *wanted);

#endif
