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

/* ---- status.c ----------------------------------------------------------- */

/* The first message whose Status: header is to change; the number of messages
 * if none is. */
size_t status_first_wanted(const struct mbox *mbox);

/* Changes the headers that have room, in the file, and lists what is to be
 * added to others.  All locks are held, and the messages verified.  The list
 * belongs to the caller; it is shorter where something fails. */
void status_mark(struct mbox *mbox, struct additions *additions);

/* ---- plan.c, plan_use.c: what is still to do ---------------------------- */

/* A piece of what is to be: length octets that come to target in the file.
 * They stand at from in the file, or, from TEXT_BASE on, in the text of the
 * plan. */
struct piece {
	off_t target;
	off_t length;
	off_t from;
};

#define TEXT_BASE ((off_t)1 << 62)

/* The new file from its first difference on.  What stays in its place is in no
 * piece. */
struct plan {
	off_t size; /* of the file; mail appended since begins here */
	off_t end;  /* size of the file when all is done */
	size_t count;
	struct piece *pieces; /* in order of their targets */
	char *text;	      /* octets that are in no file yet */
	size_t text_length;
};

/* Plans to remove the marked messages from a file that has size octets now,
 * and to put the additions in.  0, or -1 with errno. */
int plan_make(struct plan *plan, const struct index *index,
    const struct additions *additions, off_t size);

/* Goes on at the end of the plan with octets from the file ... */
int plan_keep(struct plan *plan, off_t from, off_t to);

/* ... or with new ones.  0, or -1 with errno. */
int plan_insert(struct plan *plan, const char *text, size_t length);

/* Makes an independent copy.  -1 with errno; EINVAL if the plan is none that
 * these functions make. */
int plan_copy(struct plan *copy, const struct plan *plan);

/* Where the first piece goes; the end if there is none. */
off_t plan_target(const struct plan *plan);

/* How many octets are still to be brought to their places. */
off_t plan_left(const struct plan *plan);

/* Notes that the length octets of the piece or pieces at target are in their
 * place. */
void plan_advance(struct plan *plan, off_t target, off_t length);

/* Copies the length octets that are to come to target, out of the file or the
 * text, into buffer.  0, or -1 with errno. */
int plan_read(
    const struct plan *plan, int fd, off_t target, char *buffer, size_t length);

void plan_free(struct plan *plan);

/* ---- portion.c: what a step can do at once ------------------------------ */

struct portion {
	off_t target;
	off_t length;
	bool has_data; /* the new octets must be in the journal first */
};

/* Chooses what of the plan comes first: octets whose places hold nothing that
 * the rest of the plan still needs; at most so many with data. */
struct portion portion_choose(const struct plan *plan, off_t most);

/* ---- record.c: one step in one file ------------------------------------- */

/* Target octets are checked in blocks of a disk sector: what a power cut can
 * leave half done. */
#define BLOCK_SIZE 512

struct step {
	uint64_t generation; /* the higher of two journals counts */
	uint64_t inode;
	struct plan plan;  /* this step and all after it */
	off_t target;	   /* where it writes; its octets are the plan's */
	off_t length;	   /* 0 if the end is all that changes */
	bool is_first;	   /* nothing was changed before it */
	bool is_extension; /* makes the file longer */
	bool is_copied;	 /* the last step was taken; only the cut is missing */
	uint64_t prefix; /* checksum of the octets before the target */
	size_t block_count;
	uint64_t *old_blocks; /* checksums of the target before the step */
	uint64_t *new_blocks; /* ... and after it */
	char *data;	      /* the new octets, or NULL: still in the file,
				 where this step does not write */
};

/* Frees everything; the plan too. */
void step_free(struct step *step);

/* How much room any step of the plan needs, with portion octets of data at
 * most, and its mark. */
off_t record_room(const struct plan *plan, off_t portion);

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

/* Takes length octets of disk for each file, so that no update stops in the
 * middle for want of them.  0, or -1 with errno. */
int journal_reserve(const struct mbox_place *place, off_t length);

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

/* True if a journal file has something in it, or cannot be looked at. */
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

/* True if these are the checksums of data, one for each block. */
bool blocks_check(
    const char *data, size_t length, off_t position, const uint64_t *sums);

/* The length of the chunk at position if left octets are left: it ends at the
 * end of a block, or of everything. */
size_t blocks_chunk(off_t position, off_t left);

/* Reads all length octets at position.  0, or -1 with errno; EIO if they are
 * not all there. */
int blocks_read(int fd, off_t position, char *buffer, size_t length);

/* The checksums of length octets at position in the file, and one of all octets
 * from a position to another.  0, or -1 with errno. */
int blocks_sum_file(int fd, off_t position, off_t length, uint64_t *sums);
int blocks_sum_range(int fd, off_t from, off_t to, uint64_t *sum);

/* ---- step.c: describing and taking steps -------------------------------- */

/* An update under way. */
struct job {
	struct lock *lock;
	const struct mbox_place *place;
	const struct watcher *watcher; /* NULL: nobody */
	uint64_t generation;	       /* of the last step written */
	off_t portion;		       /* octets of data in a step at most */
	char *data;		       /* room for them, or NULL */
	struct plan plan;
	bool is_marked;	   /* nothing but the cut is left */
	bool is_committed; /* the outcome is decided, and on disk */
	bool is_refused;   /* the journal has no room, or is none */
	bool is_uncertain; /* an error left it open whether it is */
};

/* Fills the next step of the job; its plan and its data are borrowed from the
 * job.  0, or -1 with errno. */
int step_describe(struct job *job, struct step *step);

/* The same for a step that makes the file as long as it will be. */
int step_describe_extension(const struct job *job, struct step *step);

/* Frees all but plan and data, which stay with the job; keeps errno. */
void step_forget(struct step *step);

/* What stands behind the last octet that stays, from before a cut is written
 * down until it is made: no mail begins with it. */
#define SENTINEL '\0'

/* 1 if it stands at position, 0 if not, -1 with errno. */
int sentinel_is_at(int fd, off_t position);

/* True if nothing but the cut comes after the step. */
bool step_precedes_cut(const struct plan *plan, const struct step *step);

/* Writes what the step says to its target and syncs the mailbox; puts the
 * sentinel behind the end before a cut.  ESTALE if the sources have changed. */
int step_take(const struct job *job, const struct step *step);

/* False if the target of the step holds something that is neither old nor new:
 * somebody else has written there.  -1 with errno on error. */
int step_verify(const struct step *step, int fd);

/* 1 if nothing was written to the target, 0 if something may have been, -1 with
 * errno. */
int step_is_untaken(const struct step *step, int fd);

/* ---- job.c: one step after the other ------------------------------------ */

/* Waits until the mailbox is on disk, unless its owner does not want that.
 * 0, or -1 with errno. */
int job_sync(const struct job *job);

/* Takes all steps that are left, cuts the file and empties the journal.
 * 0, or -1 with errno. */
int job_run(struct job *job);

/* After an error in the first step: empties the journal if the disk is full and
 * nothing has changed.  0, or -1; errno stays. */
int job_forget(struct job *job, const struct step *step);

/* Takes a step that is in the journal, maybe not for the first time, marks the
 * last one, and advances the plan of the job behind it. */
int job_redo(struct job *job, const struct step *step);

#endif
