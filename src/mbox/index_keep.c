/*
 * What a session leaves in the index file.  It is written when the session ends
 * and nobody waits any more, and is not synced: what is not whole after a crash
 * does not check.
 */
#include "config.h"

#include "mbox/private.h"
#include "support/secret.h"

#include <string.h>
#include <sys/stat.h>

/* ---- after mbox_update() ------------------------------------------------ */

/* Counts what was put into a message that stood before the octet next.  As in
 * the plan, nothing is put in behind the last message. */
static void
lengthen(struct message *message, const struct additions *additions, size_t *i,
    off_t next)
{
	for (; *i < additions->count && additions->list[*i].at < next; (*i)++) {
		const struct addition *addition = &additions->list[*i];
		const char *end = addition->text + addition->length;
		bool has_cr = end - addition->text > 1 && end[-2] == '\r';

		message->end += (off_t)addition->length;
		message->header_length += (uint32_t)addition->length;
		message->octets += addition->length;
		if (end[-1] == '\n' && !has_cr)
			message->octets++; /* a line of its own, sent with CR */
	}
}

/* Brings the messages that are left to where they are now. */
static void
move_messages(struct mbox *mbox)
{
	struct index *index = &mbox->index;
	off_t position = index->messages[0].start;
	off_t last_blank = index->blank;
	size_t i, added = 0, left = 0;

	for (i = 0; i < index->count; i++) {
		struct message message = index->messages[i];
		off_t start = message.start;
		off_t text = message.end;
		off_t next = i + 1 < index->count ? index->messages[i + 1].start
						  : index->size;

		if (message.is_deleted)
			continue;
		lengthen(&message, &mbox->additions, &added, next);
		message.start = position;
		message.end += position - start;
		position = message.end + next - text;
		index->blank = i + 1 < index->count ? next - text : last_blank;
		if (mbox->identities != NULL)
			mbox->identities[left] = mbox->identities[i];
		index->messages[left++] = message;
	}
	index->count = left;
	index->size = position;
}

static int
look_at_altered(struct mbox *mbox)
{
	size_t i;

	for (i = 0; i < mbox->index.count; i++)
		if (mbox->index.messages[i].is_altered &&
		    message_read_header(
			mbox->lock.fd, &mbox->index.messages[i]) == -1)
			return -1;
	return 0;
}

/* Makes the index what a scan would have found right after the update.  -1 if
 * somebody has written since. */
static int
renew(struct mbox *mbox)
{
	struct filing *filing = &mbox->filing;
	struct stat status;

	move_messages(mbox);
	if (mbox->index.count == 0 || look_at_altered(mbox) == -1 ||
	    fstat(mbox->lock.fd, &status) == -1 ||
	    !is_untouched(&mbox->index.status, &status))
		return -1;
	index_sum(&mbox->index);
	filing->count = filing->changed = 0;
	/* Who writes within the same tick does not put the time back, which
	 * mbox_update() has done. */
	filing->is_lasting =
	    mbox->index.size < status.st_size || index_is_past(&status.st_mtim);
	return 0;
}

/* ---- writing ------------------------------------------------------------ */

static void
fill_head(const struct index *index, struct index_head *head)
{
	head->inode = index->status.st_ino;
	head->size = index->size;
	head->changed[0] = index->status.st_ctim.tv_sec;
	head->changed[1] = index->status.st_ctim.tv_nsec;
	head->modified[0] = index->status.st_mtim.tv_sec;
	head->modified[1] = index->status.st_mtim.tv_nsec;
	head->count = index->count;
	head->octets = index->octets;
	head->last_read = index->last_read;
	head->wants_seen = index->wants_seen;
	head->blank = (uint64_t)index->blank;
}

/* The records from number changed on. */
static int
write_records(const struct mbox *mbox)
{
	const struct index *index = &mbox->index;
	const struct filing *filing = &mbox->filing;
	size_t first = filing->changed;
	const struct message *messages = index->messages + first;
	const struct identity *identities = NULL;

	if (index->messages == NULL)
		messages = mbox->tail.messages + 1; /* first is their number */
	if (mbox->is_identified && has_own_ids(mbox))
		identities = mbox->identities + first;
	return index_file_write(mbox->place.index, &filing->head, first,
	    index->count - first, messages, identities);
}

static int
write_file(struct mbox *mbox)
{
	struct index_head *head = &mbox->filing.head;

	if (mbox->filing.count == 0) {
		index_file_drop(mbox->place.index);
		memset(head, 0, sizeof(*head));
		if (secret_random(&head->nonce, sizeof(head->nonce)) == -1)
			return -1;
	}
	fill_head(&mbox->index, head);
	if (write_records(mbox) == -1)
		return -1;
	return index_file_write_head(mbox->place.index, head);
}

static bool
is_worth_it(const struct mbox *mbox)
{
	return mbox->place.index != -1 && !mbox->filing.is_void &&
	    !mbox->index.is_foreign && mbox->index.count > 0 &&
	    mbox->lock.fd != -1;
}

void
index_keep(struct mbox *mbox)
{
	if (!is_worth_it(mbox) || (mbox->is_updated && renew(mbox) == -1))
		return;
	if (mbox->index.size < mbox->place.index_least ||
	    !mbox->filing.is_lasting ||
	    mbox->filing.changed == mbox->index.count)
		return;
	if (write_file(mbox) == -1)
		index_file_drop(mbox->place.index);
}
