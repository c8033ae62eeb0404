/* Talk with systemd.  Runs as root, in the listener only. */
#include "config.h"

#include "daemon/systemd.h"
#include "support/text.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MOST_SOCKETS 64

int
systemd_sockets(void)
{
	const char *pid_text = getenv("LISTEN_PID");
	const char *count_text = getenv("LISTEN_FDS");
	uint64_t pid, count;
	int fd;

	if (pid_text == NULL || count_text == NULL ||
	    !text_to_number(pid_text, INT32_MAX, &pid) ||
	    !text_to_number(count_text, MOST_SOCKETS, &count) ||
	    (pid_t)pid != getpid())
		return 0;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	for (fd = SYSTEMD_FIRST_FD; fd < SYSTEMD_FIRST_FD + (int)count; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return (int)count;
}

/* A path, or a name in the abstract namespace behind an @. */
static socklen_t
fill_address(struct sockaddr_un *address, const char *path)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if ((path[0] != '/' && path[0] != '@') ||
	    !text_copy(address->sun_path, sizeof(address->sun_path), path))
		return 0;
	if (path[0] == '@')
		address->sun_path[0] = '\0';
	return (
	    socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
}

void
systemd_notify(const char *news)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address;
	socklen_t length;
	int fd;

	if (path == NULL)
		return;
	length = fill_address(&address, path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return;
	if (length > 0)
		(void)sendto(fd, news, strlen(news), MSG_NOSIGNAL,
		    (struct sockaddr *)&address, length);
	close(fd);
}

void
systemd_ready(void)
{
	char news[48];

	text_format(news, sizeof(news), "MAINPID=%ld\nREADY=1", (long)getpid());
	systemd_notify(news);
}
