/*
 * Inside the mailbox room: the index in memory, the scanner, unique ids.
 */
#ifndef MBOX_PRIVATE_H
#define MBOX_PRIVATE_H

#include "mbox/index_file.h"
#include "mbox/locks.h"
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

/* ---- append.c: at the end of a mailbox ---------------------------------- */

/* The line ends that a mailbox of this size needs before the next From_ line:
 * none if it is empty or ends in an empty line, as it should.  0, or -1 with
 * errno. */
int append_find_missing(int fd, off_t size, const char **missing);

/* Cuts off what was appended to a mailbox of that size.  Keeps errno. */
void append_cut_back(const struct lock *lock, off_t size);

/* If the mailbox was made: a new file is only there after a crash if its
 * directory is on disk too.  0, or -1 with errno. */
int append_sync_directory(const struct lock *lock);

/* ---- the index in memory ------------------------------------------------ */

/* There may be a million of them: 40 octets. */
struct message {
	off_t start;		   /* of its From_ line */
	off_t end;		   /* of its text, separating line excluded */
	uint64_t octets;	   /* as sent */
	uint64_t header_sum;	   /* checksum of its header */
	uint32_t header_length;	   /* From_ line and header; at most 1 MB */
	uint16_t separator_length; /* of the From_ line with its line end */
	bool has_long_header : 1;  /* longer than that */
	bool was_seen : 1;	   /* Status: has an O */
	bool was_read : 1;	   /* ... an R */
	bool has_room : 1;	   /* ... and blanks for what it has not */
	bool is_retrieved : 1;	   /* by this session */
	bool is_deleted : 1;
	bool is_altered : 1; /* mbox_update() has touched its header */
};

#define MESSAGES_AT_MOST 1000000

/* What is behind it is not looked at again before use. */
#define HEADER_AT_MOST ((off_t)1024 * 1024)

struct index {
	struct message *messages; /* NULL: none, or not loaded yet */
	size_t count;
	size_t room;	    /* of messages, in messages */
	off_t size;	    /* of what was scanned */
	uint64_t octets;    /* of all messages, as sent */
	size_t last_read;   /* the last message with an R, from 1; 0: none */
	size_t wants_seen;  /* how many have room for an O and no O */
	off_t blank;	    /* length of the empty line at the end; 0: there is
			       none, or none that is complete */
	struct stat status; /* of the file before that */
	bool is_foreign;    /* has text that is not an mbox */
};

/* Frees the messages. */
void index_free(struct index *index);

/* Adds up octets, last_read and wants_seen. */
void index_sum(struct index *index);

/* False if there are messages, but only the totals are known. */
bool index_is_loaded(const struct index *index);

/* ---- index.c: what the index file saves a session ----------------------- */

/* How the index file and the index in memory differ. */
struct filing {
	struct index_head head; /* of the file */
	size_t count;	 /* records in the file that are right; 0: none */
	size_t changed;	 /* the first message whose record is to be written */
	bool is_assumed; /* of the older messages only a sample was looked at */
	bool is_lasting; /* who writes the mailbox later will be noticed */
	bool is_void;	 /* nothing is to be written any more */
};

/* Fills the index of a mailbox that is locked: from the index file, from that
 * and what has been appended since, or by a scan. */
int index_open(struct mbox *mbox, struct mbox_reason *reason);

/* After the mailbox was found to be other than the index says: the next session
 * is to scan it. */
void index_distrust(struct mbox *mbox);

/* True if no write of the mailbox from now on can leave it with that time. */
bool index_is_past(const struct timespec *time);

/* ---- index_keep.c ------------------------------------------------------- */

/* Writes the index file, as the session ends.  Nobody is told of errors. */
void index_keep(struct mbox *mbox);

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
	const char *text; /* the start of the current line, if it is of use */
	size_t held;	  /* octets of it, SCAN_LINE_SIZE at most */
	char line[SCAN_LINE_SIZE]; /* for a line that comes in parts */
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

/* The same from the octet end on, where an earlier scan has ended with an empty
 * line of blank octets.  Begins the index with last, the last message then,
 * which is another one now if it goes on. */
int scan_tail(struct lock *lock, struct index *index,
    const struct message *last, off_t end, off_t blank,
    struct mbox_reason *reason);

/* ---- skim.c: the lines of a body, many at a time ------------------------ */

