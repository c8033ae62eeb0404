/*
 * Inside the mailbox room: who may touch a mailbox now.
 */
#ifndef MBOX_LOCKS_H
#define MBOX_LOCKS_H

#include "mbox/mbox.h"

#include <sys/stat.h>
#include <time.h>

/* ---- dotlock.c: one lock file ------------------------------------------- */

struct dotlock {
	int directory;	  /* descriptor, borrowed */
	const char *name; /* of the mailbox, borrowed */
	bool is_held;
	dev_t device; /* of the lock file that we made */
	ino_t inode;
};

/* Tries once to make NAME.lock, breaking a stale one.  0, or -1 with errno:
 * EEXIST means that somebody else holds it. */
int dotlock_try(struct dotlock *lock);

/* Renews the time stamp, so that nobody takes the lock for stale. */
void dotlock_touch(const struct dotlock *lock);

/* Removes the lock file if it is still the one that we made. */
void dotlock_release(struct dotlock *lock);

/* Looks at NAME.lock, whoever made it.  now is a time(2). */
void dotlock_look(
    const struct dotlock *lock, time_t now, struct mbox_dotlock *found);

/* ---- claim.c: the session lock ------------------------------------------ */

/* The status of the lock file of a claim, and whether its journal has something
 * in it.  0, or -1 with errno: there never was a session. */
int claim_look(const char *state, const struct mbox_place *place,
    struct stat *lock, bool *is_unfinished);

/* ---- claim_wait.c ------------------------------------------------------- */

/* 1 if a journal of the mailbox whose files are BASE.* in the open directory
 * state has something in it, 0 if not, -1 with errno. */
int claim_has_journal(int state, const char *base);

/* Locks the session lock of that mailbox, see mbox_claim().  0, or -1 with
 * reason. */
int claim_wait(int state, const char *base, const struct mbox_place *place,
    int lock, int64_t deadline, struct mbox_reason *reason);

/* ---- keeper.c: the same through the lock keeper ------------------------- */

int keeper_try(int keeper);
void keeper_touch(int keeper);
void keeper_release(int keeper);

/* ---- lock.c: all locks of a mailbox ------------------------------------- */

struct lock {
	const struct mbox_place *place;
	int directory; /* of the mailbox, opened with O_PATH, or -1 */
	int fd;	       /* the mailbox, or -1: missing or not opened */
	int flags;     /* for open(2) */
	struct dotlock dotlock;
	bool has_dotlock;
	bool is_missing;  /* the mailbox does not exist */
	bool was_created; /* ... and lock_acquire() made it */
	int64_t touched;  /* when the dotlock was last renewed */
};

/* Prepares a lock on the mailbox at place.  may_create: make the mailbox if it
 * is missing, and open it for appending only. */
void lock_init(
    struct lock *lock, const struct mbox_place *place, bool may_create);

/*
 * Opens the mailbox if it is not open and takes all locks, giving all back
 * between tries, until deadline.  Returns 0 with the locks held, or with
 * is_missing and none held.  A mailbox that was open before and is no longer
 * what its path names gives MBOX_CHANGED.
 */
int lock_acquire(
    struct lock *lock, int64_t deadline, struct mbox_reason *reason);

/* To be called at least every few seconds while the locks are held. */
void lock_renew(struct lock *lock);

/* Gives the locks back; the mailbox stays open. */
void lock_release(struct lock *lock);

/* Gives the locks back and closes everything. */
void lock_close(struct lock *lock);

#endif
