/*
 * One delivery, from the recipient's name to the message on disk.  The message
 * is read to its end before any lock is taken: a sender that stalls must not
 * hold a mailbox.
 */
#include "config.h"

#include "delivery/private.h"
#include "mbox/mbox.h"
#include "support/clock.h"
#include "support/log.h"
#include "support/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* Far below Postfix's command_time_limit of 1000 s, which would bounce. */
#define LOCK_PATIENCE 60000

/* ---- the account -------------------------------------------------------- */

/* Where the passwd file cannot be read, mail for a mailbox that exists is
 * still delivered: the file may belong to root, as under GNU pop3d 0.10.3. */
static int
assume_account(const struct delivery *delivery,
    const struct recipient *recipient, struct account *account,
    struct outcome *outcome)
{
	char path[ACCOUNT_PATH_SIZE];
	struct stat status;

	memset(account, 0, sizeof(*account));
	memcpy(account->user, recipient->user, sizeof(account->user));
	memcpy(account->domain, recipient->domain, sizeof(account->domain));
	account->uid = geteuid();
	account->gid = getegid();
	if (text_format(path, sizeof(path), "%s/%s/%s",
		delivery->rules.virtual_spool, account->domain,
		account->user) &&
	    lstat(path, &status) == 0)
		return 0;
	return outcome_set(outcome, EX_TEMPFAIL,
	    "4.3.5 %s/%s/passwd cannot be used by uid %u; make it readable "
	    "for the domain owner alone",
	    delivery->rules.virtual_directory, recipient->domain,
	    (unsigned int)geteuid());
}

int
delivery_find_account(const struct delivery *delivery,
    const struct recipient *recipient, struct account *account, char *forward,
    struct outcome *outcome)
{
	forward[0] = '\0';
	switch (account_find_forward(&delivery->rules, recipient->user,
	    recipient->domain, account, forward)) {
	case ACCOUNT_FOUND:
		break;
	case ACCOUNT_UNKNOWN:
		return outcome_set(outcome, EX_NOUSER,
		    "5.1.1 no such virtual user: %s@%s", recipient->user,
		    recipient->domain);
	case ACCOUNT_NO_DOMAIN:
	case ACCOUNT_TROUBLE:
		return assume_account(delivery, recipient, account, outcome);
	}
	if (account->uid == geteuid())
		return 0;
	return outcome_set(outcome, EX_TEMPFAIL,
	    "4.3.5 the mailbox of %s@%s belongs to uid %u, but virtual runs "
	    "as uid %u",
	    recipient->user, recipient->domain, (unsigned int)account->uid,
	    (unsigned int)geteuid());
}

/* ---- the mailbox -------------------------------------------------------- */

static int
fill_place(const struct delivery *delivery, const struct account *account,
    struct mbox_place *place, struct outcome *outcome)
{
	memset(place, 0, sizeof(*place));
	place->owner = account->uid;
	place->methods = delivery->lock_methods;
	place->needs_dotlock = true;
	place->syncs = true;
	place->keeper = -1;
	place->journal[0] = place->journal[1] = place->ids = -1;
	place->index = -1;
	if (account_spool(
		&delivery->rules, account, place->directory, place->name))
		return 0;
	return outcome_set(
	    outcome, EX_TEMPFAIL, "4.3.5 the path of the mailbox is too long");
}

static const char *
status_code(enum mbox_failure failure)
{
	return failure == MBOX_FULL ? "4.2.2" : "4.2.0";
}

int
delivery_append(const struct delivery *delivery, const struct account *account,
    struct spool *spool, struct outcome *outcome)
{
	struct mbox_place place;
	struct mbox_reason reason;

	if (fill_place(delivery, account, &place, outcome) == -1)
		return -1;
	if (mbox_append(&place, spool, clock_now() + LOCK_PATIENCE, &reason) ==
	    0)
		return 0;
	return outcome_set(outcome, EX_TEMPFAIL, "%s %s",
	    status_code(reason.failure), reason.text);
}

/* ---- all of it ---------------------------------------------------------- */

int
delivery_read(const struct delivery *delivery, int input,
    const struct recipient *recipient, struct spool *spool,
    struct outcome *outcome)
{
	char address[ACCOUNT_NAME_SIZE];

	text_format(address, sizeof(address), "%s@%s", recipient->user,
	    recipient->domain);
	if (message_read(input, delivery->sender, address, spool) == 0)
		return 0;
	return outcome_set(outcome, EX_TEMPFAIL,
	    "4.3.0 the message cannot be read: %s", strerror(errno));
}

static int
read_and_append(const struct delivery *delivery, int input,
    const struct recipient *recipient, const struct account *account,
    struct outcome *outcome)
{
	struct spool spool;
	int result;

	spool_init(&spool);
	result = delivery_read(delivery, input, recipient, &spool, outcome);
	if (result == 0)
		result = delivery_append(delivery, account, &spool, outcome);
	spool_free(&spool);
	if (result == 0) {
		outcome->status = EX_OK;
		log_event(LOG_INFO, "delivered user=%s@%s", recipient->user,
		    recipient->domain);
	}
	return result;
}

void
delivery_run(
    const struct delivery *delivery, int input, struct outcome *outcome)
{
	struct recipient recipient;
	struct account account;
	char forward[ACCOUNT_FORWARD_SIZE];
	int result;

	memset(outcome, 0, sizeof(*outcome));
	if (geteuid() == 0) {
		outcome_set(outcome, EX_TEMPFAIL,
		    "4.3.5 virtual must run as the domain owner, not as root");
		return;
	}
	result = recipient_find(delivery, &recipient, outcome);
	if (result == 0)
		result = delivery_find_account(
		    delivery, &recipient, &account, forward, outcome);
	if (result == 0)
		result = read_and_append(
		    delivery, input, &recipient, &account, outcome);
	if (result == -1)
		log_event(LOG_NOTICE, "not delivered status=%d: %s",
		    outcome->status, outcome->text);
}
