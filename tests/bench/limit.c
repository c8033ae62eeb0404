/*
 * The bare minimum of what a server does, to be compared with.
 *
 *   limit serve PORT            a server that forks for each connection and
 *                               has five replies, whatever is said
 *   limit inetd PORT COMMAND... runs COMMAND for each connection
 *   limit read FILE             read(2) of everything
 *   limit lines FILE            the same, with memchr(3) for each line
 *   limit send FILE             read, LF to CR LF, write to a socket that
 *                               another process reads
 *   limit shift FILE AT LENGTH  moves all behind the LENGTH octets at AT there
 *                               in place, cuts, fsync(2)
 *   limit journal FILE AT LENGTH
 *                               the same in parts of 64 MB, each of them on
 *                               disk in a second file before it is in its place
 *   limit append FILE           appends standard input to FILE, fsync(2)
 *   limit run COUNT INPUT COMMAND...
 *                               runs COMMAND COUNT times, one after the other,
 *                               with the file INPUT as standard input
 *
 * All but the servers and append print how long it took.
 */
#include "config.h"

#include "bench.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE ((size_t)256 * 1024)

#define PART  ((size_t)64 * 1024 * 1024)

static char piece[PIECE];
static char converted[2 * PIECE];

/* ---- servers ------------------------------------------------------------ */

static void
say(int fd, const char *text)
{
	bench_write(fd, text, strlen(text));
}

static void
converse(int fd)
{
	static const char *const replies[] = { "+OK\r\n", "+OK\r\n",
		"+OK 0 0\r\n", "+OK\r\n" };
	size_t i;

	say(fd, "+OK ready\r\n");
	for (i = 0; i < 4 && read(fd, piece, PIECE) > 0; i++)
		say(fd, replies[i]);
}

static void
run_command(int fd, char **command)
{
	if (dup2(fd, STDIN_FILENO) == -1 || dup2(fd, STDOUT_FILENO) == -1)
		bench_die("dup2");
	execv(command[0], command);
	bench_die(command[0]);
}

/* Without a command it answers itself. */
static void
serve(uint16_t port, char **command)
{
	int listener = bench_listen(port);

	if (signal(SIGCHLD, SIG_IGN) == SIG_ERR)
		bench_die("signal");
	for (;;) {
		int fd = bench_try(
		    accept4(listener, NULL, NULL, SOCK_CLOEXEC), "accept");

		if (bench_try(fork(), "fork") == 0) {
			signal(SIGCHLD, SIG_DFL);
			if (*command == NULL)
				converse(fd);
			else
				run_command(fd, command);
			_exit(0);
		}
		close(fd);
	}
}

/* ---- reading ------------------------------------------------------------ */

static size_t
read_piece(int fd)
{
	ssize_t n = read(fd, piece, PIECE);

	if (n == -1)
		bench_die("read");
	return (size_t)n;
}

static void
read_all(int fd)
{
	while (read_piece(fd) > 0)
		;
}

static void
count_lines(int fd)
{
	unsigned long count = 0;
	size_t n;

	while ((n = read_piece(fd)) > 0) {
		const char *at = piece;
		const char *end = piece + n;

		while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
			count++;
			at++;
		}
	}
	fprintf(stderr, "%lu lines\n", count);
}

/* ---- sending ------------------------------------------------------------ */

static size_t
convert(size_t n)
{
	const char *at = piece;
	const char *end = piece + n;
	char *to = converted;

	while (at < end) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		size_t length =
		    (size_t)((line_end == NULL ? end : line_end) - at);

		memcpy(to, at, length);
		to += length;
		at += length;
		if (line_end == NULL)
			break;
		*to++ = '\r';
		*to++ = '\n';
		at++;
	}
	return (size_t)(to - converted);
}

/* The socket of a child that reads everything. */
static int
start_reader(pid_t *child)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	int listener = bench_listen(0);
	int fd;

	*child = bench_try(fork(), "fork");
	if (*child == 0) {
		read_all(bench_try(accept(listener, NULL, NULL), "accept"));
		_exit(0);
	}
	fd = bench_try(socket(AF_INET, SOCK_STREAM, 0), "socket");
	bench_try(getsockname(listener, (struct sockaddr *)&address, &size),
	    "getsockname");
	bench_try(connect(fd, (struct sockaddr *)&address, size), "connect");
	close(listener);
	return fd;
}

