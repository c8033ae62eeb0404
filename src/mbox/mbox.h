/*
 * The door of the mailbox room: one mbox file, opened safely, indexed, read,
 * expunged in place, appended to.
 *
 * The room knows no POP3, no network and no accounts.  It neither logs nor
 * exits: functions return 0, or -1 with a struct mbox_reason that says what
 * happened, to which file, and what would help.  Nothing here needs root
 * except mbox_claim(), whose lock file lies in root's state directory.
 *
 * Message numbers start at 0 here; the protocol adds the one.  Octets are
 * counted as POP3 sends them: every line ends in CRLF.
 */
#ifndef MBOX_MBOX_H
#define MBOX_MBOX_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

/* How to lock a mailbox: a set of these.  MBOX_LOCK_DEFAULT is what Postfix,
 * Exim, procmail and Debian policy share. */
enum mbox_lock_method {
	MBOX_LOCK_DOTLOCK = 1, /* NAME.lock beside the mailbox */
	MBOX_LOCK_FCNTL = 2,   /* fcntl(2), whole file */
	MBOX_LOCK_FLOCK = 4    /* flock(2), never together with NFS */
};
#define MBOX_LOCK_DEFAULT (MBOX_LOCK_DOTLOCK | MBOX_LOCK_FCNTL)

/* Reads "dotlock,fcntl,flock" or a part of it.  False for other words, and for
 * flock alone, which keeps nobody out. */
bool mbox_parse_lock_methods(const char *text, unsigned int *methods);

/* How unique ids are made. */
struct uidl_format;

/* The format that --uidl calls name, or NULL. */
const struct uidl_format *mbox_find_uidl_format(const char *name);

#define MBOX_PATH_SIZE 1024
#define MBOX_NAME_SIZE 256

/* Longest unique id with its NUL (RFC 1939 section 7: 1 to 70 octets). */
#define MBOX_UIDL_SIZE 71

/* Where a mailbox is and how it is guarded.  Filled by the caller, who keeps
 * it unchanged as long as a struct mbox made from it lives. */
struct mbox_place {
	char directory[MBOX_PATH_SIZE];
	char name[MBOX_NAME_SIZE]; /* of the file there; no slash in it */
	uid_t owner;		   /* the only acceptable owner */
	unsigned int methods;	   /* set of enum mbox_lock_method */
	bool needs_dotlock;	   /* false: an unwritable directory is fine */
	bool syncs;		   /* false: no fsync(2), at the owner's risk */
	bool leaves_status;	   /* Status: headers are not changed */
	int keeper;		   /* socket to the lock keeper, or -1 */
	gid_t group;		   /* of the owner */
	int journal[2];		   /* descriptors of the redo journal, or -1 */
	off_t journal_size;	   /* octets of mail in it at most */
	off_t file_limit;	   /* octets of any file, or 0: no limit */
	int ids;	    /* descriptor of what is remembered of ids, or -1 */
	int index;	    /* descriptor of the index file, or -1 */
	off_t index_least;  /* octets of a mailbox that is worth an index */
	unsigned int pause; /* s from session to session at least, or 0 */
	unsigned int quiet; /* s without a change after which it is read without
			     * a dotlock, or 0: it never is */
	bool makes_files;   /* in the directory, for mbox_put_back() */
	int last; /* descriptor of a file as old as the last one, or -1 */
	bool notes_answers; /* mbox_answer() will be called */
	int answered;	    /* descriptor of what is remembered for it, or -1 */
	const struct uidl_format *uidl; /* NULL: our own */
};

/* Why a function failed. */
enum mbox_failure {
	MBOX_BUSY,	/* somebody holds a lock; later it may work */
	MBOX_TOO_SOON,	/* the last session began less than pause ago */
	MBOX_UNSAFE,	/* not a file we may touch: link, owner, type, mode */
	MBOX_CHANGED,	/* another program rewrote or replaced the mailbox */
	MBOX_FULL,	/* disk, quota or file size limit */
	MBOX_PENDING,	/* decided, but to be completed by mbox_recover() */
	MBOX_UNCERTAIN, /* an error left it open what is on disk */
	MBOX_SYSTEM	/* any other error of the system */
};

