/* The listening sockets.  Runs as root, in the listener only. */
#include "config.h"

#include "daemon/address.h"
#include "daemon/sockets.h"
#include "daemon/systemd.h"
#include "support/log.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 128

static void
add(struct sockets *sockets, int fd)
{
	sockets->polls[sockets->count].fd = fd;
	sockets->polls[sockets->count].events = POLLIN;
	sockets->count++;
}

/* An IPv6 socket takes IPv6 only: IPv4 has one of its own. */
static int
prepare(int fd, const struct address *address)
{
	const int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1)
		return -1;
	if (address->storage.ss_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == -1)
		return -1;
	return bind(
	    fd, (const struct sockaddr *)&address->storage, address->length);
}

static int
open_socket(const struct address *address)
{
	return socket(address->storage.ss_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static int
open_one(
    struct sockets *sockets, const struct address *address, const char *name)
{
	int fd = open_socket(address);

	if (fd != -1 && prepare(fd, address) == 0 && listen(fd, BACKLOG) == 0) {
		add(sockets, fd);
		return 0;
	}
	log_event(LOG_ERR, "cannot listen on %s: %s%s", name, strerror(errno),
	    errno == EADDRINUSE ? "; is another POP3 server running?" : "");
	if (fd != -1)
		close(fd);
	return -1;
}

static int
open_named(struct sockets *sockets, const struct options *options)
{
	struct address address;
	size_t i;

	for (i = 0; i < options->listen_count; i++) {
		const char *name = options->listen[i];

		if (!address_parse(name, options->port, &address)) {
			log_event(LOG_ERR,
			    "--listen: '%s' is no numeric "
			    "address; try 192.0.2.1:110 or [2001:db8::1]:110",
			    name);
			return -1;
		}
		if (open_one(sockets, &address, name) == -1)
			return -1;
	}
	return 0;
}

static int
open_any(struct sockets *sockets, const struct options *options)
{
	struct address address;

	address_any(AF_INET, options->port, &address);
	if (open_one(sockets, &address, "all IPv4 addresses") == -1)
		return -1;
	if (!options->listens_on_ipv6)
		return 0;
	address_any(AF_INET6, options->port, &address);
	return open_one(sockets, &address, "all IPv6 addresses");
}

static int
inherit(struct sockets *sockets, int count)
{
	int fd;

	for (fd = SYSTEMD_FIRST_FD; fd < SYSTEMD_FIRST_FD + count; fd++) {
		int is_listening = 0;
		socklen_t length = sizeof(is_listening);

		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening,
			&length) == -1 ||
		    !is_listening) {
			log_event(LOG_ERR,
			    "inherited descriptor %d is no "
			    "listening socket; in a systemd socket unit, set "
			    "Accept=no",
			    fd);
			return -1;
		}
		(void)fcntl(fd, F_SETFL, O_NONBLOCK);
		add(sockets, fd);
	}
	return 0;
}

int
sockets_open(struct sockets *sockets, const struct options *options)
{
	int inherited = systemd_sockets();

	sockets->count = 0;
	if (inherited > 0)
		return inherit(sockets, inherited);
	if (options->listen_count > 0)
		return open_named(sockets, options);
	return open_any(sockets, options);
}

int
sockets_try(const struct address *address)
{
	int fd = open_socket(address);
	int result, error;

	if (fd == -1)
		return -1;
	result = prepare(fd, address);
	error = errno;
	close(fd);
	errno = error;
	return result;
}

enum sockets_trouble
sockets_judge(int error)
{
	switch (error) {
	case EAGAIN:
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
	case EPERM:
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENONET:
	case ENOPROTOOPT:
	case EOPNOTSUPP:
	case ETIMEDOUT:
		return TROUBLE_OF_ONE;
	case EBADF:
	case EINVAL:
	case ENOTSOCK:
	case EFAULT:
		return TROUBLE_FOR_GOOD;
	default:
		return TROUBLE_NOW;
	}
}

void
sockets_close(struct sockets *sockets)
{
	while (sockets->count > 0)
		close(sockets->polls[--sockets->count].fd);
}