static void
send_all(int fd)
{
	pid_t child;
	int out = start_reader(&child);
	size_t n;

	while ((n = read_piece(fd)) > 0)
		bench_write(out, converted, convert(n));
	close(out);
	bench_try(waitpid(child, NULL, 0), "waitpid");
}

/* ---- writing ------------------------------------------------------------ */

static void
shift(int fd, off_t at, off_t length)
{
	ssize_t n;

	while ((n = pread(fd, piece, PIECE, at + length)) > 0) {
		if (pwrite(fd, piece, (size_t)n, at) != n)
			bench_die("write");
		at += n;
	}
	if (n == -1)
		bench_die("read");
	bench_try(ftruncate(fd, at), "ftruncate");
	bench_try(fsync(fd), "fsync");
}

/* What nothing can be spared of if a crash is to lose nothing. */
static void
shift_by_journal(int fd, off_t at, off_t length, int journal)
{
	char *part = malloc(PART);
	ssize_t n;

	if (part == NULL)
		bench_die("malloc");
	while ((n = pread(fd, part, PART, at + length)) > 0) {
		if (pwrite(journal, part, (size_t)n, 0) != n)
			bench_die("write");
		bench_try(fsync(journal), "fsync");
		if (pwrite(fd, part, (size_t)n, at) != n)
			bench_die("write");
		bench_try(fsync(fd), "fsync");
		at += n;
	}
	if (n == -1)
		bench_die("read");
	bench_try(ftruncate(fd, at), "ftruncate");
	bench_try(fsync(fd), "fsync");
	free(part);
}

static void
run_shift(const char *what, int fd, char **arguments)
{
	off_t at = (off_t)bench_number(arguments[1]);
	off_t length = (off_t)bench_number(arguments[2]);
	char name[4096];
	int journal;

	if (strcmp(what, "shift") == 0) {
		shift(fd, at, length);
		return;
	}
	snprintf(name, sizeof(name), "%s.XXXXXX", arguments[0]);
	journal = bench_try(mkstemp(name), name);
	bench_try(unlink(name), name);
	shift_by_journal(fd, at, length, journal);
	close(journal);
}

static void
append(const char *path)
{
	int fd =
	    bench_try(open(path, O_WRONLY | O_APPEND | O_CREAT, 0600), path);
	size_t n;

	while ((n = read_piece(STDIN_FILENO)) > 0)
		bench_write(fd, piece, n);
	bench_try(fsync(fd), "fsync");
}

static void
run_once(const char *input, char **command)
{
	int status;

	if (bench_try(vfork(), "vfork") == 0) {
		int fd = open(input, O_RDONLY);

		if (fd == -1 || dup2(fd, STDIN_FILENO) == -1)
			_exit(71);
		execv(command[0], command);
		_exit(72);
	}
	bench_try(wait(&status), "wait");
	if (status != 0) {
		fprintf(stderr, "%s: status %d\n", command[0], status);
		exit(1);
	}
}

static void
run_often(unsigned long count, const char *input, char **command)
{
	while (count-- > 0)
		run_once(input, command);
}

/* ---- which -------------------------------------------------------------- */

static void
run_on_file(const char *what, char **arguments)
{
	int fd = bench_try(open(arguments[0], O_RDWR), arguments[0]);

	if (strcmp(what, "read") == 0)
		read_all(fd);
	else if (strcmp(what, "lines") == 0)
		count_lines(fd);
	else if (strcmp(what, "send") == 0)
		send_all(fd);
	else if ((strcmp(what, "shift") == 0 || strcmp(what, "journal") == 0) &&
	    arguments[1] != NULL && arguments[2] != NULL)
		run_shift(what, fd, arguments);
	else
		exit(64);
	close(fd);
}

int
main(int argc, char **argv)
{
	int64_t start = bench_now();

	if (argc < 3)
		return 64;
	if (strcmp(argv[1], "append") == 0) {
		append(argv[2]);
		return 0;
	}
	if (strcmp(argv[1], "serve") == 0 || strcmp(argv[1], "inetd") == 0)
		serve((uint16_t)bench_number(argv[2]), argv + 3);
	if (strcmp(argv[1], "run") == 0 && argc > 4)
		run_often(bench_number(argv[2]), argv[3], argv + 4);
	else
		run_on_file(argv[1], argv + 2);
	bench_tell(argv[1], bench_now() - start);
	return 0;
}
