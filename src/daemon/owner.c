/* From root to the mailbox owner, in the one order that works. */
#include "config.h"

#include "daemon/lockkeeper.h"
#include "daemon/owner.h"
#include "daemon/privilege.h"
#include "daemon/sandbox.h"
#include "support/identity.h"

int
owner_become(const struct house *house, struct mbox_place *place)
{
	if (lockkeeper_start(house, place) == -1 ||
	    privilege_forbid_core() == -1 ||
	    privilege_lift_file_size(&place->file_limit) == -1 ||
	    identity_become(place->owner, place->group) == -1)
		return -1;
	if (!house->options->is_sandboxed)
		return 0;
	return privilege_limit_session() == -1 ? -1 : sandbox_session(place);
}
