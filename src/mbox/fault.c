/* What is wrong with a file as a mailbox. */
#include "config.h"

#include "mbox/private.h"

enum mbox_fault
fault_find(const struct stat *status, const struct mbox_place *place)
{
	if (!S_ISREG(status->st_mode))
		return MBOX_NOT_REGULAR;
	if (status->st_nlink > 1)
		return MBOX_LINKED;
	if (status->st_uid != place->owner)
		return MBOX_NOT_OWNED;
	if ((status->st_mode & S_IWOTH) != 0)
		return MBOX_WRITABLE;
	return MBOX_SOUND;
}

const char *
mbox_fault_text(enum mbox_fault fault)
{
	switch (fault) {
	case MBOX_SOUND:
		break;
	case MBOX_NOT_REGULAR:
		return "not a regular file; not touched";
	case MBOX_LINKED:
		return "has more than one hard link; not touched";
	case MBOX_NOT_OWNED:
		return "belongs to another user; chown it to the mailbox "
		       "owner";
	case MBOX_WRITABLE:
		return "is writable for everybody; chmod it to 600";
	case MBOX_NOT_ACCESSIBLE:
		return "its owner may not read and write it; chown it to him "
		       "and chmod it to 600";
	}
	return "is a mailbox";
}