struct mbox_reason {
	enum mbox_failure failure;
	char text[MBOX_PATH_SIZE + MBOX_NAME_SIZE + 256]; /* for a log line */
};

/* ---- one session at a time ---------------------------------------------- */

/*
 * Claims the mailbox at place for one POP3 session until the returned
 * descriptor is closed, by whatever death, and opens its redo journal, what is
 * remembered of its ids, and its index file, into place.  The files lie in the
 * directory state, which must be writable to nobody but the caller.  Waits up
 * to the clock_now() moment deadline for another session to end, and longer for
 * one that is updating the mailbox.  If place has
 * a pause, it counts from the last mbox_open() that succeeded.  Where a full
 * disk allows no files the session goes without them.  Returns a descriptor, or
 * -1 with reason.
 */
int mbox_claim(const char *state, struct mbox_place *place, int64_t deadline,
    struct mbox_reason *reason);

/* Gives the claim back and closes the other files. */
void mbox_unclaim(struct mbox_place *place, int claim);

/* ---- after a crash ------------------------------------------------------ */

/* True if an update of the claimed mailbox was, or may be, interrupted. */
bool mbox_needs_recovery(const struct mbox_place *place);

/*
 * Finishes it, as the mailbox owner.  MBOX_CHANGED if the mailbox is not what
 * the journal describes: somebody has rewritten it since, and it is left as it
 * is.  MBOX_PENDING or MBOX_BUSY if it must be tried again.
 */
int mbox_recover(const struct mbox_place *place, int64_t deadline,
    struct mbox_reason *reason);

/* For a mailbox that cannot be recovered: writes the mail that is in the
 * journal to the descriptor out, and empties the journal when that is on disk.
 * 0, or -1 with errno. */
int mbox_rescue(const struct mbox_place *place, int out);

/* Goes through the directory state to the next mailbox with an interrupted
 * update; fills directory, name, owner, group and needs_dotlock of place.  1;
 * 0 at the end; -1 with errno for one that cannot be looked at, or, with
 * is_over set, if the directory cannot be read any further. */
int mbox_next_unfinished(DIR *state, struct mbox_place *place, bool *is_over);

/* ---- what an older server has left -------------------------------------- */

/* What mbox_put_back() has done. */
struct mbox_put_back {
	size_t count;		   /* of messages */
	char kept[MBOX_NAME_SIZE]; /* the file's new name; empty: none */
};

/*
 * Appends to the claimed mailbox at place, which is made if it is missing, all
 * messages of NAME.old beside it that it does not have, as the mailbox owner.
 * Then that file is named NAME.old.merged, or so with a number.  Does nothing
 * if there is none.  After a crash at any moment it can be done again.
 * MBOX_UNSAFE if it is no mbox of the owner's, and is left alone.
 */
int mbox_put_back(const struct mbox_place *place, int64_t deadline,
    struct mbox_put_back *result, struct mbox_reason *reason);

/* ---- reading ------------------------------------------------------------ */

struct mbox;

/*
 * Locks, indexes and unlocks the mailbox at place.  A file that does not exist
 * is an empty mailbox.  Gives up waiting for locks at the moment deadline.
 * *mbox belongs to the caller: mbox_close().
 */
int mbox_open(struct mbox **mbox, const struct mbox_place *place,
    int64_t deadline, struct mbox_reason *reason);

/* Writes the index file, where it has changed, and frees everything.  *mbox
 * becomes NULL. */
void mbox_close(struct mbox **mbox);

/* False when the file has content that is not an mbox: it shows no messages
 * and is never written. */
