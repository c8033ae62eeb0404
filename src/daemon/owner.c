/* From root to the mailbox owner, in the one order that works. */
#include "config.h"

#include "daemon/lockkeeper.h"
#include "daemon/owner.h"
#include "daemon/privilege.h"
#include "daemon/sandbox.h"
#include "support/identity.h"
#include "support/log.h"
#include "support/memory.h"
#include "support/signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int
owner_become(const struct house *house, struct mbox_place *place)
{
	memory_release(); /* the login has had its share */
	if (lockkeeper_start(house, place) == -1 ||
	    privilege_forbid_core() == -1 ||
	    privilege_lift_file_size(&place->file_limit) == -1 ||
	    identity_become(place->owner, place->group) == -1)
		return -1;
	if (!house->options->is_sandboxed)
		return 0;
	return privilege_limit_session() == -1 ? -1 : sandbox_session(place);
}

static enum owner_result
work_as_owner(const struct house *house, struct mbox_place *place,
    enum owner_result (*work)(const struct mbox_place *place))
{
	if (owner_become(house, place) == 0)
		return work(place);
	log_event(
	    LOG_ERR, "cannot become uid %u: %s", place->owner, strerror(errno));
	return OWNER_LATER;
}

enum owner_result
owner_run(const struct house *house, struct mbox_place *place,
    enum owner_result (*work)(const struct mbox_place *place))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		signals_ignore(SIGTERM);
		_exit((int)work_as_owner(house, place, work));
	}
	if (pid == -1)
		return OWNER_LATER;
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return OWNER_LATER;
	if (!WIFEXITED(status) || WEXITSTATUS(status) > OWNER_LATER)
		return OWNER_LATER;
	return (enum owner_result)WEXITSTATUS(status);
}
