/*
 * Who is at the other end.  Runs as root.  Of what comes over the network it
 * reads the header of a program in front that the administrator has named, and
 * nothing else.
 */
#include "config.h"

#include "daemon/peer.h"
#include "support/log.h"
#include "support/signals.h"
#include "support/text.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool
peer_is_proxy(const struct options *options, const struct address *address)
{
	size_t i;

	for (i = 0; i < options->proxy_count; i++)
		if (address_is_in(address, &options->proxies[i]))
			return true;
	return false;
}

/* ---- the environment ---------------------------------------------------- */

/* What xinetd and stunnel put there, and anybody else who starts us could. */
static void
believe_environment(struct peer *peer)
{
	const char *host = getenv("REMOTE_HOST");
	struct network found;
	char logged[ADDRESS_TEXT_SIZE];

	if (host == NULL)
		return;
	if (strchr(host, '/') == NULL && address_parse_network(host, &found)) {
		peer->address = found.address;
		return;
	}
	log_event(LOG_WARNING, "REMOTE_HOST=%s is no address",
	    text_escape(logged, sizeof(logged), host, strlen(host)));
}

/* ---- the socket --------------------------------------------------------- */

void
peer_find(struct peer *peer, const struct options *options,
    const struct address *accepted)
{
	struct address *address = &peer->address;

	memset(peer, 0, sizeof(*peer));
	address->length = sizeof(address->storage);
	if (accepted != NULL)
		*address = *accepted;
	else if (getpeername(STDIN_FILENO, (struct sockaddr *)&address->storage,
		     &address->length) == -1)
		memset(address, 0, sizeof(*address));
	peer->is_proxy = peer_is_proxy(options, address);
	if (options->believes_remote_host && !options->is_daemon)
		believe_environment(peer);
	address_text(address, peer->text);
}

static void
set_option(int level, int option, int value)
{
	(void)setsockopt(STDIN_FILENO, level, option, &value, sizeof(value));
}

void
peer_tune_socket(int stall_limit)
{
	set_option(IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(IPPROTO_TCP, TCP_KEEPIDLE, 60);
	set_option(IPPROTO_TCP, TCP_KEEPINTVL, 15);
	set_option(IPPROTO_TCP, TCP_KEEPCNT, 4);
	set_option(IPPROTO_TCP, TCP_USER_TIMEOUT, stall_limit);
}

/* ---- the header --------------------------------------------------------- */

static enum peer_event
read_more(struct peer_input *input, size_t wanted, int64_t deadline)
{
	struct pollfd ready = { .fd = STDIN_FILENO, .events = POLLIN };
	int count = signals_poll(&ready, 1, deadline);
	ssize_t n;

	if (count == 0)
		return PEER_TIMEOUT;
	if (count == -1)
		return PEER_INTERRUPTED;
	n = read(STDIN_FILENO, input->octets + input->length, wanted);
	if (n <= 0)
		return PEER_GONE;
	input->length += (size_t)n;
	return PEER_KNOWN;
}

static void
take_header(struct peer *peer, const struct proxy_header *header)
{
	peer->is_secure = header->is_secure;
	if (!header->is_forwarded)
		return;
	peer->address = header->peer;
	peer->local = header->local;
	address_text(&peer->address, peer->text);
}

enum peer_event
peer_read_header(struct peer *peer, struct peer_input *input, int64_t deadline)
{
	enum peer_event event = PEER_KNOWN;
	struct proxy_header header;
	enum proxy_verdict verdict;
	size_t wanted;

	while ((verdict = proxy_parse(input->octets, input->length, &header,
		    &wanted)) == PROXY_MORE &&
	    event == PEER_KNOWN)
		event = read_more(input, wanted, deadline);
	if (verdict == PROXY_BAD)
		return PEER_BAD_HEADER;
	if (verdict == PROXY_DONE)
		take_header(peer, &header);
	return event;
}

/* ---- what was called ---------------------------------------------------- */

const char *
peer_local_domain(struct peer *peer)
{
	struct address *local = &peer->local;
	char *name = peer->domain;

	if (local->length == 0) {
		local->length = sizeof(local->storage);
		if (getsockname(STDIN_FILENO,
			(struct sockaddr *)&local->storage,
			&local->length) == -1)
			local->length = 0;
	}
	if (name[0] == '\0' &&
	    (local->length == 0 ||
		getnameinfo((struct sockaddr *)&local->storage, local->length,
		    name, ACCOUNT_DOMAIN_SIZE, NULL, 0, NI_NAMEREQD) != 0))
		name[0] = '\0';
	text_lower(name);
	return name[0] == '\0' ? NULL : name;
}
