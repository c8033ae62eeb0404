/*
 * The octets of an index file.  It is written by a session, so root never reads
 * it; a session reads it as it reads a mailbox: anything may be in there.
 *
 * The checksum of a record has the nonce of the head and the number of the
 * message in it.  A head is written when its records are there, and before they
 * are made anew for another state of the mailbox the file is emptied.  So a
 * file that a crash has left half written has no head, or a head whose records
 * do not check, or one that describes fewer records than there are, which are
 * right.
 */
#include "config.h"

#include "mbox/private.h"
#include "support/checksum.h"
#include "support/fileio.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Another one for another layout; other machines write it the other way
 * round. */
#define MAGIC 0x3158444950334f50U /* "PO3PIDX1" */

/* A sector of a disk holds whole ones. */
struct record {
	struct message message;
	struct identity identity;
	uint32_t checksum;
};

_Static_assert(sizeof(struct record) == 64, "octets for each message");
_Static_assert(sizeof(struct index_head) <= 128, "room for the head");

#define RECORDS_AT_ONCE ((size_t)1024)

/* Where the first one is. */
#define HEAD_ROOM 128

static off_t
position_of(size_t number)
{
	return (off_t)(HEAD_ROOM + number * sizeof(struct record));
}

void
index_file_drop(int fd)
{
	struct stat status;

	if (fd != -1 && fstat(fd, &status) == 0 && status.st_size > 0 &&
	    ftruncate(fd, 0) == -1)
		(void)fileio_write_at(fd, "", 1, 0); /* no magic, no head */
}

/* ---- the head ----------------------------------------------------------- */

static uint64_t
head_checksum(const struct index_head *head)
{
	return checksum(0, head, offsetof(struct index_head, checksum));
}

bool
index_file_read_head(int fd, struct index_head *head)
{
	struct stat status;

	return fd != -1 && fstat(fd, &status) == 0 &&
	    fileio_read_at(fd, head, sizeof(*head), 0) == sizeof(*head) &&
	    head->magic == MAGIC && head->checksum == head_checksum(head) &&
	    head->count > 0 && head->count <= MESSAGES_AT_MOST &&
	    head->last_read <= head->count && head->wants_seen <= head->count &&
	    head->size > 0 && head->blank <= 2 &&
	    status.st_size >= position_of((size_t)head->count);
}

int
index_file_write_head(int fd, struct index_head *head)
{
	head->magic = MAGIC;
	head->checksum = head_checksum(head);
	return fileio_write_at(fd, head, sizeof(*head), 0);
}

bool
index_file_fits(const struct index_head *head, const struct stat *status)
{
	return head->inode == status->st_ino && head->size == status->st_size &&
	    head->changed[0] == status->st_ctim.tv_sec &&
	    head->changed[1] == status->st_ctim.tv_nsec &&
	    head->modified[0] == status->st_mtim.tv_sec &&
	    head->modified[1] == status->st_mtim.tv_nsec;
}

/* ---- records ------------------------------------------------------------ */

static uint32_t
record_checksum(const struct record *record, uint64_t nonce, size_t number)
{
	uint64_t sum =
	    checksum(nonce + number, record, offsetof(struct record, checksum));

	return (uint32_t)(sum ^ sum >> 32);
}

/* Whether a message can be like that, behind the octet before. */
static bool
is_sound(const struct message *message, off_t before, off_t size)
{
	return message->start >= before && message->end <= size &&
	    message->separator_length > 0 &&
	    message->separator_length <= SCAN_LINE_SIZE &&
	    message->header_length >= message->separator_length &&
	    message->header_length <= HEADER_AT_MOST &&
	    message->end - message->start >= (off_t)message->header_length;
}

/* Takes up to RECORDS_AT_ONCE of them; *before is where the last one ended. */
static int
read_some(int fd, const struct index_head *head, struct record *records,
    size_t first, size_t count, off_t *before)
{
	size_t length = count * sizeof(*records);
	size_t i;

	if (fileio_read_at(fd, records, length, position_of(first)) !=
	    (ssize_t)length)
		return -1;
	for (i = 0; i < count; i++) {
		const struct record *record = &records[i];

		if (record->checksum !=
			record_checksum(record, head->nonce, first + i) ||
		    !is_sound(&record->message, *before, head->size))
			return -1;
		*before = record->message.end;
	}
	return 0;
}

static size_t
part_of(size_t left)
{
	return left < RECORDS_AT_ONCE ? left : RECORDS_AT_ONCE;
}

static int
read_all(int fd, const struct index_head *head, struct record *records,
    size_t first, size_t count, struct message *messages,
    struct identity *identities)
{
	size_t done, part, i;
	off_t before = 0;

	for (done = 0; done < count; done += part) {
		part = part_of(count - done);
		if (read_some(fd, head, records, first + done, part, &before) ==
		    -1)
			return -1;
		for (i = 0; i < part; i++) {
			messages[done + i] = records[i].message;
			if (identities != NULL)
				identities[done + i] = records[i].identity;
		}
	}
	return 0;
}

int
index_file_read(int fd, const struct index_head *head, size_t first,
    size_t count, struct message *messages, struct identity *identities)
{
	struct record *records = calloc(part_of(count), sizeof(*records));
	int result;

	if (records == NULL)
		return -1;
	result =
	    read_all(fd, head, records, first, count, messages, identities);
	free(records);
	return result;
}

/* What this session has done with it is not written. */
static void
fill_record(struct record *record, const struct message *message,
    const struct identity *identity)
{
	memset(record, 0, sizeof(*record));
	record->message = *message;
	record->message.is_retrieved = false;
	record->message.is_deleted = false;
	record->message.is_altered = false;
	if (identity != NULL)
		record->identity = *identity;
}

static int
write_all(int fd, const struct index_head *head, struct record *records,
    size_t first, size_t count, const struct message *messages,
    const struct identity *identities)
{
	size_t done, part, i;

	for (done = 0; done < count; done += part) {
		part = part_of(count - done);
		for (i = 0; i < part; i++) {
			fill_record(&records[i], &messages[done + i],
			    identities == NULL ? NULL : &identities[done + i]);
			records[i].checksum = record_checksum(
			    &records[i], head->nonce, first + done + i);
		}
		if (fileio_write_at(fd, records, part * sizeof(*records),
			position_of(first + done)) == -1)
			return -1;
	}
	return 0;
}

int
index_file_write(int fd, const struct index_head *head, size_t first,
    size_t count, const struct message *messages,
    const struct identity *identities)
{
	struct record *records = calloc(part_of(count), sizeof(*records));
	int result;

	if (records == NULL)
		return -1;
	result =
	    write_all(fd, head, records, first, count, messages, identities);
	free(records);
	return result;
}
