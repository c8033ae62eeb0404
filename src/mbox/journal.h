/*
 * The redo journal: how an update is described before it is made, so that it
 * can be finished after any crash.  Only the mailbox room includes this.
 *
 * An update brings the pieces of the file that stay to their new places, one
 * behind the other, in steps; see update.c for the argument why every moment
 * of it is safe.  Each step is written to one of two journal files, in turn,
 * with everything that is still to do behind it, and is on disk before the
 * step is taken.
 */
#ifndef MBOX_JOURNAL_H
#define MBOX_JOURNAL_H

#include "mbox/private.h"

/* ---- plan.c: what is still to do ---------------------------------------- */

/* A piece of the file that stays: from the octet from up to to. */
struct piece {
	off_t from;
	off_t to;
};

struct plan {
	off_t size;   /* of the file; mail appended since begins here */
	off_t target; /* where the first piece goes */
	size_t count;
	struct piece *pieces; /* in file order; freed by plan_free() */
};

/* Plans to remove the marked messages from a file that has size octets now.
 * 0, or -1 with errno. */
int plan_make(struct plan *plan, const struct index *index, off_t size);

/* Adds the piece behind the others.  0, or -1 with errno. */
int plan_add(struct plan *plan, off_t from, off_t to);

/* How many octets are still to be brought to their place. */
off_t plan_length(const struct plan *plan);

/* Notes that the next length octets are in their place. */
void plan_advance(struct plan *plan, off_t length);

/* Copies length octets, from the octet skip of what is still to do, out of the
 * file into buffer.  0, or -1 with errno. */
int plan_read(
    const struct plan *plan, int fd, off_t skip, char *buffer, size_t length);

void plan_free(struct plan *plan);

/* ---- record.c: one step in one file ------------------------------------- */

#define NONCE_LENGTH 16

/* Target octets are checked in blocks of a disk sector: what a power cut can
 * leave half done. */
#define BLOCK_SIZE 512

struct step {
	uint64_t generation; /* the higher of two journals counts */
	uint64_t device;
	uint64_t inode;
	struct plan plan; /* this step and all after it */
	off_t length;	  /* octets that this step brings to plan.target */
	bool is_last;	  /* afterwards nonce is put behind them */
	bool is_copied;	  /* the step was taken; only the cut may be missing */
	unsigned char nonce[NONCE_LENGTH]; /* first octet NUL */
	uint64_t prefix; /* checksum of the octets before the target */
	size_t block_count;
	uint64_t *old_blocks; /* checksums of the target before the step */
	uint64_t *new_blocks; /* ... and after it */
	char *data;	      /* the new octets, or NULL: still in the file,
				 where this step does not write */
};

/* Frees everything; the plan too. */
void step_free(struct step *step);

/* Writes the step over what the file has; not yet synced.  0, or -1 with
 * errno. */
int record_write(int fd, const struct step *step);

/* Notes behind the step that it was taken. */
int record_mark(int fd, const struct step *step);

/* Reads the step.  1 if there is a whole one, 0 if not, -1 with errno. */
int record_read(int fd, struct step *step);

/* ---- journal.c: two files in turn --------------------------------------- */

enum journal_result {
	JOURNAL_WRITTEN, /* and on disk */
	JOURNAL_REFUSED, /* errno says why; the other file still counts */
	JOURNAL_UNKNOWN	 /* an error left it open whether it is on disk */
};

/* Writes the step to its journal file and waits until it is on disk. */
enum journal_result journal_write(
    const struct mbox_place *place, const struct step *step);

/* Notes on disk that the step, the last one, was taken. */
int journal_mark_copied(
    const struct mbox_place *place, const struct step *step);

/* Reads the step that counts.  1 if there is one, 0 if not, -1 with errno. */
int journal_read(const struct mbox_place *place, struct step *step);

/* Empties both files, the one that does not count first.  0, or -1 with
 * errno. */
int journal_clear(const struct mbox_place *place, uint64_t generation);

/* True if a journal file has something in it. */
bool journal_is_used(const struct mbox_place *place);

/* ---- blocks.c: checksums of parts of the mailbox ------------------------ */

/* Checksums are made of what is read in chunks of this size at most. */
#define BLOCKS_CHUNK_SIZE ((size_t)256 * 1024)

/* How many blocks length octets at position touch.  Blocks lie where sectors
 * do: at multiples of their size in the file. */
size_t blocks_count(off_t position, off_t length);

/* Makes the checksums of data, which is meant for position.  Returns how
 * many. */
size_t blocks_sum(
    const char *data, size_t length, off_t position, uint64_t *sums);

/* The length of the chunk at position if left octets are left: it ends at the
 * end of a block, or of everything. */
size_t blocks_chunk(off_t position, off_t left);

/* The checksums of length octets of what the plan brings to position; of what
 * is in the file there now; and of the octets before target.  0, or -1 with
 * errno. */
int blocks_sum_plan(const struct plan *plan, int fd, off_t position,
    off_t length, uint64_t *sums);
int blocks_sum_file(int fd, off_t position, off_t length, uint64_t *sums);
int blocks_sum_prefix(int fd, off_t target, uint64_t *sum);

/* ---- step.c: choosing and taking steps ---------------------------------- */

/* An update under way. */
struct job {
	struct lock *lock;
	const struct mbox_place *place;
	uint64_t generation; /* of the last step written */
	struct plan plan;
	bool is_committed; /* the outcome is decided, and on disk */
	bool is_uncertain; /* an error left it open whether it is */
};

/* Takes all steps that are left, cuts the file and empties the journal.
 * 0, or -1 with errno. */
int job_run(struct job *job);

/* Takes a step again that was found in the journal, and advances the plan of
 * the job behind it. */
int job_redo(struct job *job, const struct step *step);

/* False if the target of the step holds something that is neither old nor new:
 * somebody else has written there.  -1 with errno on error. */
int step_verify(const struct step *step, int fd);

#endif
