/*
 * Unique ids as other servers make them.  A format writes the id of a message
 * as that server would, as far as the mailbox alone tells it; uidl.c makes it
 * well formed and unique, whatever comes.
 */
#ifndef MBOX_UIDL_H
#define MBOX_UIDL_H

#include "mbox/private.h"

/* What a format knows while it goes through the messages in their order. */
struct uidl_walk {
	int fd;		      /* of the mailbox */
	struct uid_base base; /* read and written by uidl_uid.c */
	uint32_t previous_uid;
};

/* The id of one message. */
struct uidl_draft {
	char text[MBOX_UIDL_SIZE]; /* empty: the server has none of use */
	uint32_t uid;		   /* behind it, or 0 */
};

/* How one server does it. */
struct uidl_format {
	const char *name; /* for --uidl */
	/* Fills the empty draft.  0, or -1 with errno.  NULL: our own way. */
	int (*draft)(struct uidl_walk *walk, const struct message *message,
	    struct uidl_draft *draft);
	bool has_uids; /* needs the base */
};

/* Where the header fields of message begin. */
off_t message_header(const struct message *message);

/* ---- uidl_hash.c: MD5 of some header fields ----------------------------- */

int draft_popa3d(struct uidl_walk *walk, const struct message *message,
    struct uidl_draft *draft);
int draft_solid(struct uidl_walk *walk, const struct message *message,
    struct uidl_draft *draft);
int draft_dovecot_md5(struct uidl_walk *walk, const struct message *message,
    struct uidl_draft *draft);

/* ---- uidl_field.c: the text of a header field --------------------------- */

int draft_vm_pop3d(struct uidl_walk *walk, const struct message *message,
    struct uidl_draft *draft);
int draft_mailutils(struct uidl_walk *walk, const struct message *message,
    struct uidl_draft *draft);

/* ---- uidl_uid.c: UIDVALIDITY and UID ------------------------------------ */

int draft_dovecot(struct uidl_walk *walk, const struct message *message,
    struct uidl_draft *draft);
int draft_dovecot_099(struct uidl_walk *walk, const struct message *message,
    struct uidl_draft *draft);
int draft_ipop3d(struct uidl_walk *walk, const struct message *message,
    struct uidl_draft *draft);

#endif
