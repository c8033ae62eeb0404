/*
 * Inside the mailbox room: the index in memory, the locks, the scanner.
 */
#ifndef MBOX_PRIVATE_H
#define MBOX_PRIVATE_H

#include "mbox/mbox.h"

#include <sys/stat.h>
#include <time.h>

/* ---- reasons ------------------------------------------------------------ */

/* Fills reason and returns -1, so that callers can return its result.  Ends
 * the text with a colon and strerror(errno) when error is not 0. */
int reason_set(struct mbox_reason *reason, enum mbox_failure failure,
    const struct mbox_place *place, int error, const char *text);

/* True for errno of a full disk, quota or file size limit. */
bool error_is_full(int error);

/* The same for a system call that failed: sorts errno into failure. */
int reason_errno(struct mbox_reason *reason, const struct mbox_place *place,
    const char *text);

/* ---- fault.c: which files are mailboxes --------------------------------- */

/* What is wrong with a file of this status; all but MBOX_NOT_ACCESSIBLE. */
enum mbox_fault fault_find(
    const struct stat *status, const struct mbox_place *place);

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

/* ---- the index in memory ------------------------------------------------ */

struct message {
	off_t start;		   /* of its From_ line */
	off_t end;		   /* of its text, separating line excluded */
	uint64_t octets;	   /* as sent */
	uint32_t separator_length; /* of the From_ line with its line end */
	uint32_t header_length;	   /* ... and all header lines; at most 1 MB */
	uint64_t header_sum;	   /* checksum of these */
	bool has_long_header;	   /* longer than that */
	bool was_seen;		   /* Status: has an O */
	bool was_read;		   /* ... an R */
	bool has_room;		   /* ... and blanks for what it has not */
	bool is_retrieved;	   /* by this session */
	bool is_deleted;
};

struct index {
	struct message *messages;
	size_t count;
	size_t room;	    /* of messages, in messages */
	off_t size;	    /* of what was scanned */
	struct stat status; /* of the file before that */
	bool is_foreign;    /* has text that is not an mbox */
};

/* Frees the messages. */
void index_free(struct index *index);

#define STATUS_FIELD "Status:"

/* ---- scan.c ------------------------------------------------------------- */

/* Longer lines are never From_ lines; also the most of a header line that is
 * looked at. */
#define SCAN_LINE_SIZE 512

struct scan {
	struct index *index;
	off_t line_start;
	off_t line_length;  /* so far */
	bool follows_blank; /* the line before was empty */
	bool in_header;
	unsigned long begun; /* messages so far, also one that is not shown */
	bool has_imap_mark;  /* the first message has an X-IMAP: header ... */
	bool is_internal;    /* ... and the subject of internal data */
	bool ends_in_cr;     /* the last octet was CR */
	off_t blank_length;  /* of the empty line before this one, or 0 */
	size_t held;	     /* octets in line */
	char line[SCAN_LINE_SIZE]; /* the start of the current line */
};

/* Starts a scan into the empty index. */
void scan_init(struct scan *scan, struct index *index);

/* Takes the next length octets of the file.  0, or -1 with errno ENOMEM or
 * EOVERFLOW (too many messages). */
int scan_feed(struct scan *scan, const char *data, size_t length);

/* Takes the end of the file. */
int scan_finish(struct scan *scan);

/* Scans the whole mailbox behind lock, which is held. */
int scan_mailbox(
    struct lock *lock, struct index *index, struct mbox_reason *reason);

/* ---- uidl.c: unique ids ------------------------------------------------- */

/* What tells messages apart; made for all at once, when first asked for. */
struct identity {
	unsigned char digest[16]; /* of the label, or of the message */
	uint32_t
	    copy; /* 1 for the first message with this digest, then 2 ... */
};

/* What another server calls the message. */
struct label {
	char *text;   /* NULL: nothing of use */
	uint32_t uid; /* of IMAP, or 0 */
};

/* What IMAP servers write into the first message of an mbox file. */
struct uid_base {
	uint32_t validity; /* 0: unknown */
	uint32_t last;	   /* greatest UID to be believed */
};

/* Frees labels and identities; before the index, which has their count. */
void uidl_free(struct mbox *mbox);

/* Finds out mbox->base.  Has to come before a message may be deleted. */
void uid_base_learn(struct mbox *mbox);

/* Lowers the last UID of base to the greatest of the messages that are not
 * marked, if ids are made of UIDs. */
void uid_base_lower(const struct mbox *mbox, struct uid_base *base);

/* ---- digest.c: our own digest of a message ------------------------------ */

/* Size of the piece of memory to work in. */
#define DIGEST_PIECE ((size_t)64 * 1024)

/* 0, or -1 with errno. */
int digest_message(const struct mbox *mbox, const struct message *message,
    char *piece, unsigned char digest[16]);

/* ---- copies.c: what is remembered of ids -------------------------------- */

/* Numbers equal digests.  0, or -1 with errno. */
int copies_number(
    const struct mbox_place *place, struct identity *identities, size_t count);

/* After the marked messages were removed: keeps the numbers of those that are
 * left.  0, or -1 with errno, which loses no mail. */
int copies_remember(const struct mbox *mbox);

/* What was last remembered; 0 if nothing. */
void copies_recall_base(const struct mbox_place *place, struct uid_base *base);

/* 0, or -1 with errno. */
int copies_remember_base(
    const struct mbox_place *place, const struct uid_base *base);

/* ---- the opened mailbox ------------------------------------------------- */

struct mbox {
	struct mbox_place place;
	struct lock lock;
	struct index index;
	struct uid_base base;
	struct identity *identities; /* NULL until asked for */
	struct label *labels;	     /* the same; NULL also for our own ids */
	char *buffer;		     /* for reading, NULL until needed */
};

/* Size of every read of mailbox text. */
#define READ_SIZE ((size_t)64 * 1024)

/* ---- verify.c: checked before use --------------------------------------- */

/* 1 if what stands from the octet from on looks like mail that was appended, or
 * if nothing does; 0 if not; -1 with errno. */
int tail_is_sound(int fd, off_t from);

/* True if status is that of a file which nobody has written since it was
 * before. */
bool is_untouched(const struct stat *before, const struct stat *status);

/* Checks that message i is still where the index has it: the mailbox has not
 * shrunk, the From_ line and the header are the same, the header ends where it
 * ended, and behind the message another one begins, or nothing. */
int message_verify(
    const struct mbox *mbox, size_t i, struct mbox_reason *reason);

#endif
