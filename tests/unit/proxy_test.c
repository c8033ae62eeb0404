/* daemon/proxy: headers of the PROXY protocol, good, cut and bad. */
#include "config.h"

#include "daemon/proxy.h"
#include "tap.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* Reads the header as a socket gives it, one octet or more at a time, never
 * more than is wanted: the verdict, and how many octets it took. */
static enum proxy_verdict
read_all(const void *octets, size_t length, size_t most,
    struct proxy_header *header, size_t *used)
{
	unsigned char input[PROXY_HEADER_SIZE];
	enum proxy_verdict verdict;
	size_t wanted;

	*used = 0;
	while ((verdict = proxy_parse(input, *used, header, &wanted)) ==
	    PROXY_MORE) {
		size_t n = wanted < most ? wanted : most;

		if (wanted == 0 || *used + wanted > sizeof(input))
			bail_out("wanted");
		if (*used + n > length)
			return PROXY_MORE;
		memcpy(input + *used, (const char *)octets + *used, n);
		*used += n;
	}
	return verdict;
}

/* With a session behind it, of which nothing may be read. */
static enum proxy_verdict
read_header(const void *octets, size_t length, struct proxy_header *header)
{
	char all[PROXY_HEADER_SIZE + 32];
	size_t used, used_slowly;
	enum proxy_verdict verdict;

	memset(all, '\n', sizeof(all));
	memcpy(all, octets, length);
	verdict = read_all(all, sizeof(all), 1, header, &used_slowly);
	if (read_all(all, sizeof(all), SIZE_MAX, header, &used) != verdict)
		bail_out("the verdict depends on the pieces");
	if (verdict == PROXY_DONE && (used != length || used_slowly != length))
		bail_out("more or less is read than the header");
	return verdict;
}

static void
forwarded(const void *octets, size_t length, const char *peer,
    const char *local, bool is_secure, const char *what)
{
	struct proxy_header header;
	char text[ADDRESS_TEXT_SIZE];

	is_number(read_header(octets, length, &header), PROXY_DONE,
	    "%s is a header", what);
	ok(header.is_forwarded, "%s names the client", what);
	address_text(&header.peer, text);
	is_text(text, peer, "%s: who it is", what);
	address_text(&header.local, text);
	is_text(text, local, "%s: what was called", what);
	is_number(header.is_secure, is_secure, "%s: %s", what,
	    is_secure ? "by TLS" : "in the clear");
}

static void
names_nobody(const void *octets, size_t length, const char *what)
{
	struct proxy_header header;

	is_number(read_header(octets, length, &header), PROXY_DONE,
	    "%s is a header", what);
	ok(!header.is_forwarded, "%s names nobody", what);
	ok(!header.is_secure, "%s protects nothing", what);
}

static void
bad(const void *octets, size_t length, const char *what)
{
	struct proxy_header header;

	is_number(read_header(octets, length, &header), PROXY_BAD, "%s", what);
}

/* ---- version 1 ---------------------------------------------------------- */

static void
line(const char *text, const char *peer, const char *local)
{
	forwarded(text, strlen(text), peer, local, false, peer);
}

static void
bad_line(const char *text, const char *what)
{
	bad(text, strlen(text), what);
}

