/*
 * Preloaded into our programs: the HALT_AT-th call that changes a file or
 * writes it to disk says so on the socket HALT_FD, and is made when an octet
 * comes back; at the end of the socket the process dies instead, as at once as
 * by kill -9.  For where there is no ptrace(2) to do it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

typedef ssize_t write_at(int, const void *, size_t, off_t);
typedef int cut(int, off_t);
typedef int sync_file(int);

static write_at *real_pwrite;
static cut *real_ftruncate;
static sync_file *real_fsync;
static int left, channel;

static void
find(void *function, const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	memcpy(function, &symbol, sizeof(symbol));
}

static int
number(const char *name)
{
	const char *text = getenv(name);

	return text == NULL ? 0 : (int)strtol(text, NULL, 10);
}

static void __attribute__((constructor)) begin(void)
{
	find(&real_pwrite, "pwrite");
	find(&real_ftruncate, "ftruncate");
	find(&real_fsync, "fsync");
	left = number("HALT_AT");
	channel = number("HALT_FD");
}

static void
pass(void)
{
	char octet = '.';

	if (left == 0 || --left > 0)
		return;
	if (write(channel, &octet, 1) != 1 || read(channel, &octet, 1) != 1)
		__builtin_trap();
}

ssize_t
pwrite(int fd, const void *data, size_t length, off_t position)
{
	pass();
	return real_pwrite(fd, data, length, position);
}

int
ftruncate(int fd, off_t length)
{
	pass();
	return real_ftruncate(fd, length);
}

int
fsync(int fd)
{
	pass();
	return real_fsync(fd);
}
