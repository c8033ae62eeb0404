/* What is found out once.  Runs as root if the daemon does. */
#include "config.h"

#include "daemon/house.h"
#include "daemon/privilege.h"
#include "support/clock.h"
#include "support/identity.h"
#include "support/log.h"

#include <time.h>
#include <unistd.h>

/* The bound of the redo journal: a large mailbox is moved in steps of this. */
#define JOURNAL_SIZE ((off_t)64 * 1024 * 1024)

/* An index of a smaller mailbox would save some ten microseconds. */
#define INDEX_LEAST ((off_t)64 * 1024)

#define NEWS_AGE    10000 /* ms between looks at all domains */

int
house_prepare(struct house *house, const struct options *options)
{
	house->options = options;
	house->login_uid = geteuid();
	house->login_gid = getegid();
	if (identity_is_root() &&
	    !privilege_find_user(
		options->login_user, &house->login_uid, &house->login_gid)) {
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
	place->makes_files = false;
	place->notes_answers = false;
}