bool mbox_is_mbox(const struct mbox *mbox);

/* How many messages there are, marked ones included.  Fixed at opening. */
size_t mbox_count(const struct mbox *mbox);

/* How many of them are not marked, and what they have in octets as sent. */
void mbox_totals(const struct mbox *mbox, size_t *count, uint64_t *octets);

/* The number, from 1, of the last message that a Status: header called read
 * when the mailbox was opened; 0: none. */
size_t mbox_last_read(const struct mbox *mbox);

/* Has to succeed once before any function that takes the number of a message:
 * up to then only the index file was asked, and only for totals. */
int mbox_load(struct mbox *mbox, struct mbox_reason *reason);

/* Size of message i in octets as sent, without dot stuffing. */
uint64_t mbox_octets(const struct mbox *mbox, size_t i);

/* True when a Status: header says that message i was read before. */
bool mbox_was_read(const struct mbox *mbox, size_t i);

/*
 * Writes the unique id of message i: 1 to 70 octets from 0x21 to 0x7e, distinct
 * in the mailbox.  Our own ids are the same in every session whatever a mail
 * reader does to Status:, X-*:, Lines: and Content-Length: headers; for the
 * others see gnu-pop3d(8).  The first call reads all messages whose ids are not
 * in the index file.
 */
int mbox_uidl(struct mbox *mbox, size_t i, char id[MBOX_UIDL_SIZE],
    struct mbox_reason *reason);

/* An iterator over the stored octets of one message. */
struct mbox_reader {
	struct mbox *mbox;
	size_t message;
	struct stat status; /* of the file when reading began */
	off_t position;	    /* next octet in the file */
	off_t end;	    /* where the message ends */
	bool limits_lines;  /* stop after the header and some body lines */
	bool in_header;
	bool at_line_start;
	uint64_t lines_left; /* of the body */
};

#define MBOX_ALL_LINES UINT64_MAX

/*
 * Starts reading message i: its header and the first body_lines lines of its
 * body, or everything for MBOX_ALL_LINES.  Checks first that the message is
 * still where the index has it (MBOX_CHANGED otherwise).  No lock is needed:
 * others may only append.
 */
int mbox_read(struct mbox *mbox, size_t i, uint64_t body_lines,
    struct mbox_reader *reader, struct mbox_reason *reason);

/*
 * Gives the next piece as *data and *length, valid until the next call; a
 * length of 0 is the end.  Line ends are as stored.  At the end it is checked
 * again that the message is where it was: on MBOX_CHANGED what was given is
 * void.
 */
int mbox_read_next(struct mbox_reader *reader, const char **data,
    size_t *length, struct mbox_reason *reason);

/* ---- looking on --------------------------------------------------------- */

/* What is wrong with a file as a mailbox. */
enum mbox_fault {
	MBOX_SOUND,
	MBOX_NOT_REGULAR,
	MBOX_LINKED,
	MBOX_NOT_OWNED,
	MBOX_WRITABLE,	    /* for everybody */
	MBOX_NOT_ACCESSIBLE /* for its owner */
};

/* A constant text for the log, with what would help. */
const char *mbox_fault_text(enum mbox_fault fault);

/* A mailbox from outside. */
struct mbox_view {
	bool is_there;
	struct stat status; /* if it is */
	enum mbox_fault fault;
	int error;    /* errno: it cannot be looked at; 0: it can */
	bool is_mbox; /* true too if that was not found out */
	size_t count; /* messages */
};

/* These need not be the owner, take no lock and change nothing.  The first
 * reads the beginning of the file and counts no messages.  The count of the
 * second is wrong if mail is delivered meanwhile. */
void mbox_look(const struct mbox_place *place, struct mbox_view *view);
void mbox_look_through(const struct mbox_place *place, struct mbox_view *view);

