/*
 * The index file: what a scan has found, so that the next session need not
 * scan.  A head with totals, then a record for each message.  It is a cache of
 * facts about one state of the mailbox: whatever does not check is not there.
 */
#ifndef MBOX_INDEX_FILE_H
#define MBOX_INDEX_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct identity;
struct message;

/* What is known of the whole mailbox. */
struct index_head {
	uint64_t magic;
	uint64_t nonce; /* in the checksums of all records behind it */
	uint64_t inode; /* of the mailbox, and its state when it was scanned */
	int64_t size;
	int64_t changed[2];  /* st_ctim: seconds, nanoseconds */
	int64_t modified[2]; /* st_mtim */
	uint64_t count;
	uint64_t octets; /* of struct index, as all that follows */
	uint64_t last_read;
	uint64_t wants_seen;
	uint64_t blank;
	uint64_t checksum; /* of all before it */
};

/* False if the file fd does not begin with a head that checks and has as many
 * records behind it as that says. */
bool index_file_read_head(int fd, struct index_head *head);

/* Reads count records from number first on, which are at most as many as head
 * says; identities may be NULL.  0, or -1 if one of them does not check or
 * cannot be true. */
int index_file_read(int fd, const struct index_head *head, size_t first,
    size_t count, struct message *messages, struct identity *identities);

/* Writes records; identities NULL: none are known.  0, or -1 with errno. */
int index_file_write(int fd, const struct index_head *head, size_t first,
    size_t count, const struct message *messages,
    const struct identity *identities);

/* Writes the head, last of all, with magic and checksum.  0, or -1 with
 * errno. */
int index_file_write_head(int fd, struct index_head *head);

/* Empties the file, if there is one, so that nobody believes it. */
void index_file_drop(int fd);

/* True if status is that of the mailbox of head, in the state that head
 * describes.  The device does not count: it is another one after a boot. */
bool index_file_fits(const struct index_head *head, const struct stat *status);

#endif
