/*
 * The index, from the file that an earlier session has left, or from a scan.
 *
 * Invariants:
 *
 * 1. The index file is believed if the mailbox has the inode, the size and both
 *    times of the state that it describes.  Then no octet of the mailbox is
 *    read, and records only when somebody asks for a single message.
 * 2. A time tells of later writes only if the clock has moved on since: a file
 *    is written twice within one tick of it.  So no index is made of a mailbox
 *    that was changed a moment before it was scanned.
 * 3. If it has only grown, as its header, its last message, some others and its
 *    old end say, what was appended is scanned.  Before QUIT changes such a
 *    mailbox it looks at all messages that it moves.
 * 4. Nothing that matters is believed: RETR, TOP and QUIT look at what they
 *    touch (verify.c).  If it is not what the index says, the index goes.
 * 5. QUIT drops the index before it changes the mailbox, and so does recovery;
 *    it is written anew when the session ends.
 */
#include "config.h"

#include "mbox/private.h"
#include "support/clock.h"
#include "support/fileio.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* Ticks of a clock that stamps files are 10 ms at most; of file systems that
 * store whole seconds, 2 s. */
#define TICK	    ((int64_t)50)
#define COARSE_TICK ((int64_t)2500)

/* Messages that are looked at in a mailbox that has grown. */
#define SAMPLE 8

/* Milliseconds that a scan in the middle of a session waits for the locks. */
#define SCAN_PATIENCE 20000

void
index_free(struct index *index)
{
	free(index->messages);
	memset(index, 0, sizeof(*index));
}

void
index_sum(struct index *index)
{
	size_t i;

	index->octets = 0;
	index->last_read = 0;
	index->wants_seen = 0;
	for (i = 0; i < index->count; i++) {
		const struct message *message = &index->messages[i];

		index->octets += message->octets;
		index->wants_seen += message->has_room && !message->was_seen;
		if (message->was_read)
			index->last_read = i + 1;
	}
}

bool
index_is_loaded(const struct index *index)
{
	return index->messages != NULL || index->count == 0;
}

/* ---- trust -------------------------------------------------------------- */

void
index_distrust(struct mbox *mbox)
{
	index_file_drop(mbox->place.index);
	mbox->filing.count = 0;
	mbox->filing.is_void = true;
}

static int64_t
in_milliseconds(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000 + time->tv_nsec / 1000000;
}

bool
index_is_past(const struct timespec *time)
{
	int64_t tick = time->tv_nsec == 0 ? COARSE_TICK : TICK;
	struct timespec now;

	return clock_gettime(CLOCK_REALTIME, &now) == 0 &&
	    in_milliseconds(&now) - in_milliseconds(time) > tick;
}

/* ---- from the file alone ------------------------------------------------ */

static void
adopt(struct mbox *mbox, const struct index_head *head)
{
	struct index *index = &mbox->index;

	index->count = (size_t)head->count;
	index->size = head->size;
	index->octets = head->octets;
	index->last_read = (size_t)head->last_read;
	index->wants_seen = (size_t)head->wants_seen;
	index->blank = (off_t)head->blank;
	mbox->filing.head = *head;
	mbox->filing.count = mbox->filing.changed = index->count;
	mbox->filing.is_lasting = true;
}

/* ---- from the file, and what was appended ------------------------------- */

/* Whether the record of message i says what is in the mailbox. */
static bool
has_message(const struct mbox *mbox, const struct index_head *head, size_t i,
    struct message *message)
{
	return index_file_read(mbox->place.index, head, i, 1, message, NULL) ==
	    0 &&
	    message_is_there(mbox->lock.fd, message) == 1;
}

/* Whether there is an empty line before the octet end, and a From_ line
 * behind. */
static bool
ends_there(int fd, off_t end, off_t blank)
{
	static const char bare[] = "\n\nFrom ", crlf[] = "\n\r\nFrom ";
	const char *expected = blank == 1 ? bare : crlf;
	size_t length = strlen(expected);
	char text[sizeof(crlf)];

	return blank > 0 && end > blank &&
	    fileio_read_at(fd, text, length, end - blank - 1) ==
	    (ssize_t)length &&
	    memcmp(text, expected, length) == 0;
}

/* The first and the last message, and some between them. */
static bool
is_beginning(const struct mbox *mbox, const struct index_head *head,
    struct message *last)
{
	size_t count = (size_t)head->count;
	size_t i;

	for (i = 0; i < SAMPLE; i++)
		if (!has_message(
			mbox, head, (count - 1) * i / (SAMPLE - 1), last))
			return false;
	return last->end + (off_t)head->blank == head->size &&
	    ends_there(mbox->lock.fd, head->size, (off_t)head->blank);
}

static bool
is_same(const struct message *a, const struct message *b)
{
	return a->end == b->end && a->octets == b->octets;
}

