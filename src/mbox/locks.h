/*
 * Inside the mailbox room: who may touch a mailbox now.
 */
#ifndef MBOX_LOCKS_H
#define MBOX_LOCKS_H

#include "mbox/mbox.h"

#include <sys/stat.h>
#include <time.h>

/* ---- network.c: where other machines may be --------------------------- */

/* True if the open file is on NFS. */
bool network_is_nfs(int fd);

/* True if other machines may use the file system of the open file, or if that
 * is not to be found out: then a process id may be one of theirs. */
bool network_may_share(int fd);

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

/* True if there is no NAME.lock; false also if that is not to be found out. */
bool dotlock_is_absent(const struct dotlock *lock);

/* ---- claim_files.c: what a claim has in the state directory ------------- */

/* A file name without suffix. */
#define CLAIM_NAME_SIZE (MBOX_NAME_SIZE - 8)

/* The path with each slash as a percent sign; its digest where that would be
 * too long for a file name, or could be another mailbox's too. */
void claim_name(const struct mbox_place *place, char base[CLAIM_NAME_SIZE]);

/* Opens BASE.SUFFIX in the directory state.  *is_new is set if it was made.  A
 * descriptor, or -1 with errno. */
int claim_open_file(
    int state, const char *base, const char *suffix, int flags, bool *is_new);

/* Writes the label where the open lock file has none or another one.  0, or -1
 * with errno. */
int claim_renew_label(
    int state, const char *base, const struct mbox_place *place, int lock);

/* Fills place from the label.  1, 0 if there is none, or -1 with errno. */
int claim_read_label(int state, const char *base, struct mbox_place *place);

/* ---- claim.c: the session lock ------------------------------------------ */

/* The status of the lock file of a claim, and whether its journal has something
 * in it.  0, or -1 with errno: there never was a session. */
int claim_look(const char *state, const struct mbox_place *place,
    struct stat *lock, bool *is_unfinished);

/* True if a server of NFS says that somebody has the claim. */
bool claim_is_elsewhere(const char *state, const struct mbox_place *place);

/* ---- claim_wait.c ------------------------------------------------------- */

/* 1 if a journal of the mailbox whose files are BASE.* in the open directory
 * state has something in it, 0 if not, -1 with errno. */
int claim_has_journal(int state, const char *base);

/* Locks the session lock of that mailbox, or what stands for it, see
 * mbox_claim().  0, or -1 with errno: EWOULDBLOCK if another session has it. */
int claim_wait(int state, const char *base, int lock, int64_t deadline);

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

/* Tries once to open the mailbox and to take all locks but the dotlock.  False
 * if something is in the way; then all is as it was. */
bool lock_without_dotlock(struct lock *lock);

/* True while the path names the open file. */
bool lock_is_current(const struct lock *lock);

/* To be called at least every few seconds while the locks are held. */
void lock_renew(struct lock *lock);

/* Gives the locks back; the mailbox stays open. */
void lock_release(struct lock *lock);

/* Gives the locks back and closes everything. */
void lock_close(struct lock *lock);

/* ---- quiet.c: reading without a dotlock --------------------------------- */

/* Opens and locks a mailbox that nobody writes, as far as can be told; fills
 * its status.  False if the way of lock_acquire() must be taken; then all is as
 * it was. */
bool quiet_begin(struct lock *lock, struct stat *status);

/* True if what was read since quiet_begin() is what a holder of all locks would
 * have read.  The locks are still held. */
bool quiet_was_kept(const struct lock *lock, const struct stat *status);

/* True if the file was changed last since the system began to run: no power cut
 * has come in between. */
bool quiet_since_boot(const struct stat *status);

#endif
