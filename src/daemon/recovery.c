/*
 * Finishing interrupted updates.  Runs as root; the mailbox itself is only
 * touched by a child that has become its owner.
 */
#include "config.h"

#include "daemon/leftover.h"
#include "daemon/owner.h"
#include "daemon/recovery.h"
#include "support/clock.h"
#include "support/fileio.h"
#include "support/log.h"
#include "support/signals.h"
#include "support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_PATIENCE 20000 /* ms to wait for mailbox locks */

/* ---- the child ---------------------------------------------------------- */

static enum owner_result
recover(const struct mbox_place *place)
{
	struct mbox_reason reason;

	if (mbox_recover(place, clock_now() + LOCK_PATIENCE, &reason) == 0) {
		log_event(LOG_NOTICE,
		    "%s/%s: an interrupted update was completed",
		    place->directory, place->name);
		return OWNER_DONE;
	}
	if (reason.failure == MBOX_CHANGED) {
		log_event(LOG_ALERT, "%s", reason.text);
		return OWNER_REFUSED;
	}
	log_event(LOG_ERR, "%s", reason.text);
	return OWNER_LATER;
}

/* ---- what nobody can finish --------------------------------------------- */

/* Opens STATE/rescue/NAME.SECONDS.PID, where the journal's mail is kept. */
static int
open_rescue(const struct house *house, const struct mbox_place *place,
    char path[STATE_PATH_SIZE])
{
	if (!text_format(
		path, STATE_PATH_SIZE, "%s/rescue", house->state.directory) ||
	    (mkdir(path, 0700) == -1 && errno != EEXIST))
		return -1;
	if (!text_format(path, STATE_PATH_SIZE, "%s/rescue/%s.%lld.%ld",
		house->state.directory, place->name, (long long)time(NULL),
		(long)getpid())) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static int
rescue(const struct house *house, const struct mbox_place *place)
{
	char path[STATE_PATH_SIZE];
	int fd = open_rescue(house, place, path);
	int result;

	if (fd == -1) {
		log_event(LOG_ERR, "%s/rescue: cannot be written: %s",
		    house->state.directory, strerror(errno));
		return -1;
	}
	result = mbox_rescue(place, fd);
	if (close(fd) == -1)
		result = -1;
	log_event(LOG_ALERT, "%s/%s: the mail of its journal %s %s",
	    place->directory, place->name,
	    result == 0 ? "was saved as" : "could not be saved as", path);
	return result;
}

/* ---- one, all ----------------------------------------------------------- */

int
recovery_run(const struct house *house, struct mbox_place *place)
{
	switch (owner_run(house, place, recover)) {
	case OWNER_DONE:
		return 0;
	case OWNER_REFUSED:
		return rescue(house, place);
	case OWNER_LATER:
		break;
	}
	return -1;
}

/* A mailbox that is claimed has a session, or is being recovered. */
static bool
is_recovered(const struct house *house, struct mbox_place *place)
{
	struct mbox_reason reason;
	bool is_done;
	int claim;

	house_set_methods(house, place);
	claim = mbox_claim(house->state.directory, place, clock_now(), &reason);
	if (claim == -1)
		return reason.failure == MBOX_BUSY;
	is_done =
	    !mbox_needs_recovery(place) || recovery_run(house, place) == 0;
	mbox_unclaim(place, claim);
	return is_done;
}

/* Something there cannot be read; that is one that is left. */
static unsigned int
complain(const struct house *house)
{
	log_event(LOG_ERR, "%s: cannot be read: %s", house->state.directory,
	    strerror(errno));
	return 1;
}

unsigned int
recovery_run_all(const struct house *house)
{
	DIR *state = opendir(house->state.directory);
	struct mbox_place place;
	unsigned int left = 0;
	bool is_over = false;

	if (state == NULL)
		return complain(house);
	memset(&place, 0, sizeof(place));
	while (!is_over) {
		int found = mbox_next_unfinished(state, &place, &is_over);

		if (found == -1)
			left += complain(house);
		if (found == 1)
			left += !is_recovered(house, &place);
	}
	closedir(state);
	return left + leftover_run_all(house);
}

void
recovery_start(const struct house *house)
{
	if (fork() != 0)
		return;
	signals_default(SIGCHLD);
	log_close();
	fileio_close_from(3); /* the listening sockets are not ours */
	log_reopen();
	_exit(recovery_run_all(house) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}
