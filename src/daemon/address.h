/*
 * Network addresses: as typed on the command line, as written in the log, and
 * what counts as one source.
 */
#ifndef DAEMON_ADDRESS_H
#define DAEMON_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct address {
	struct sockaddr_storage storage;
	socklen_t length;
};

/* Enough for an IPv6 address with zone, brackets, port and NUL. */
#define ADDRESS_TEXT_SIZE 96

/*
 * Reads "ADDR", "ADDR:PORT", "[ADDR]" or "[ADDR]:PORT", numbers only; IPv6
 * needs the brackets when a port follows.  False if it is none of these.
 */
bool address_parse(
    const char *text, uint16_t default_port, struct address *address);

/* All addresses of one family. */
void address_any(int family, uint16_t port, struct address *address);

/* An address and all that begin with the same bits. */
struct network {
	struct address address;
	unsigned int bits;
};

/* Reads "ADDR" or "ADDR/BITS", without port and brackets. */
bool address_parse_network(const char *text, struct network *network);

/* True if the address, whatever its port, is in the network; IPv4 inside IPv6
 * is IPv4. */
bool address_is_in(
    const struct address *address, const struct network *network);

/* Writes the address without port; IPv4 inside IPv6 is written as IPv4.  "-"
 * for what is no network address. */
void address_text(const struct address *address, char text[ADDRESS_TEXT_SIZE]);

/* Identifies a source: an IPv4 address, or the first 64 bits of an IPv6
 * address. */
struct source {
	int family; /* 0: none that could be told from others */
	uint64_t number;
};

/* The loopback addresses 127.0.0.1 and ::1 give family 0: behind them stand
 * stunnel and webmail with the clients of everybody. */
struct source address_source(const struct address *address);
bool source_equal(const struct source *a, const struct source *b);

#endif
