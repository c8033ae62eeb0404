/* daemon/address: addresses as typed, as logged, and what is one source. */
#include "config.h"

#include "daemon/address.h"
#include "tap.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static unsigned int
port_of(const struct address *address)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	memcpy(&in, &address->storage, sizeof(in));
	memcpy(&in6, &address->storage, sizeof(in6));
	return ntohs(address->storage.ss_family == AF_INET6 ? in6.sin6_port
							    : in.sin_port);
}

static void
good(const char *text, const char *expected, unsigned int port)
{
	struct address address;
	char found[ADDRESS_TEXT_SIZE];

	if (!address_parse(text, 110, &address)) {
		ok(false, "%s is an address", text);
		return;
	}
	address_text(&address, found);
	is_text(found, expected, "%s is an address", text);
	is_number(port_of(&address), port, "%s means port %u", text, port);
}

static void
bad(const char *text)
{
	struct address address;

	ok(!address_parse(text, 110, &address), "\"%.100s\" is no address",
	    text);
}

static void
parsing(void)
{
	char text[300];

	good("127.0.0.1", "127.0.0.1", 110);
	good("127.0.0.1:1110", "127.0.0.1", 1110);
	good("0.0.0.0:65535", "0.0.0.0", 65535);
	good("[127.0.0.1]:1110", "127.0.0.1", 1110);
	good("::1", "::1", 110);
	good("[::1]", "::1", 110);
	good("[::1]:1110", "::1", 1110);
	good("::", "::", 110);
	good("[::]:110", "::", 110);
	good("2001:db8::1:1110", "2001:db8::1:1110", 110);
	good("::ffff:127.0.0.1", "127.0.0.1", 110);
	bad("");
	bad(":110");
	bad("[]");
	bad("[]:110");
	bad("[::1");
	bad("[::1]x");
	bad("[::1]1110");
	bad("[::1]:");
	bad("127.0.0.1:");
	bad("127.0.0.1:pop3");
	bad("127.0.0.1:65536");
	bad("127.0.0.1:-1");
	bad("127.0.0.1:+1");
	bad("127.0.0.1: 1");
	bad("127.0.0.1:1x");
	bad("127.0.0.256");
	bad("localhost");
	bad("localhost:110");
	bad("*");
	bad("1::2::3");
	bad("/run/socket");
	memset(text, '1', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	bad(text);
}

/* ---- sources ------------------------------------------------------------ */

static void
same_source(const char *a, const char *b, bool is_same)
{
	struct address first, second;
	struct source p, q;

	if (!address_parse(a, 110, &first) || !address_parse(b, 110, &second))
		bail_out("address_parse");
	p = address_source(&first);
	q = address_source(&second);
	is_number(source_equal(&p, &q), is_same, "%s and %s are %s", a, b,
	    is_same ? "one source" : "two sources");
}

static void
sources(void)
{
	same_source("127.0.0.1:1", "127.0.0.1:2", true);
	same_source("127.0.0.1", "127.0.0.2", false);
	same_source("127.0.0.1", "::ffff:127.0.0.1", true);
	same_source("2001:db8::1", "2001:db8::2", true);
	same_source("2001:db8::1", "2001:db8::ffff:0:0:1", true);
	same_source("2001:db8::1", "2001:db8:0:1::1", false);
	same_source("0.0.0.0", "::", false);
}

/* ---- networks ----------------------------------------------------------- */

static void
in_network(const char *network_text, const char *text, bool is_in)
{
	struct network network;
	struct address address;

	if (!address_parse_network(network_text, &network) ||
	    !address_parse(text, 110, &address))
		bail_out("address_parse_network");
	is_number(address_is_in(&address, &network), is_in, "%s is %s %s", text,
	    is_in ? "in" : "not in", network_text);
}

static void
no_network(const char *text)
{
	struct network network;

	ok(!address_parse_network(text, &network), "\"%s\" is no network",
	    text);
}

static void
networks(void)
{
	struct address none = { .length = 0 };
	struct network all;

	in_network("192.0.2.1", "192.0.2.1:4711", true);
	in_network("192.0.2.1", "192.0.2.0", false);
	in_network("192.0.2.0/24", "192.0.2.255", true);
	in_network("192.0.2.0/24", "192.0.3.0", false);
	in_network("192.0.2.8/29", "192.0.2.15", true);
	in_network("192.0.2.8/29", "192.0.2.16", false);
	in_network("192.0.2.9/29", "192.0.2.15", true);
	in_network("0.0.0.0/0", "203.0.113.7", true);
	in_network("0.0.0.0/0", "2001:db8::1", false);
	in_network("192.0.2.1", "::ffff:192.0.2.1", true);
	in_network("::ffff:192.0.2.0/24", "192.0.2.7", true);
	in_network("2001:db8::1", "2001:db8::1", true);
	in_network("2001:db8::/32", "2001:db8:ffff::1", true);
	in_network("2001:db8::/33", "2001:db8:8000::1", false);
	in_network("::/0", "2001:db8::1", true);
	in_network("::/0", "192.0.2.1", false);
	in_network("::1/128", "::1", true);
	if (!address_parse_network("::/0", &all))
		bail_out("address_parse_network");
	ok(!address_is_in(&none, &all), "what is no address is in no network");
	no_network("");
	no_network("/8");
	no_network("192.0.2.1/");
	no_network("192.0.2.1/33");
	no_network("192.0.2.1/-1");
	no_network("192.0.2.1/24/24");
	no_network("192.0.2.1:110");
	no_network("[2001:db8::1]");
	no_network("[2001:db8::1]:110/64");
	no_network("2001:db8::/129");
	no_network("192.0.2");
	no_network("localhost");
}

static void
others(void)
{
	struct address address;
	char text[ADDRESS_TEXT_SIZE];

	address_any(AF_INET, 1110, &address);
	address_text(&address, text);
	is_text(text, "0.0.0.0", "all IPv4 addresses");
	is_number(port_of(&address), 1110, "with their port");
	is_number(address.length, sizeof(struct sockaddr_in), "and length");
	address_any(AF_INET6, 1110, &address);
	address_text(&address, text);
	is_text(text, "::", "all IPv6 addresses");
	is_number(port_of(&address), 1110, "with their port");
	memset(&address, 0, sizeof(address));
	address.storage.ss_family = AF_UNIX;
	address_text(&address, text);
	is_text(text, "-", "what is no network address is a dash");
	is_number(address_source(&address).family, 0, "and no source");
}

int
main(void)
{
	parsing();
	sources();
	networks();
	others();
	return done();
}
