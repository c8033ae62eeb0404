/* The header of the PROXY protocol.  Runs as root; reads what a program has
 * sent that the administrator has named, and believes no length in it. */
#include "config.h"

#include "daemon/proxy.h"
#include "support/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

/* Version 1 is one line, of at most so many octets with its CR LF. */
#define LINE_SIZE 107

/* The shortest header of all is "PROXY UNKNOWN" with CR LF. */
#define LEAST_LENGTH 15

/* Version 2: signature, version and command, family, length. */
#define FIXED_LENGTH 16

enum {
	COMMAND_LOCAL = 0x20,
	COMMAND_PROXY = 0x21,
	FAMILY_UNKNOWN = 0x00,
	FAMILY_TCP4 = 0x11,
	FAMILY_TCP6 = 0x21,
	FAMILY_UNIX = 0x31,
	FIELD_SSL = 0x20,   /* a type of field behind the addresses */
	FIELD_SSL_HEAD = 5, /* octets: how the client came, what was checked */
	CLIENT_USED_TLS = 0x01 /* in the first of them */
};

static const char line_start[] = "PROXY ";
static const unsigned char signature[12] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
	0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a };

static bool
begins_with(const unsigned char *octets, size_t length, const void *expected,
    size_t expected_length)
{
	return memcmp(octets, expected,
		   length < expected_length ? length : expected_length) == 0;
}

static void
set_ipv4(struct address *address, const void *ip, uint16_t port)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&address->storage;

	address_any(AF_INET, port, address);
	memcpy(&in->sin_addr, ip, sizeof(in->sin_addr));
}

static void
set_ipv6(struct address *address, const void *ip, uint16_t port)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address->storage;

	address_any(AF_INET6, port, address);
	memcpy(&in6->sin6_addr, ip, sizeof(in6->sin6_addr));
}

/* ---- version 1: a line of text ------------------------------------------ */

static bool
parse_pair(
    int family, const char *ip, const char *port, struct address *address)
{
	unsigned char octets[sizeof(struct in6_addr)];
	uint64_t number;

	if (ip == NULL || port == NULL || inet_pton(family, ip, octets) != 1 ||
	    !text_to_number(port, UINT16_MAX, &number))
		return false;
	if (family == AF_INET)
		set_ipv4(address, octets, (uint16_t)number);
	else
		set_ipv6(address, octets, (uint16_t)number);
	return true;
}

/* What stands between "PROXY " and CR LF. */
static enum proxy_verdict
parse_words(char *rest, struct proxy_header *header)
{
	const char *protocol = text_field(&rest, ' ');
	const char *from = text_field(&rest, ' ');
	const char *to = text_field(&rest, ' ');
	const char *from_port = text_field(&rest, ' ');
	const char *to_port = text_field(&rest, ' ');
	int family = AF_INET;

	if (protocol == NULL)
		return PROXY_BAD;
	if (strcmp(protocol, "UNKNOWN") == 0)
		return PROXY_DONE;
	if (strcmp(protocol, "TCP6") == 0)
		family = AF_INET6;
	else if (strcmp(protocol, "TCP4") != 0)
		return PROXY_BAD;
	header->is_forwarded = true;
	return rest == NULL &&
		parse_pair(family, from, from_port, &header->peer) &&
		parse_pair(family, to, to_port, &header->local)
	    ? PROXY_DONE
	    : PROXY_BAD;
}

static enum proxy_verdict
parse_line(const unsigned char *octets, size_t length,
    struct proxy_header *header, size_t *wanted)
{
	const size_t start = sizeof(line_start) - 1;
	const unsigned char *end = memchr(octets, '\n', length);
	char words[LINE_SIZE];

	*wanted = length < LEAST_LENGTH ? LEAST_LENGTH - length : 1;
	if (end == NULL && length < LINE_SIZE)
		return PROXY_MORE;
	if (end != octets + length - 1 || length > LINE_SIZE ||
	    length < LEAST_LENGTH || end[-1] != '\r' ||
	    memchr(octets, '\0', length) != NULL)
		return PROXY_BAD;
	length -= start + 2;
	memcpy(words, octets + start, length);
	words[length] = '\0';
	return parse_words(words, header);
}

/* ---- version 2: octets -------------------------------------------------- */

static unsigned int
two_octets(const unsigned char *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

static bool
parse_fields(
    const unsigned char *at, size_t length, struct proxy_header *header)
{
	while (length >= 3) {
		size_t size = two_octets(at + 1);

		if (size > length - 3)
			return false;
		if (at[0] == FIELD_SSL && size >= FIELD_SSL_HEAD)
			header->is_secure = (at[3] & CLIENT_USED_TLS) != 0;
		at += 3 + size;
		length -= 3 + size;
	}
	return length == 0;
}

/* Reads what is fixed for the family; *used octets are. */
static bool
parse_addresses(unsigned int family, const unsigned char *at, size_t length,
    struct proxy_header *header, size_t *used)
{
	const size_t ip = family == FAMILY_TCP4 ? 4 : sizeof(struct in6_addr);
	uint16_t ports[2];

	*used = 2 * ip + sizeof(ports);
	if (length < *used)
		return false;
	ports[0] = (uint16_t)two_octets(at + 2 * ip);
	ports[1] = (uint16_t)two_octets(at + 2 * ip + 2);
	if (family == FAMILY_TCP4) {
		set_ipv4(&header->peer, at, ports[0]);
		set_ipv4(&header->local, at + ip, ports[1]);
	} else {
		set_ipv6(&header->peer, at, ports[0]);
		set_ipv6(&header->local, at + ip, ports[1]);
	}
	header->is_forwarded = true;
	return true;
}

static bool
parse_body(unsigned int family, const unsigned char *at, size_t length,
    struct proxy_header *header)
{
	size_t used = 0;

	switch (family) {
	case FAMILY_TCP4:
	case FAMILY_TCP6:
		if (!parse_addresses(family, at, length, header, &used))
			return false;
		break;
	case FAMILY_UNIX:
		used = 2 * 108;
		break;
	case FAMILY_UNKNOWN:
		break;
	default:
		return false; /* no mail comes by datagram */
	}
	return used <= length && parse_fields(at + used, length - used, header);
}

static enum proxy_verdict
parse_octets(const unsigned char *octets, size_t length,
    struct proxy_header *header, size_t *wanted)
{
	size_t whole = FIXED_LENGTH;

	if (length >= FIXED_LENGTH)
		whole += two_octets(octets + 14);
	if (whole > PROXY_HEADER_SIZE || length > whole)
		return PROXY_BAD;
	*wanted = whole - length;
	if (length < FIXED_LENGTH || *wanted > 0)
		return PROXY_MORE;
	if (octets[12] == COMMAND_LOCAL)
		return PROXY_DONE;
	return octets[12] == COMMAND_PROXY &&
		parse_body(octets[13], octets + FIXED_LENGTH,
		    whole - FIXED_LENGTH, header)
	    ? PROXY_DONE
	    : PROXY_BAD;
}

/* ---- both --------------------------------------------------------------- */

enum proxy_verdict
proxy_parse(const unsigned char *octets, size_t length,
    struct proxy_header *header, size_t *wanted)
{
	memset(header, 0, sizeof(*header));
	*wanted = LEAST_LENGTH;
	if (length == 0)
		return PROXY_MORE;
	if (begins_with(octets, length, line_start, sizeof(line_start) - 1))
		return parse_line(octets, length, header, wanted);
	if (begins_with(octets, length, signature, sizeof(signature)))
		return parse_octets(octets, length, header, wanted);
	return PROXY_BAD;
}
