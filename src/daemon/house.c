/* What is found out once.  Runs as root if the daemon does. */
#include "config.h"

#include "daemon/house.h"
#include "daemon/privilege.h"
#include "support/clock.h"
#include "support/fileio.h"
#include "support/identity.h"
#include "support/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The bound of the redo journal: a large mailbox is moved in steps of this. */
#define JOURNAL_SIZE ((off_t)64 * 1024 * 1024)

/* An index of a smaller mailbox would save some ten microseconds. */
#define INDEX_LEAST ((off_t)64 * 1024)

/* Seconds: longer than the coarsest time stamp of a file system, and than a
 * program pauses while it writes. */
#define QUIET	 10

#define NEWS_AGE 10000 /* ms between looks at all domains */

struct login_user {
	bool is_found;
	uid_t uid;
	gid_t gid;
};

static struct login_user
find_login_user(const struct options *options)
{
	struct login_user user = { .is_found = false };

	user.is_found =
	    privilege_find_user(options->login_user, &user.uid, &user.gid);
	return user;
}

static void tell_login_user(int to, const struct options *options)
    __attribute__((noreturn));

static void
tell_login_user(int to, const struct options *options)
{
	struct login_user user = find_login_user(options);

	_exit(fileio_write(to, &user, sizeof(user)) == 0 ? 0 : 1);
}

/* In a process of its own: the libraries of name services stay in memory, and
 * each session of a daemon would begin with a copy of it. */
static struct login_user
find_apart(const struct options *options)
{
	struct login_user user = { .is_found = false };
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return find_login_user(options);
	pid = fork();
	if (pid == 0)
		tell_login_user(ends[1], options);
	close(ends[1]);
	if (pid == -1 ||
	    fileio_read(ends[0], &user, sizeof(user)) != (ssize_t)sizeof(user))
		user = find_login_user(options);
	close(ends[0]);
	while (pid != -1 && waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	return user;
}

static bool
set_login_user(struct house *house, const struct options *options)
{
	struct login_user user =
	    options->is_daemon ? find_apart(options) : find_login_user(options);

	house->login_uid = user.uid;
	house->login_gid = user.gid;
	return user.is_found;
}

int
house_prepare(struct house *house, const struct options *options)
{
	house->options = options;
	house->login_uid = geteuid();
	house->login_gid = getegid();
	if (identity_is_root() && !set_login_user(house, options)) {
		log_event(LOG_ERR,
		    "login user %s does not exist or is root; make it with "
		    "useradd --system, or give --login-user",
		    options->login_user != NULL ? options->login_user
						: "pop3d or nobody");
		return -1;
	}
	return state_prepare(&house->state, options);
}

bool
house_offers_challenges(const struct house *house)
{
	switch (house->options->challenges) {
	case CHALLENGES_ALWAYS:
		return true;
	case CHALLENGES_NEVER:
		return false;
	case CHALLENGES_AUTO:
		break;
	}
	return account_some_are_plain(&house->options->rules);
}

void
house_refresh(const struct house *house, struct news *news)
{
	int64_t now = clock_now();

	if (now < news->until)
		return;
	tzset();
	news->offers_challenges = house_offers_challenges(house);
	news->until = now + NEWS_AGE;
}

void
house_set_methods(const struct house *house, struct mbox_place *place)
{
	place->methods = house->options->lock_methods;
	place->syncs = house->options->syncs;
	place->uidl = house->options->uidl;
	place->journal_size = JOURNAL_SIZE;
	place->file_limit = 0;
	place->journal[0] = place->journal[1] = place->ids = -1;
	place->index = -1;
	place->index_least = INDEX_LEAST;
	place->keeper = place->last = place->answered = -1;
	place->pause = 0;
	place->quiet = QUIET;
	place->makes_files = false;
	place->notes_answers = false;
}