static void
add_tail(struct mbox *mbox)
{
	const struct index *tail = &mbox->tail;
	struct index *index = &mbox->index;

	if (tail->last_read > 1)
		index->last_read = index->count + tail->last_read - 1;
	index->octets += tail->octets - tail->messages[0].octets;
	index->wants_seen += tail->wants_seen -
	    (tail->messages[0].has_room && !tail->messages[0].was_seen);
	index->count += tail->count - 1;
	index->size = tail->size;
	index->blank = tail->blank;
	index->status = tail->status;
	mbox->filing.is_assumed = true;
	mbox->filing.is_lasting = index_is_past(&index->status.st_ctim);
}

/* False, and nothing is known, if that cannot be done. */
static bool
extend(struct mbox *mbox, const struct index_head *head)
{
	struct mbox_reason unsaid;
	struct message last;

	if (!is_beginning(mbox, head, &last) ||
	    scan_tail(&mbox->lock, &mbox->tail, &last, head->size,
		(off_t)head->blank, &unsaid) == -1)
		return false;
	if (!is_same(&mbox->tail.messages[0], &last) ||
	    mbox->tail.count + head->count > MESSAGES_AT_MOST) {
		index_free(&mbox->tail);
		return false;
	}
	adopt(mbox, head);
	add_tail(mbox);
	return true;
}

/* ---- opening ------------------------------------------------------------ */

static int
scan(struct mbox *mbox, struct mbox_reason *reason)
{
	struct filing *filing = &mbox->filing;

	if (scan_mailbox(&mbox->lock, &mbox->index, reason) == -1)
		return -1;
	filing->count = filing->changed = 0;
	filing->is_lasting = index_is_past(&mbox->index.status.st_ctim);
	return 0;
}

int
index_open(struct mbox *mbox, struct mbox_reason *reason)
{
	struct stat *status = &mbox->index.status;
	struct index_head head;

	if (fstat(mbox->lock.fd, status) == -1)
		return reason_errno(reason, &mbox->place, "cannot be examined");
	if (status->st_size < mbox->place.index_least ||
	    !index_file_read_head(mbox->place.index, &head) ||
	    head.inode != status->st_ino)
		return scan(mbox, reason);
	if (index_file_fits(&head, status)) {
		adopt(mbox, &head);
		return 0;
	}
	if (status->st_size > head.size && extend(mbox, &head))
		return 0;
	return scan(mbox, reason);
}

/* ---- loading ------------------------------------------------------------ */

static bool
are_identified(const struct identity *identities, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (identities[i].copy == 0)
			return false;
	return true;
}

/* Reads the records into what was allocated, and puts the tail behind them. */
static int
fill(const struct mbox *mbox, struct index *loaded, struct identity *identities)
{
	const struct index *tail = &mbox->tail;
	size_t known = mbox->filing.count;

	if (loaded->messages == NULL ||
	    index_file_read(mbox->place.index, &mbox->filing.head, 0, known,
		loaded->messages, identities) == -1)
		return -1;
	if (tail->count > 1)
		memcpy(loaded->messages + known, tail->messages + 1,
		    (tail->count - 1) * sizeof(*tail->messages));
	index_sum(loaded);
	return loaded->octets == mbox->index.octets &&
		loaded->last_read == mbox->index.last_read &&
		loaded->wants_seen == mbox->index.wants_seen
	    ? 0
	    : -1;
}

static int
load_records(struct mbox *mbox)
{
	struct index loaded = mbox->index;
	struct identity *identities = NULL;

	loaded.messages = calloc(loaded.count, sizeof(*loaded.messages));
	if (has_own_ids(mbox))
		identities = calloc(loaded.count, sizeof(*identities));
	if ((has_own_ids(mbox) && identities == NULL) ||
	    fill(mbox, &loaded, identities) == -1) {
		free(loaded.messages);
		free(identities);
		return -1;
	}
	index_free(&mbox->tail);
	mbox->index = loaded;
	mbox->identities = identities;
	mbox->is_identified =
	    identities != NULL && are_identified(identities, loaded.count);
	return 0;
}

/* Leaves out what was appended since the totals were told. */
static bool
is_as_told(struct index *index, const struct index *told)
{
	if (index->count > told->count) {
		index->count = told->count;
		index->size = index->messages[told->count].start;
		index_sum(index);
	}
	return index->count == told->count && index->octets == told->octets;
}

/* The records are of no use, but the client may know the totals. */
static int
scan_again(struct mbox *mbox, struct mbox_reason *reason)
{
	struct index told = mbox->index;
	int result;

	if (lock_acquire(&mbox->lock, clock_now() + SCAN_PATIENCE, reason) ==
	    -1)
		return -1;
	index_free(&mbox->index);
	index_free(&mbox->tail);
	result = scan(mbox, reason);
	lock_release(&mbox->lock);
	if (result == 0 && is_as_told(&mbox->index, &told)) {
		mbox->filing.is_void = false;
		return 0;
	}
	index_free(&mbox->index);
	mbox->index.count = told.count;
	if (result == -1)
		return -1;
	return reason_set(reason, MBOX_CHANGED, &mbox->place, 0,
	    "is not what its index said");
}

int
mbox_load(struct mbox *mbox, struct mbox_reason *reason)
{
	if (index_is_loaded(&mbox->index) || load_records(mbox) == 0)
		return 0;
	index_distrust(mbox);
	return scan_again(mbox, reason);
}
