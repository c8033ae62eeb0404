/*
 * The door of the account room: who may log in, as which system user, and
 * where the mail is.
 *
 * Callers run as root, or as the one user whose mail is served.  The functions
 * change no identity and open no mailbox.  They log bad lines of passwd files
 * with file name and line number; they never log a secret.
 */
#ifndef ACCOUNT_ACCOUNT_H
#define ACCOUNT_ACCOUNT_H

#include "account/credentials.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ACCOUNT_USER_SIZE   65	/* of a user name with its NUL */
#define ACCOUNT_DOMAIN_SIZE 254 /* of a domain name with its NUL */
#define ACCOUNT_NAME_SIZE   (ACCOUNT_USER_SIZE + ACCOUNT_DOMAIN_SIZE)
#define ACCOUNT_PATH_SIZE   512

/* Where accounts and mail are; see the options in gnu-pop3d(8).  The texts are
 * borrowed.  Empty home_mailbox and default_domain mean none. */
struct account_rules {
	const char *virtual_directory;
	const char *virtual_spool;
	const char *mail_spool;
	const char *home_mailbox;
	const char *default_domain;
	uid_t least_uid;
	const char *apop_file; /* NULL: none */
};

/* Somebody who is logged in, or for whom mail is delivered. */
struct account {
	char name[ACCOUNT_NAME_SIZE]; /* "user" or "user@domain" */
	char user[ACCOUNT_USER_SIZE];
	char domain[ACCOUNT_DOMAIN_SIZE]; /* empty for a system user */
	char home[ACCOUNT_PATH_SIZE];	  /* empty for none */
	uid_t uid;			  /* never 0 */
	gid_t gid;
	bool leaves_status; /* logged in with "s-" in front */
};

/* ---- names -------------------------------------------------------------- */

/* True for names that are safe in a path and in a log: a-z, 0-9 and ._+-, no
 * leading dot, no "..", no suffix of lock files, not empty, not too long. */
bool account_is_user_name(const char *name);
bool account_is_domain_name(const char *name);

/* ---- logging in --------------------------------------------------------- */

enum account_verdict {
	ACCOUNT_ACCEPTED,
	ACCOUNT_REFUSED,   /* wrong name or secret, locked, expired: [AUTH] */
	ACCOUNT_TRY_LATER, /* trouble of this system: [SYS/TEMP] */
};

/* What account_verify() has found out. */
struct account_finding {
	struct account account; /* if accepted */
	const char *why;	/* a short constant text for the log */

	/* By which we prove to a SCRAM client that we know its secret; zeros if
	 * it was not accepted. */
	unsigned char signature[CREDENTIALS_PROOF_SIZE];
};

/*
 * Decides whether credentials open an account, and which.  stamp is the one of
 * this connection, for APOP and SASL.  local_domain is the domain that the
 * client's choice of our address stands for, or NULL.  The cost does not depend
 * on whether the account exists.
 */
enum account_verdict account_verify(const struct account_rules *rules,
    const struct credentials *credentials, const char *stamp,
    const char *local_domain, struct account_finding *finding);

/* True if some virtual account, or the APOP file, has a plain-text secret, so
 * that APOP, CRAM-MD5 and SCRAM can succeed for somebody. */
bool account_some_are_plain(const struct account_rules *rules);

/* ---- delivering --------------------------------------------------------- */

enum account_search {
	ACCOUNT_FOUND,
	ACCOUNT_UNKNOWN,   /* no such user in the domain's file */
	ACCOUNT_NO_DOMAIN, /* no such virtual domain */
	ACCOUNT_TROUBLE	   /* the file cannot be read; it is logged */
};

/* Looks up user in the virtual domain, without any secret. */
enum account_search account_find(const struct account_rules *rules,
    const char *user, const char *domain, struct account *account);

/*
 * Finds the virtual domain that name belongs to: itself, or the longest parent
 * ("def.kvt.dk" belongs to kvt.dk) that has a directory in the virtual
 * directory.  Returns the part of name, or NULL.
 */
const char *account_find_domain(
    const struct account_rules *rules, const char *name);

/* ---- where the mail is -------------------------------------------------- */

/*
 * The mailbox of account: the home mailbox if there is such a file, else the
 * system spool for system users, else the spool of the virtual domain.
 * directory must have ACCOUNT_PATH_SIZE octets, name ACCOUNT_USER_SIZE; both
 * are filled also when no such file exists.  is_home tells which it was.
 * False with errno if a path would be too long, or if it cannot be found out
 * now whether there is a home mailbox.
 */
bool account_mailbox(const struct account_rules *rules,
    const struct account *account, char *directory, char *name, bool *is_home);

/* The mailbox to which mail for a virtual account is delivered. */
bool account_spool(const struct account_rules *rules,
    const struct account *account, char *directory, char *name);

#endif
