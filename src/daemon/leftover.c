/*
 * Looking for USER.old in the spools of virtual domains.  Runs as root; files
 * are only opened by a child that has become the owner of the account.
 */
#include "config.h"

#include "daemon/leftover.h"
#include "daemon/lockkeeper.h"
#include "daemon/owner.h"
#include "support/clock.h"
#include "support/log.h"
#include "support/text.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#define LOCK_PATIENCE 20000 /* ms to wait for mailbox locks */
#define SUFFIX	      ".old"

/* ---- the child ---------------------------------------------------------- */

static enum owner_result
put_back(const struct mbox_place *place)
{
	struct mbox_put_back result;
	struct mbox_reason reason;

	if (mbox_put_back(
		place, clock_now() + LOCK_PATIENCE, &result, &reason) == -1) {
		log_event(LOG_ERR, "%s", reason.text);
		return reason.failure == MBOX_UNSAFE ? OWNER_REFUSED
						     : OWNER_LATER;
	}
	if (result.kept[0] != '\0')
		log_event(LOG_NOTICE,
		    "%s/%s" SUFFIX ": %zu messages put back into %s/%s, kept "
		    "as %s/%s",
		    place->directory, place->name, result.count,
		    place->directory, place->name, place->directory,
		    result.kept);
	return OWNER_DONE;
}

/* ---- one, all ----------------------------------------------------------- */

/* Who could not rename the file must not begin: the same mail would be put back
 * again and again. */
static bool
may_rename(const struct mbox_place *place)
{
	struct stat directory;

	if (stat(place->directory, &directory) == 0 &&
	    lockkeeper_is_spared(&directory, place->owner, place->group))
		return true;
	log_event(LOG_ERR,
	    "%s/%s" SUFFIX ": left alone, for the directory is not writable "
	    "for the mailbox owner",
	    place->directory, place->name);
	return false;
}

/* False: it must be tried again.  Who has a session has it later. */
static bool
run(const struct house *house, struct mbox_place *place)
{
	struct mbox_reason reason;
	bool is_done;
	int claim;

	if (!may_rename(place))
		return true;
	claim = mbox_claim(house->state.directory, place, clock_now(), &reason);
	if (claim == -1 && reason.failure == MBOX_BUSY)
		return true;
	if (claim == -1) {
		log_event(LOG_ERR, "%s", reason.text);
		return false;
	}
	place->makes_files = true;
	is_done = !mbox_needs_recovery(place) &&
	    owner_run(house, place, put_back) != OWNER_LATER;
	mbox_unclaim(place, claim);
	return is_done;
}

/* Cuts the suffix off the name of a file that may be of this kind. */
static bool
is_leftover(const char *name, char user[ACCOUNT_USER_SIZE])
{
	size_t length = strlen(name);
	const size_t suffix = strlen(SUFFIX);

	return length > suffix && strcmp(name + length - suffix, SUFFIX) == 0 &&
	    text_format(user, ACCOUNT_USER_SIZE, "%.*s", (int)(length - suffix),
		name) &&
	    account_is_user_name(user);
}

/* What belongs to no account stays as it is. */
static bool
run_for(const struct house *house, const char *user, const char *domain)
{
	const struct account_rules *rules = &house->options->rules;
	struct mbox_place place;
	struct account account;

	memset(&place, 0, sizeof(place));
	house_set_methods(house, &place);
	switch (account_find(rules, user, domain, &account)) {
	case ACCOUNT_FOUND:
		break;
	case ACCOUNT_UNKNOWN:
	case ACCOUNT_NO_DOMAIN:
		return true;
	case ACCOUNT_TROUBLE:
		return false;
	}
	if (!account_spool(rules, &account, place.directory, place.name))
		return true;
	place.owner = account.uid;
	place.group = account.gid;
	place.needs_dotlock = true;
	return run(house, &place);
}

static unsigned int
run_domain(const struct house *house, const char *domain)
{
	char path[ACCOUNT_PATH_SIZE], user[ACCOUNT_USER_SIZE];
	const struct dirent *entry;
	unsigned int left = 0;
	DIR *directory;

	if (!account_is_domain_name(domain) ||
	    !text_format(path, sizeof(path), "%s/%s",
		house->options->rules.virtual_spool, domain))
		return 0;
	directory = opendir(path);
	if (directory == NULL)
		return 0;
	while ((entry = readdir(directory)) != NULL)
		if (is_leftover(entry->d_name, user))
			left += !run_for(house, user, domain);
	closedir(directory);
	return left;
}

unsigned int
leftover_run_all(const struct house *house)
{
	DIR *spool = opendir(house->options->rules.virtual_spool);
	const struct dirent *entry;
	unsigned int left = 0;

	if (spool == NULL)
		return 0;
	while ((entry = readdir(spool)) != NULL)
		left += run_domain(house, entry->d_name);
	closedir(spool);
	return left;
}
