/* Starting the lock keeper.  Runs as root until the keeper has dropped it. */
#include "config.h"

#include "daemon/lockkeeper.h"
#include "daemon/privilege.h"
#include "daemon/sandbox.h"
#include "support/fileio.h"
#include "support/identity.h"
#include "support/log.h"
#include "support/process.h"
#include "support/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

bool
lockkeeper_is_spared(const struct stat *directory, uid_t uid, gid_t gid)
{
	if (directory->st_uid == uid)
		return (directory->st_mode & S_IWUSR) != 0;
	if (directory->st_gid == gid)
		return (directory->st_mode & S_IWGRP) != 0;
	return (directory->st_mode & S_IWOTH) != 0;
}

/* Keeps the two descriptors that are needed and closes all others: the client
 * and the session lock must not live as long as the keeper. */
static int
close_others(int *socket, int *directory)
{
	if (fileio_move_down(socket, 0) == -1 ||
	    fileio_move_down(directory, 1) == -1)
		return -1;
	log_close();
	fileio_close_from(2);
	return 0;
}

/* Becomes harmless; what is left is a directory and one name in it. */
static int
lock_up(const struct house *house, const struct stat *status, int directory)
{
	if (privilege_forbid_core() == -1 ||
	    ((status->st_mode & S_IWGRP) != 0 && status->st_gid != 0 &&
		identity_become(house->login_uid, status->st_gid) == -1))
		return -1;
	return house->options->is_sandboxed ? sandbox_keeper(directory) : 0;
}

static void keep(const struct house *house, const struct mbox_place *place,
    const struct stat *status, int socket, int directory)
    __attribute__((noreturn));

static void
keep(const struct house *house, const struct mbox_place *place,
    const struct stat *status, int socket, int directory)
{
	signals_ignore(SIGTERM); /* the session ends first, then we do */
	signals_ignore(SIGUSR2);
	if (close_others(&socket, &directory) == -1 ||
	    lock_up(house, status, directory) == -1)
		_exit(EXIT_FAILURE);
	mbox_keep_lock(socket, directory, place->name);
	_exit(EXIT_SUCCESS);
}

static int
start(const struct house *house, struct mbox_place *place,
    const struct stat *status, int directory)
{
	int sockets[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == -1)
		return -1;
	pid = process_fork();
	if (pid == 0) {
		close(sockets[0]);
		keep(house, place, status, sockets[1], directory);
	}
	close(sockets[1]);
	if (pid == -1) {
		close(sockets[0]);
		return -1;
	}
	place->keeper = sockets[0];
	return 0;
}

int
lockkeeper_start(const struct house *house, struct mbox_place *place)
{
	struct stat status;
	int directory, result = 0;

	place->keeper = -1;
	if ((place->methods & MBOX_LOCK_DOTLOCK) == 0 || !identity_is_root())
		return 0;
	directory = open(place->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory == -1)
		return 0; /* no directory, no mailbox, no lock */
	if (fstat(directory, &status) == -1)
		result = -1;
	else if (!lockkeeper_is_spared(&status, place->owner, place->group))
		result = start(house, place, &status, directory);
	close(directory);
	return result;
}
