/* Becoming a daemon.  Runs as root, in the listener only. */
#include "config.h"

#include "daemon/background.h"
#include "support/fileio.h"
#include "support/text.h"

#include <fcntl.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

int
background_detach(const struct options *options)
{
	pid_t pid;
	int null;

	if (options->stays_in_foreground)
		return 0;
	pid = fork();
	if (pid == -1)
		return -1;
	if (pid > 0)
		_exit(EX_OK);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (setsid() == -1 || chdir("/") == -1 || null == -1 ||
	    dup2(null, STDIN_FILENO) == -1 || dup2(null, STDOUT_FILENO) == -1 ||
	    (!options->logs_to_stderr && dup2(null, STDERR_FILENO) == -1))
		return -1;
	return close(null);
}

int
background_write_pid(const char *path)
{
	char text[24];
	int fd;

	if (path == NULL)
		return 0;
	fd = open(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd == -1)
		return -1;
	text_format(text, sizeof(text), "%ld\n", (long)getpid());
	if (fileio_write(fd, text, strlen(text)) == -1) {
		close(fd);
		return -1;
	}
	return close(fd);
}

/* One who was started meanwhile has written his own. */
void
background_remove_pid(const char *path)
{
	char text[24] = "", own[24];
	int fd;

	if (path == NULL)
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return;
	text_format(own, sizeof(own), "%ld\n", (long)getpid());
	if (fileio_read(fd, text, sizeof(text) - 1) > 0 &&
	    strcmp(text, own) == 0)
		unlink(path);
	close(fd);
}
