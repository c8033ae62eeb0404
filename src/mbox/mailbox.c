/* An opened mailbox: what a session holds between login and QUIT. */
#include "config.h"

#include "mbox/private.h"
#include "mbox/uidl.h"
#include "support/fileio.h"

#include <stdlib.h>
#include <string.h>

static void
forget(struct mbox *mbox)
{
	index_free(&mbox->index);
	index_free(&mbox->tail);
	memset(&mbox->filing, 0, sizeof(mbox->filing));
}

/* False, and nothing is known, if that may not be done. */
static bool
scan_quietly(struct mbox *mbox)
{
	struct mbox_reason unsaid;
	bool is_done;

	if (!quiet_begin(&mbox->lock, &mbox->quiet_status))
		return false;
	is_done = index_open(mbox, &unsaid) == 0 &&
	    quiet_was_kept(&mbox->lock, &mbox->quiet_status);
	lock_release(&mbox->lock);
	if (!is_done) {
		forget(mbox);
		lock_close(&mbox->lock);
	}
	mbox->was_quiet = is_done && quiet_since_boot(&mbox->quiet_status);
	return is_done;
}

static int
lock_and_scan(struct mbox *mbox, int64_t deadline, struct mbox_reason *reason)
{
	int result;

	if (scan_quietly(mbox))
		return 0;
	if (lock_acquire(&mbox->lock, deadline, reason) == -1)
		return -1;
	if (mbox->lock.is_missing)
		return 0;
	result = index_open(mbox, reason);
	lock_release(&mbox->lock);
	return result;
}

/* Whoever deletes mail on a full disk is not kept out because this fails. */
static void
note_opening(const struct mbox_place *place)
{
	if (place->pause > 0)
		(void)fileio_write_at(place->last, "\n", 1, 0);
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
	note_opening(place);
	if (place->uidl != NULL && place->uidl->has_uids)
		uid_base_learn(opened);
	*mbox = opened;
	return 0;
}

void
mbox_close(struct mbox **mbox)
{
	if (*mbox == NULL)
		return;
	uidl_free_labels(*mbox);
	index_keep(*mbox);
	lock_close(&(*mbox)->lock);
	answers_free(&(*mbox)->answers);
	uidl_free(*mbox);
	index_free(&(*mbox)->index);
	index_free(&(*mbox)->tail);
	free((*mbox)->additions.list);
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

void
mbox_totals(const struct mbox *mbox, size_t *count, uint64_t *octets)
{
	*count = mbox->index.count - mbox->marked;
	*octets = mbox->index.octets - mbox->marked_octets;
}

size_t
mbox_last_read(const struct mbox *mbox)
{
	return mbox->index.last_read;
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
	return mbox->marked > 0 && mbox->index.messages[i].is_deleted;
}

void
mbox_delete(struct mbox *mbox, size_t i)
{
	struct message *message = &mbox->index.messages[i];

	if (message->is_deleted)
		return;
	message->is_deleted = true;
	mbox->marked++;
	mbox->marked_octets += message->octets;
}

void
mbox_retrieved(struct mbox *mbox, size_t i)
{
	mbox->index.messages[i].is_retrieved = true;
}

bool
mbox_is_retrieved(const struct mbox *mbox, size_t i)
{
	return mbox->index.messages != NULL &&
	    mbox->index.messages[i].is_retrieved;
}

void
mbox_watch(struct mbox *mbox, void (*decided)(void *about), void *about)
{
	mbox->watcher.decided = decided;
	mbox->watcher.about = about;
}

void
mbox_undelete_all(struct mbox *mbox)
{
	size_t i;

	for (i = 0; mbox->marked > 0 && i < mbox->index.count; i++)
		mbox->index.messages[i].is_deleted = false;
	mbox->marked = 0;
	mbox->marked_octets = 0;
}
