/*
 * What is remembered of unique ids, in a file beside the session lock.
 *
 * Numbers for messages with the same digest, which most often are copies of
 * each other to the last octet: from 1 in mailbox order, except that a number
 * once given stays.  When some copies are deleted, those that are left are
 * remembered: their digests and numbers, sorted by digest.  New copies get
 * numbers above all others.
 *
 * And for ids made of UIDs, what the first message said (uidl_uid.c).
 *
 * The file is a convenience: one that is missing or does not check, or that a
 * crash has kept from being written, costs a client no more than the download
 * of what it has already.
 */
#include "config.h"

#include "mbox/uidl.h"
#include "support/checksum.h"
#include "support/fileio.h"
#include "support/md5.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC 0x3253444950334f50U /* "PO3PIDS2" */

struct head {
	uint64_t magic;
	uint64_t count; /* of struct identity behind it */
	uint64_t checksum;
	struct uid_base base;
};

/* ---- the file ----------------------------------------------------------- */

struct memory {
	struct uid_base base;
	struct identity *known;
	size_t count;
};

static size_t
believable_count(int fd, const struct head *head)
{
	struct stat status;

	if (fstat(fd, &status) == -1 ||
	    head->count > (uint64_t)status.st_size / sizeof(struct identity))
		return 0;
	return (size_t)head->count;
}

/* What cannot be read is nothing. */
static void
recall(int fd, struct memory *memory)
{
	struct head head;
	size_t length;

	memset(memory, 0, sizeof(*memory));
	if (fd == -1 ||
	    fileio_read_at(fd, &head, sizeof(head), 0) != sizeof(head) ||
	    head.magic != MAGIC)
		return;
	memory->base = head.base;
	memory->count = believable_count(fd, &head);
	length = memory->count * sizeof(*memory->known);
	if (length > 0)
		memory->known = malloc(length);
	if (memory->known == NULL ||
	    fileio_read_at(fd, memory->known, length, sizeof(head)) !=
		(ssize_t)length ||
	    checksum(0, memory->known, length) != head.checksum)
		memory->count = 0;
}

/* The head comes last: a crash before it leaves the base as it was. */
static int
write_memory(const struct mbox_place *place, const struct memory *memory)
{
	size_t length = memory->count * sizeof(*memory->known);
	struct head head = { .magic = MAGIC,
		.count = memory->count,
		.checksum = checksum(0, memory->known, length),
		.base = memory->base };

	if (memory->count == 0 && memory->base.validity == 0)
		return ftruncate(place->ids, 0);
	if (fileio_write_at(place->ids, memory->known, length, sizeof(head)) ==
		-1 ||
	    fileio_write_at(place->ids, &head, sizeof(head), 0) == -1 ||
	    ftruncate(place->ids, (off_t)(sizeof(head) + length)) == -1)
		return -1;
	return place->syncs ? fileio_sync(place->ids) : 0;
}

/* ---- numbering ---------------------------------------------------------- */

