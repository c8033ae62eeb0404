/*
 * A load of clients, by one thread, from many addresses of 127/8 (row 52, 53).
 *
 *   load slow PORT COUNT SOURCES SECONDS   COUNT connections that say half a
 *                                          line and then an octet now and then;
 *                                          opened anew when they are refused
 *   load cycle PORT COUNT SOURCES          COUNT connections, one after the
 *                                          other, that are reset, closed, or
 *                                          closed after half a line
 *
 * It prints what became of them: one line of NAME=NUMBER.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FIRST_SOURCE 0x7f010001u /* 127.1.0.1 */
#define PAUSE	     20		 /* ms between rounds */
#define DRIP	     5000	 /* ms between octets of a slow one */

enum state { CLOSED, CONNECTING, GREETED };

static struct pollfd *polls;
static enum state *states;
static int64_t *drips; /* when the next octet is due */
static unsigned long opened, greeted, refused, lost, failed;
static uint16_t port;
static uint32_t sources;

static int64_t
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static struct sockaddr_in
address(uint32_t ip, uint16_t at)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	in.sin_addr.s_addr = htonl(ip);
	in.sin_port = htons(at);
	return in;
}

/* A connection of the client with this number, or -1. */
static int
open_one(size_t number, int flags)
{
	const int on = 1;
	struct sockaddr_in from =
	    address(FIRST_SOURCE + (uint32_t)number % sources, 0);
	struct sockaddr_in to = address(INADDR_LOOPBACK, port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	opened++;
	if (fd == -1)
		return -1;
	(void)setsockopt(
	    fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0 &&
	    (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 ||
		errno == EINPROGRESS))
		return fd;
	close(fd);
	return -1;
}

/* ---- slow ones ---------------------------------------------------------- */

static void
end(size_t i)
{
	close(polls[i].fd);
	polls[i].fd = -1;
	states[i] = CLOSED;
}

static void
hear(size_t i)
{
	char text[512];
	ssize_t n = read(polls[i].fd, text, sizeof(text));

	if (n > 0 && text[0] == '+') {
		greeted++;
		states[i] = GREETED;
		return;
	}
	if (n > 0)
		refused++;
	else
		lost++;
	end(i);
}

static void
drip(size_t i, int64_t moment)
{
	if (states[i] != GREETED || moment < drips[i])
		return;
	drips[i] = moment + DRIP;
	if (send(polls[i].fd, "U", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == -1) {
		lost++;
		end(i);
	}
}

static void
serve(size_t i, int64_t moment)
{
	if (states[i] == CLOSED) {
		polls[i].fd = open_one(i, SOCK_NONBLOCK);
		polls[i].events = POLLIN;
		failed += polls[i].fd == -1;
		states[i] = polls[i].fd == -1 ? CLOSED : CONNECTING;
	} else if (polls[i].revents != 0) {
		hear(i);
	} else {
		drip(i, moment);
	}
}

static void
run_slow(size_t count, int64_t seconds)
{
	int64_t until = now() + seconds * 1000;
	struct timespec pause = { .tv_nsec = PAUSE * 1000000L };
	size_t i;

	for (i = 0; i < count; i++)
		polls[i].fd = -1;
	while (now() < until) {
		if (poll(polls, count, 0) == -1)
			abort();
		for (i = 0; i < count; i++)
			serve(i, now());
		nanosleep(&pause, NULL);
	}
}

/* ---- short ones --------------------------------------------------------- */

static void
run_cycles(size_t count)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	size_t i;

	for (i = 0; i < count; i++) {
		int fd = open_one(i, 0);

		if (fd == -1) {
			failed++;
			continue;
		}
		if (i % 3 == 0)
			(void)setsockopt(
			    fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		if (i % 3 == 1)
			(void)send(fd, "USER jo", 7, MSG_NOSIGNAL);
		close(fd);
	}
}

int
main(int argc, char **argv)
{
	struct rlimit files;
	size_t count;

	if (argc < 5)
		return 64;
	port = (uint16_t)strtoul(argv[2], NULL, 10);
	count = strtoul(argv[3], NULL, 10);
	sources = (uint32_t)strtoul(argv[4], NULL, 10);
	polls = calloc(count, sizeof(*polls));
	states = calloc(count, sizeof(*states));
	drips = calloc(count, sizeof(*drips));
	if (polls == NULL || states == NULL || drips == NULL || sources == 0 ||
	    getrlimit(RLIMIT_NOFILE, &files) == -1)
		return 71;
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) == -1)
		return 71;
	if (strcmp(argv[1], "slow") == 0 && argc == 6)
		run_slow(count, strtol(argv[5], NULL, 10));
	else if (strcmp(argv[1], "cycle") == 0)
		run_cycles(count);
	else
		return 64;
	printf("opened=%lu greeted=%lu refused=%lu lost=%lu failed=%lu\n",
	    opened, greeted, refused, lost, failed);
	return 0;
}
