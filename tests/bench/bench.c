/* Small things of all programs here. */
#include "config.h"

#include "bench.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int64_t
bench_now(void)
{
	struct timespec time;

	bench_try(clock_gettime(CLOCK_MONOTONIC, &time), "clock_gettime");
	return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

void
bench_die(const char *what)
{
	perror(what);
	exit(1);
}

int
bench_try(int result, const char *what)
{
	if (result == -1)
		bench_die(what);
	return result;
}

unsigned long
bench_number(const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0') {
		fprintf(stderr, "'%s' is no number\n", text);
		exit(64);
	}
	return number;
}

void
bench_write(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, data, length);

		if (n <= 0)
			bench_die("write");
		data += n;
		length -= (size_t)n;
	}
}

static struct sockaddr_in
loopback(uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = htons(port);
	return in;
}

int
bench_listen(uint16_t port)
{
	const int on = 1;
	struct sockaddr_in in = loopback(port);
	int fd =
	    bench_try(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");

	bench_try(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)),
	    "option");
	bench_try(bind(fd, (struct sockaddr *)&in, sizeof(in)), "bind");
	bench_try(listen(fd, 1024), "listen");
	return fd;
}

int
bench_connect(uint16_t port)
{
	const int on = 1;
	struct sockaddr_in in = loopback(port);
	int fd =
	    bench_try(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");

	bench_try(connect(fd, (struct sockaddr *)&in, sizeof(in)), "connect");
	bench_try(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)),
	    "option");
	return fd;
}

void
bench_tell(const char *name, int64_t microseconds)
{
	printf("%s %" PRId64 "\n", name, microseconds);
	if (fflush(stdout) == EOF)
		bench_die("standard output");
}