static void
lines(void)
{
	char text[200];

	line("PROXY TCP4 192.0.2.7 192.0.2.1 4711 110\r\n", "192.0.2.7",
	    "192.0.2.1");
	line("PROXY TCP6 2001:db8::7 2001:db8::1 65535 0\r\n", "2001:db8::7",
	    "2001:db8::1");
	line("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n", "192.0.2.7", "::1");
	line("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	names_nobody("PROXY UNKNOWN\r\n", 15, "UNKNOWN");
	snprintf(text, sizeof(text), "PROXY UNKNOWN %-91s\r\n", "x y");
	names_nobody(text, 107, "row 54: a line of 107 octets");
	snprintf(text, sizeof(text), "PROXY UNKNOWN %-92s\r\n", "x y");
	bad(text, 108, "row 54: a line of 108 octets is too long");
}

static void
bad_lines(void)
{
	bad_line("CAPA\r\n", "row 54: no header at all");
	bad_line("USER joe@kvt.dk and more\r\n", "row 54: no header, longer");
	bad_line("proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n", "small letters");
	bad_line(" PROXY UNKNOWN\r\n", "a blank in front");
	bad_line("PROXY UNKNOWN\n\n", "LF alone");
	bad_line("PROXY UNKNOWN \n", "LF alone behind a blank");
	bad_line("PROXY \r\nxxxxxxxxxxx", "nothing behind the word");
	bad_line("PROXY UNKNOWNX\r\n", "another word");
	bad_line("PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n", "another family");
	bad_line("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", "a port is missing");
	bad_line("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n", "a word too many");
	bad_line("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n", "a blank too many");
	bad_line("PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n", "two blanks");
	bad_line("PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n", "no port");
	bad_line("PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n", "a signed port");
	bad_line("PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n", "a short address");
	bad_line("PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n", "no address");
	bad_line("PROXY TCP4 2001:db8::7 ::1 1 2\r\n", "IPv6 for TCP4");
	bad_line("PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n", "IPv4 for TCP6");
	bad_line("PROXY TCP4 localhost 1.2.3.4 1 2\r\n", "a name");
	bad("PROXY UNKNOWN \0\r\n", 17, "NUL in the line");
	bad("PROXY TCP4 1.2.3.4\0 1.2.3.4 1 2\r\n", 33, "NUL in an address");
}

/* ---- version 2 ---------------------------------------------------------- */

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define FOUR	  "\xc0\0\2\7\xc0\0\2\1\x12\x67\0\x6e"
#define SIX                                                                  \
	"\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\7\x20\1\xd\xb8\0\0\0\0\0\0\0\0" \
	"\0\0\0\1\x12\x67\0\x6e"
#define SSL_FIELD "\x20\0\5\1\0\0\0\0"

/* The octets of a text with NUL in it, and how many. */
#define OCTETS(text) text, sizeof(text) - 1

static void
octets(void)
{
	forwarded(OCTETS(SIGNATURE "\x21\x11\0\xc" FOUR), "192.0.2.7",
	    "192.0.2.1", false, "version 2, IPv4");
	forwarded(OCTETS(SIGNATURE "\x21\x21\0\x24" SIX), "2001:db8::7",
	    "2001:db8::1", false, "version 2, IPv6");
	forwarded(OCTETS(SIGNATURE "\x21\x11\0\x14" FOUR SSL_FIELD),
	    "192.0.2.7", "192.0.2.1", true, "version 2, a client of TLS");
	forwarded(OCTETS(SIGNATURE "\x21\x11\0\x14" FOUR "\x20\0\5\0\0\0\0\0"),
	    "192.0.2.7", "192.0.2.1", false, "version 2, TLS and yet not");
	forwarded(
	    OCTETS(SIGNATURE "\x21\x11\0\x1b" FOUR "\4\0\0\xee\0\1x" SSL_FIELD),
	    "192.0.2.7", "192.0.2.1", true, "version 2, with other fields");
	forwarded(OCTETS(SIGNATURE "\x21\x11\0\x12" FOUR "\x20\0\3\1\0\0"),
	    "192.0.2.7", "192.0.2.1", false, "version 2, half of a TLS field");
	names_nobody(OCTETS(SIGNATURE "\x20\0\0\0"), "LOCAL");
	names_nobody(OCTETS(SIGNATURE "\x20\x11\0\x14" FOUR SSL_FIELD),
	    "LOCAL with addresses and TLS");
	names_nobody(OCTETS(SIGNATURE "\x21\0\0\0"), "a family unknown to it");
}

static void
bad_octets(void)
{
	static unsigned char longest[PROXY_HEADER_SIZE + 16];

	bad(OCTETS(SIGNATURE "\x11\x11\0\xc" FOUR), "version 1 in octets");
	bad(OCTETS(SIGNATURE "\x31\x11\0\xc" FOUR), "version 3");
	bad(OCTETS(SIGNATURE "\x22\x11\0\xc" FOUR), "an unknown command");
	bad(OCTETS(SIGNATURE "\x21\x12\0\xc" FOUR), "a datagram");
	bad(OCTETS(SIGNATURE "\x21\x41\0\xc" FOUR), "an unknown family");
	bad(OCTETS(SIGNATURE "\x21\x11\0\xb" FOUR), "addresses cut off");
	bad(OCTETS(SIGNATURE "\x21\x21\0\xc" FOUR), "half of IPv6");
	bad(OCTETS(SIGNATURE "\x21\x31\0\xc" FOUR), "half of a path");
	bad(OCTETS(SIGNATURE "\x21\x11\0\xe" FOUR "\4\0"), "half of a field");
	bad(OCTETS(SIGNATURE "\x21\x11\0\x13" FOUR SSL_FIELD),
	    "a field longer than what is left");
	bad(OCTETS("\r\n\r\n\0\r\nQUIT\r\x21\x11\0\xc" FOUR),
	    "a signature that is not quite");
	memcpy(longest, SIGNATURE "\x20\0\x0f\xf0", 16);
	names_nobody(longest, PROXY_HEADER_SIZE, "the longest header");
	memcpy(longest, SIGNATURE "\x20\0\x0f\xf1", 16);
	bad(longest, sizeof(longest), "a header that is longer");
	memcpy(longest, SIGNATURE "\x20\0\xff\xff", 16);
	bad(longest, sizeof(longest), "the longest that it could say");
}

int
main(void)
{
	lines();
	bad_lines();
	octets();
	bad_octets();
	return done();
}
