/* Network addresses. */
#include "config.h"

#include "daemon/address.h"
#include "support/text.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* Splits "[ADDR]:PORT" and its shorter forms; text is changed.  *port is NULL
 * for none. */
static bool
split(char *text, char **host, char **port)
{
	char *colon;

	*host = text;
	*port = NULL;
	if (text[0] == '[') {
		char *end = strchr(text, ']');

		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return false;
		*host = text + 1;
		*port = end[1] == ':' ? end + 2 : NULL;
		*end = '\0';
		return true;
	}
	colon = strchr(text, ':');
	if (colon == NULL || strchr(colon + 1, ':') != NULL)
		return true; /* no port, or IPv6 without brackets */
	*colon = '\0';
	*port = colon + 1;
	return true;
}

/* getaddrinfo(3) would take "*", names of services, and 65536 for 0. */
static bool
is_number_pair(const char *host, const char *port)
{
	uint64_t number;

	return host[0] != '\0' && host[0] != '*' &&
	    (port == NULL || text_to_number(port, UINT16_MAX, &number));
}

bool
address_parse(const char *text, uint16_t default_port, struct address *address)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *found;
	char copy[ADDRESS_TEXT_SIZE];
	char *host, *port;
	char number[8];

	if (!text_copy(copy, sizeof(copy), text) ||
	    !split(copy, &host, &port) || !is_number_pair(host, port))
		return false;
	text_format(number, sizeof(number), "%u", default_port);
	if (getaddrinfo(host, port != NULL ? port : number, &hints, &found) !=
	    0)
		return false;
	memset(&address->storage, 0, sizeof(address->storage));
	memcpy(&address->storage, found->ai_addr, found->ai_addrlen);
	address->length = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

void
address_any(int family, uint16_t port, struct address *address)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&address->storage;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address->storage;

	memset(address, 0, sizeof(*address));
	address->storage.ss_family = (sa_family_t)family;
	if (family == AF_INET6) {
		in6->sin6_port = htons(port);
		address->length = sizeof(*in6);
	} else {
		in->sin_port = htons(port);
		address->length = sizeof(*in);
	}
}

/* The octets of an IPv4 address, also inside IPv6, or NULL. */
static const void *
find_ipv4(const struct address *address)
{
	const struct sockaddr_in *in =
	    (const struct sockaddr_in *)&address->storage;
	const struct sockaddr_in6 *in6 =
	    (const struct sockaddr_in6 *)&address->storage;

	if (address->storage.ss_family == AF_INET)
		return &in->sin_addr;
	if (address->storage.ss_family == AF_INET6 &&
	    IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
		return in6->sin6_addr.s6_addr + 12;
	return NULL;
}

/* Without port and brackets, and no IPv4 address of three numbers or two, which
 * getaddrinfo(3) would fill up. */
static bool
is_plain(const char *host)
{
	const char *colon = strchr(host, ':');
	struct in_addr ipv4;

	if (colon == NULL)
		return inet_pton(AF_INET, host, &ipv4) == 1;
	return host[0] != '[' && strchr(colon + 1, ':') != NULL;
}

/* The octets that tell it from others, 4 or 16, or NULL. */
static const unsigned char *
find_octets(const struct address *address, size_t *length)
{
	const void *ipv4 = find_ipv4(address);
	const struct sockaddr_in6 *in6 =
	    (const struct sockaddr_in6 *)&address->storage;

	*length = ipv4 != NULL ? 4 : sizeof(in6->sin6_addr);
	if (ipv4 != NULL)
		return ipv4;
	return address->storage.ss_family == AF_INET6 ? in6->sin6_addr.s6_addr
						      : NULL;
}

bool
address_parse_network(const char *text, struct network *network)
{
	char copy[ADDRESS_TEXT_SIZE];
	char *rest = copy;
	const char *host;
	size_t length;
	uint64_t bits;

	if (!text_copy(copy, sizeof(copy), text))
		return false;
	host = text_field(&rest, '/');
	if (host == NULL || !is_plain(host) ||
	    !address_parse(host, 0, &network->address))
		return false;
	(void)find_octets(&network->address, &length);
	bits = 8 * length;
	if (rest != NULL && !text_to_number(rest, bits, &bits))
		return false;
	network->bits = (unsigned int)bits;
	return true;
}

bool
address_is_in(const struct address *address, const struct network *network)
{
	size_t length, expected;
	const unsigned char *a = find_octets(address, &length);
	const unsigned char *b = find_octets(&network->address, &expected);
	const size_t whole = network->bits / 8;
	const unsigned int rest = network->bits % 8;

	return a != NULL && b != NULL && length == expected &&
	    memcmp(a, b, whole) == 0 &&
	    (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

void
address_text(const struct address *address, char text[ADDRESS_TEXT_SIZE])
{
	const void *ipv4 = find_ipv4(address);
	const struct sockaddr_in6 *in6 =
	    (const struct sockaddr_in6 *)&address->storage;

	text_copy(text, ADDRESS_TEXT_SIZE, "-");
	if (ipv4 != NULL)
		inet_ntop(AF_INET, ipv4, text, ADDRESS_TEXT_SIZE);
	else if (address->storage.ss_family == AF_INET6)
		inet_ntop(AF_INET6, &in6->sin6_addr, text, ADDRESS_TEXT_SIZE);
}

static bool
is_own_host(const void *ipv4, const struct sockaddr_in6 *in6)
{
	static const unsigned char own[4] = { 127, 0, 0, 1 };

	if (ipv4 != NULL)
		return memcmp(ipv4, own, sizeof(own)) == 0;
	return in6->sin6_family == AF_INET6 &&
	    IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

struct source
address_source(const struct address *address)
{
	struct source source = { 0 };
	const void *ipv4 = find_ipv4(address);
	const struct sockaddr_in6 *in6 =
	    (const struct sockaddr_in6 *)&address->storage;

	if (is_own_host(ipv4, in6))
		return source;
	if (ipv4 != NULL) {
		source.family = AF_INET;
		memcpy(&source.number, ipv4, 4);
	} else if (address->storage.ss_family == AF_INET6) {
		source.family = AF_INET6;
		memcpy(&source.number, in6->sin6_addr.s6_addr, 8);
	}
	return source;
}

bool
source_equal(const struct source *a, const struct source *b)
{
	return a->family == b->family && a->number == b->number;
}