/* Where memory knows of copies with that digest, or could. */
static size_t
find_known(const struct memory *memory, const unsigned char *digest)
{
	size_t low = 0;
	size_t high = memory->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(memory->known[middle].digest, digest, MD5_LENGTH) <
		    0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
is_known(const struct memory *memory, size_t k, const unsigned char *digest)
{
	return k < memory->count &&
	    memcmp(memory->known[k].digest, digest, MD5_LENGTH) == 0;
}

/* Numbers the first of a list and its copies; returns the list of the
 * others. */
static uint32_t
number_group(
    struct identity *identities, uint32_t first, const struct memory *memory)
{
	const unsigned char *digest = identities[first - 1].digest;
	size_t k = find_known(memory, digest);
	uint32_t highest = 0, others = 0;
	uint32_t *end = &others;
	uint32_t i, next;

	for (i = first; i != 0; i = next) {
		struct identity *identity = &identities[i - 1];

		next = identity->copy;
		if (memcmp(identity->digest, digest, MD5_LENGTH) != 0) {
			*end = i;
			end = &identity->copy;
			continue;
		}
		identity->copy = is_known(memory, k, digest)
		    ? memory->known[k++].copy
		    : highest + 1;
		if (identity->copy > highest)
			highest = identity->copy;
	}
	*end = 0;
	return others;
}

static uint32_t *
find_list(
    uint32_t *lists, size_t list_count, const unsigned char digest[MD5_LENGTH])
{
	uint64_t word;

	memcpy(&word, digest, sizeof(word));
	return &lists[word & (list_count - 1)];
}

/* Where a number is to stand there is first, from 1, the next message whose
 * digest begins in the same way: so a million messages need little more memory
 * for this. */
int
copies_number(
    const struct mbox_place *place, struct identity *identities, size_t count)
{
	struct memory memory;
	size_t list_count = 1;
	uint32_t *lists, *list;
	size_t i;

	while (list_count * 2 <= count)
		list_count *= 2;
	lists = calloc(list_count, sizeof(*lists));
	if (lists == NULL)
		return -1;
	for (i = count; i > 0; i--) {
		list = find_list(lists, list_count, identities[i - 1].digest);
		identities[i - 1].copy = *list;
		*list = (uint32_t)i;
	}
	recall(place->ids, &memory);
	for (list = lists; list < lists + list_count; list++)
		while (*list != 0)
			*list = number_group(identities, *list, &memory);
	free(memory.known);
	free(lists);
	return 0;
}

/* ---- sorting ------------------------------------------------------------ */

/* A digest and where in the mailbox it is. */
struct ranked {
	unsigned char digest[MD5_LENGTH];
	uint32_t place;
};

static int
compare(const void *a, const void *b)
{
	const struct ranked *p = a;
	const struct ranked *q = b;
	int order = memcmp(p->digest, q->digest, MD5_LENGTH);

	if (order != 0)
		return order;
	return p->place < q->place ? -1 : p->place > q->place;
}

static struct ranked *
rank(const struct identity *identities, size_t count)
{
	struct ranked *ranked = calloc(count + 1, sizeof(*ranked));
	size_t i;

	if (ranked == NULL)
		return NULL;
	for (i = 0; i < count; i++) {
		memcpy(ranked[i].digest, identities[i].digest, MD5_LENGTH);
		ranked[i].place = (uint32_t)i;
	}
	qsort(ranked, count, sizeof(*ranked), compare);
	return ranked;
}

/* Where the copies end that begin at from. */
static size_t
group_end(const struct ranked *ranked, size_t from, size_t count)
{
	size_t end = from + 1;

	while (end < count &&
	    memcmp(ranked[end].digest, ranked[from].digest, MD5_LENGTH) == 0)
		end++;
	return end;
}

/* ---- remembering -------------------------------------------------------- */

/* Adds what is left of the copies from ranked up to end, if their numbers are
 * not what they would be without memory. */
static void
remember_group(const struct mbox *mbox, const struct ranked *ranked,
    const struct ranked *end, struct memory *memory)
{
	size_t before = memory->count;
	bool is_needed = false;

	for (; ranked < end; ranked++) {
		const struct identity *identity =
		    &mbox->identities[ranked->place];

		if (mbox->index.messages[ranked->place].is_deleted)
			continue;
		memory->known[memory->count++] = *identity;
		if (identity->copy != memory->count - before)
			is_needed = true;
	}
	if (!is_needed)
		memory->count = before;
}

static int
remember_all(
    const struct mbox *mbox, const struct ranked *ranked, struct memory *memory)
{
	size_t i, end;

	memory->known = calloc(mbox->index.count + 1, sizeof(*memory->known));
	if (memory->known == NULL)
		return -1;
	for (i = 0; i < mbox->index.count; i = end) {
		end = group_end(ranked, i, mbox->index.count);
		remember_group(mbox, ranked + i, ranked + end, memory);
	}
	return write_memory(&mbox->place, memory);
}

/* Without copies there is nothing to remember. */
static bool
has_copies(const struct mbox *mbox)
{
	size_t i;

	for (i = 0; i < mbox->index.count; i++)
		if (mbox->identities[i].copy > 1)
			return true;
	return false;
}

int
copies_remember(const struct mbox *mbox)
{
	struct memory memory = { 0 };
	struct ranked *ranked;
	int result = -1;

	if (!mbox->is_identified || mbox->place.ids == -1)
		return 0;
	copies_recall_base(&mbox->place, &memory.base);
	uid_base_lower(mbox, &memory.base);
	if (!has_copies(mbox))
		return write_memory(&mbox->place, &memory);
	ranked = rank(mbox->identities, mbox->index.count);
	if (ranked != NULL)
		result = remember_all(mbox, ranked, &memory);
	free(memory.known);
	free(ranked);
	return result;
}

/* ---- the base of UIDs --------------------------------------------------- */

void
copies_recall_base(const struct mbox_place *place, struct uid_base *base)
{
	struct memory memory;

	recall(place->ids, &memory);
	*base = memory.base;
	free(memory.known);
}

int
copies_remember_base(
    const struct mbox_place *place, const struct uid_base *base)
{
	struct memory memory;
	int result;

	if (place->ids == -1)
		return 0;
	recall(place->ids, &memory);
	memory.base = *base;
	result = write_memory(place, &memory);
	free(memory.known);
	return result;
}
