/* All that --check looks over, in its order.  Runs as root, or as anybody. */
#include "config.h"

#include "check/private.h"
#include "daemon/house.h"
#include "support/identity.h"

#include <sysexits.h>

bool
check_find_place(const struct check *check, const struct account *account,
    struct mbox_place *place)
{
	const struct house house = { .options = check->options };
	bool is_home;

	house_set_methods(&house, place);
	place->owner = account->uid;
	place->group = account->gid;
	if (!account_mailbox(&check->options->rules, account, place->directory,
		place->name, &is_home))
		return false;
	place->needs_dotlock = !is_home;
	return true;
}

static void
check_all(struct check *check)
{
	check_options(check);
	check_system(check);
	check_ports(check);
	check_domains(check);
	check_mailboxes(check);
	check_state(check);
	check_mta(check);
	check_certificates(check);
}

int
check_run(const struct options *options)
{
	struct check check = { .options = options,
		.is_root = identity_is_root() };

	report_init(&check.report);
	check.has_state = state_choose(&check.state, options);
	if (options->checked_login != NULL)
		check_login(&check, options->checked_login);
	else
		check_all(&check);
	if (report_end(&check.report) == -1)
		return EX_IOERR;
	return check.report.wrong > 0 ? EX_CONFIG : EX_OK;
}