/* NAME.lock beside a mailbox. */
struct mbox_dotlock {
	bool is_there;
	bool is_stale; /* the next session breaks it */
	time_t age;    /* s */
	pid_t holder;  /* 0: it names nobody */
};

void mbox_look_at_dotlock(
    const struct mbox_place *place, struct mbox_dotlock *found);

/* A lock that the kernel knows of. */
struct mbox_holder {
	bool is_held;
	pid_t process; /* 0: not to be found out */
};

/* Who has locked the mailbox by those methods of place that the kernel knows:
 * fcntl and flock. */
void mbox_look_at_file_locks(
    const struct mbox_place *place, struct mbox_holder *found);

/* Who has claimed it for a session, by the files in the directory state; and
 * whether an update is under way, or was interrupted. */
void mbox_look_at_claim(const char *state, const struct mbox_place *place,
    struct mbox_holder *found, bool *is_unfinished);

/* ---- changing ----------------------------------------------------------- */

bool mbox_is_deleted(const struct mbox *mbox, size_t i);

/* Marks message i; nothing happens on disk before mbox_update(). */
void mbox_delete(struct mbox *mbox, size_t i);

/* Notes that message i has got to the client; its Status: header will say so
 * after mbox_update(). */
void mbox_retrieved(struct mbox *mbox, size_t i);

/* True if mbox_retrieved() was called for message i. */
bool mbox_is_retrieved(const struct mbox *mbox, size_t i);

/*
 * Remembers that message i is being answered, which must happen only once.  1
 * if it was not remembered yet, by this or by another session; 0 if it was; -1
 * with reason.  Copies of a message to the last octet count as one.  It may be
 * answered when mbox_keep_answers() has succeeded.  place has notes_answers.
 */
int mbox_answer(struct mbox *mbox, size_t i, struct mbox_reason *reason);

/* Returns 0 when all that mbox_answer() remembers is on disk, or -1. */
int mbox_keep_answers(struct mbox *mbox, struct mbox_reason *reason);

/* Takes all marks for deletion back. */
void mbox_undelete_all(struct mbox *mbox);

/*
 * Whom mbox_update() tells, at most once, that the removal is decided: whatever
 * happens from then on, even a crash, will complete it.  Then mbox_update() has
 * still to bring it to an end, which may take as long again.  All locks are
 * held: decided() must not wait for anybody.  Short updates do not tell.
 */
void mbox_watch(struct mbox *mbox, void (*decided)(void *about), void *about);

/*
 * Removes the marked messages from the file, in place: the inode stays, what
 * was appended since mbox_open() stays.  Survives a crash at any moment.
 * Status: headers get an O, and an R for what was retrieved, where that can be
 * done.  Returns 0 only when the removal is on disk.  On -1 nothing was
 * changed, except with MBOX_PENDING: then mbox_recover() will complete it; and
 * with MBOX_UNCERTAIN: then the marked messages may be gone or not.
 */
int mbox_update(
    struct mbox *mbox, int64_t deadline, struct mbox_reason *reason);

struct spool;

/*
 * Appends message, complete with its From_ line and the empty line behind it,
 * to the mailbox at place, which is created (mode 0600) if it is missing.  A
 * mailbox whose last message was cut off is first completed with line ends.
 * Returns 0 when the message is on disk; on -1 the file is as it was before.
 */
int mbox_append(const struct mbox_place *place, struct spool *message,
    int64_t deadline, struct mbox_reason *reason);

/* True when a line of length octets, with or without its line end, is one that
 * a mailbox reader takes for the start of a message: From, a sender, a date.
 * At most 512 octets with its line end. */
bool mbox_is_from_line(const char *line, size_t length);

/* ---- the lock keeper's half --------------------------------------------- */

/*
 * Serves the other end of place->keeper: makes, touches and removes the one
 * dotlock of the file name in the open directory, and returns when the socket
 * is closed, with the lock removed.
 */
void mbox_keep_lock(int socket, int directory, const char *name);

#endif
