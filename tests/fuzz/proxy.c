/* The PROXY header: whoever reads as many octets as are asked for reads the
 * header and nothing behind it; what is no header stays none. */
#include "config.h"

#include "../unit/box.h"
#include "daemon/proxy.h"
#include "fuzz.h"

#include <string.h>
#include <sys/socket.h>

static void
check_address(const struct address *address)
{
	must(address->storage.ss_family == AF_INET ||
		address->storage.ss_family == AF_INET6,
	    "it has an address of the Internet");
}

/* A copy that ends where it ends, so that reading past it is seen. */
static enum proxy_verdict
parse(const uint8_t *data, size_t length, struct proxy_header *header,
    size_t *wanted)
{
	struct bytes copy = { 0 };
	enum proxy_verdict verdict;

	bytes_add(&copy, data, length);
	memset(header, 0, sizeof(*header));
	*wanted = 0;
	verdict = proxy_parse(
	    (const unsigned char *)copy.data, length, header, wanted);
	bytes_free(&copy);
	return verdict;
}

static void
check_end(const uint8_t *data, size_t size, size_t length)
{
	struct proxy_header header;
	size_t wanted, i;

	for (i = 0; i < length; i++)
		must(parse(data, i, &header, &wanted) == PROXY_MORE &&
			wanted > 0 && i + wanted <= length,
		    "a part of a header is one");
	if (length < size)
		must(parse(data, length + 1, &header, &wanted) == PROXY_BAD,
		    "nothing else belongs to it");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum proxy_verdict verdict;
	struct proxy_header header;
	size_t length = 0, wanted;

	while (
	    (verdict = parse(data, length, &header, &wanted)) == PROXY_MORE &&
	    wanted <= size - length) {
		must(wanted > 0, "it goes on");
		length += wanted;
		must(length <= PROXY_HEADER_SIZE, "it has an end");
	}
	if (verdict != PROXY_DONE)
		return 0;
	check_end(data, size, length);
	if (header.is_forwarded) {
		check_address(&header.peer);
		check_address(&header.local);
	}
	return 0;
}