/* From start, where a line begins, which is not the first of a message nor
 * follows an empty one: goes to a line that follows an empty one and begins as
 * a From_ line does, or to the last line that is certain to be none.  Returns
 * where that begins; start if there is no way to go.  *bare is how many lines
 * before it end in LF without CR. */
const char *skim_lines(const char *start, const char *end, uint64_t *bare);

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

/* True if ids are of our own format: the others are made in each session. */
bool has_own_ids(const struct mbox *mbox);

/* Frees labels; before the index is kept, which has their count until then. */
void uidl_free_labels(struct mbox *mbox);

/* Frees labels and identities. */
void uidl_free(struct mbox *mbox);

/* Finds out mbox->base.  Has to come before a message may be deleted. */
void uid_base_learn(struct mbox *mbox);

/* Lowers the last UID of base to the greatest of the messages that are not
 * marked, if ids are made of UIDs. */
void uid_base_lower(const struct mbox *mbox, struct uid_base *base);

/* ---- digest.c: our own digest of a message ------------------------------ */

struct digester {
	int fd;	     /* of the mailbox */
	off_t start; /* of the window in it */
	size_t held; /* octets in the window */
	char *window;
};

/* Begins and ends making digests of messages, best in mailbox order.  0, or -1
 * with errno. */
int digest_begin(struct digester *digester, int fd);
void digest_end(struct digester *digester);

/* 0, or -1 with errno: ESTALE if the file has become shorter. */
int digest_message(struct digester *digester, const struct message *message,
    unsigned char digest[16]);

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

/* ---- status.c: what is added to headers --------------------------------- */

/* Octets to be put in before the octet at of the file, which is part of a
 * message that stays. */
#define ADDITION_SIZE 40

struct addition {
	off_t at;
	size_t length;
	char text[ADDITION_SIZE];
};

struct additions {
	struct addition *list; /* in file order */
	size_t count;
};

/* ---- answers.c: which messages were answered ---------------------------- */

struct answers;
void answers_free(struct answers **answers);

/* ---- the opened mailbox ------------------------------------------------- */

/* See mbox_watch(). */
struct watcher {
	void (*decided)(void *about); /* NULL: nobody */
	void *about;
};

struct mbox {
	struct mbox_place place;
	struct lock lock;
	struct index index;
	struct index tail; /* last known message and what was appended; to be
			      part of the index when that is loaded */
	bool was_quiet;	   /* when it was opened, with the next; see quiet.c */
	struct stat quiet_status;
	struct filing filing;
	struct additions additions; /* made by mbox_update() */
	bool is_updated;	    /* index is what was before that */
	size_t marked;		    /* how many messages are */
	uint64_t marked_octets;	    /* ... and what they have */
	struct uid_base base;
	struct identity *identities; /* NULL until asked for, or loaded */
	bool is_identified;	     /* ... and all known */
	struct label *labels;	     /* the same; NULL also for our own ids */
	char *buffer;		     /* for reading, NULL until needed */
	struct watcher watcher;
	struct answers *answers; /* NULL until asked for */
};

/* Size of every read of mailbox text. */
#define READ_SIZE ((size_t)64 * 1024)

/* ---- torn.c: what a crash has torn off ---------------------------------- */

/*
 * Cuts the mailbox, whose locks are held, behind its last whole message, if
 * what follows is the beginning of a message of old and not the whole of it;
 * also if it is so short that the scan took it for text of the message before.
 * Nothing is lost, for old has it whole.  Both are scanned.  piece has
 * DIGEST_PIECE octets.  0, or -1 with errno.
 */
int torn_cut(struct mbox *mailbox, const struct mbox *old, char *piece);

/* ---- verify.c: checked before use --------------------------------------- */

/* 1 if what stands from the octet from on looks like mail that was appended, or
 * if nothing does; 0 if not; -1 with errno. */
int tail_is_sound(int fd, off_t from);

/* True if status is that of a file which nobody has written since it was
 * before. */
bool is_untouched(const struct stat *before, const struct stat *status);

/* 1 if a header is where message has it, the same and no longer; 0 if not, -1
 * with errno. */
int message_is_there(int fd, const struct message *message);

/* Reads the header_length octets of a header that was altered, and corrects
 * what message says of it.  0, or -1 if there is another one. */
int message_read_header(int fd, struct message *message);

/* Checks that message i is still where the index has it: the mailbox has not
 * shrunk, the From_ line and the header are the same, the header ends where it
 * ended, and behind the message another one begins, or nothing. */
int message_verify(
    const struct mbox *mbox, size_t i, struct mbox_reason *reason);

#endif
