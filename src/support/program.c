/*
 * Programs of others, without a shell: the only file that executes something.
 * They are killed when they take too long.
 */
#include "config.h"

#include "support/program.h"
#include "support/clock.h"
#include "support/fileio.h"
#include "support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE     5000 /* ms */
#define POLL_EVERY   2
#define DEFAULT_PATH "/usr/sbin:/usr/bin:/sbin:/bin"

bool
program_find(const char *name, char path[PROGRAM_PATH_SIZE])
{
	const char *list = getenv("PATH");
	char copy[4096];
	char *rest = copy;
	const char *directory;

	if (list == NULL || !text_copy(copy, sizeof(copy), list))
		text_copy(copy, sizeof(copy), DEFAULT_PATH);
	while ((directory = text_field(&rest, ':')) != NULL)
		if (directory[0] == '/' &&
		    text_format(
			path, PROGRAM_PATH_SIZE, "%s/%s", directory, name) &&
		    access(path, X_OK) == 0)
			return true;
	return false;
}

static void execute(char *const argv[], int in, int out)
    __attribute__((noreturn));

static void
execute(char *const argv[], int in, int out)
{
	static char path[] = "PATH=" DEFAULT_PATH, locale[] = "LC_ALL=C";
	static char *const environment[] = { path, locale, NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null == -1 || dup2(in == -1 ? null : in, STDIN_FILENO) == -1 ||
	    dup2(out, STDOUT_FILENO) == -1 || dup2(null, STDERR_FILENO) == -1)
		_exit(127);
	fileio_close_from(3);
	execve(argv[0], argv, environment);
	_exit(127);
}

/* Reads until the end, or until deadline.  The number of octets, or -1. */
static ssize_t
read_output(int fd, char output[PROGRAM_OUTPUT_SIZE], int64_t deadline)
{
	size_t length = 0;
	ssize_t n = -1;

	while (length + 1 < PROGRAM_OUTPUT_SIZE) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		int64_t left = deadline - clock_now();

		if (left <= 0 || poll(&wait, 1, (int)left) <= 0)
			return -1;
		n = read(fd, output + length, PROGRAM_OUTPUT_SIZE - 1 - length);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		length += (size_t)n;
	}
	output[length] = '\0';
	return n == 0 ? (ssize_t)length : -1;
}

/* Waits for the end of the process, and brings it about at deadline. */
static bool
has_succeeded(pid_t pid, int64_t deadline)
{
	pid_t ended;
	int status;

	while ((ended = waitpid(pid, &status, WNOHANG)) == 0 ||
	    (ended == -1 && errno == EINTR)) {
		if (clock_now() >= deadline)
			(void)kill(pid, SIGKILL);
		clock_sleep_until(clock_now() + POLL_EVERY);
	}
	return ended == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool
program_feed(char *const argv[], int input, int64_t patience,
    char output[PROGRAM_OUTPUT_SIZE])
{
	int64_t deadline = clock_now() + patience;
	bool is_whole;
	int ends[2];
	pid_t pid;

	output[0] = '\0';
	if (pipe2(ends, O_CLOEXEC) == -1)
		return false;
	pid = fork();
	if (pid == 0)
		execute(argv, input, ends[1]);
	close(ends[1]);
	is_whole = pid != -1 && read_output(ends[0], output, deadline) != -1;
	close(ends[0]);
	if (pid == -1)
		return false;
	return has_succeeded(pid, is_whole ? deadline : 0) && is_whole;
}

bool
program_run(char *const argv[], char output[PROGRAM_OUTPUT_SIZE])
{
	return program_feed(argv, -1, PATIENCE, output);
}
