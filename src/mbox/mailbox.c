/* An opened mailbox: what a session holds between login and QUIT. */
#include "config.h"

#include "mbox/private.h"
#include "support/fileio.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int
lock_and_scan(struct mbox *mbox, int64_t deadline, struct mbox_reason *reason)
{
	int result;

	if (lock_acquire(&mbox->lock, deadline, reason) == -1)
		return -1;
	if (mbox->lock.is_missing)
		return 0;
	result = scan_mailbox(&mbox->lock, &mbox->index, reason);
	lock_release(&mbox->lock);
	return result;
}

int
mbox_open(struct mbox **mbox, const struct mbox_place *place, int64_t deadline,
    struct mbox_reason *reason)
{
	struct mbox *opened = calloc(1, sizeof(*opened));

	*mbox = NULL;
	if (opened == NULL)
		return reason_errno(reason, place, "no memory");
	opened->place = *place;
	lock_init(&opened->lock, &opened->place, false);
	if (lock_and_scan(opened, deadline, reason) == -1) {
		mbox_close(&opened);
		return -1;
	}
	*mbox = opened;
	return 0;
}

void
mbox_close(struct mbox **mbox)
{
	if (*mbox == NULL)
		return;
	lock_close(&(*mbox)->lock);
	index_free(&(*mbox)->index);
	free((*mbox)->identities);
	free((*mbox)->buffer);
	free(*mbox);
	*mbox = NULL;
}

bool
mbox_is_mbox(const struct mbox *mbox)
{
	return !mbox->index.is_foreign;
}

size_t
mbox_count(const struct mbox *mbox)
{
	return mbox->index.count;
}

uint64_t
mbox_octets(const struct mbox *mbox, size_t i)
{
	return mbox->index.messages[i].octets;
}

bool
mbox_was_read(const struct mbox *mbox, size_t i)
{
	return mbox->index.messages[i].was_read;
}

bool
mbox_is_deleted(const struct mbox *mbox, size_t i)
{
	return mbox->index.messages[i].is_deleted;
}

void
mbox_delete(struct mbox *mbox, size_t i)
{
	mbox->index.messages[i].is_deleted = true;
}

void
mbox_undelete_all(struct mbox *mbox)
{
	size_t i;

	for (i = 0; i < mbox->index.count; i++)
		mbox->index.messages[i].is_deleted = false;
}

int
message_verify(const struct mbox *mbox, size_t i, struct mbox_reason *reason)
{
	const struct message *message = &mbox->index.messages[i];
	char line[SCAN_LINE_SIZE];
	struct stat status;
	ssize_t length;

	if (fstat(mbox->lock.fd, &status) == -1)
		return reason_errno(reason, &mbox->place, "cannot be examined");
	if (status.st_size < mbox->index.size)
		return reason_set(reason, MBOX_CHANGED, &mbox->place, 0,
		    "was made shorter by another program");
	length = fileio_read_at(
	    mbox->lock.fd, line, message->separator_length, message->start);
	if (length == -1)
		return reason_errno(reason, &mbox->place, "cannot be read");
	if ((uint32_t)length != message->separator_length ||
	    separator_hash(line, (size_t)length) != message->separator_hash)
		return reason_set(reason, MBOX_CHANGED, &mbox->place, 0,
		    "was rewritten by another program");
	return 0;
}
