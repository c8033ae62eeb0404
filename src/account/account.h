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

#define ACCOUNT_USER_SIZE    65	 /* of a user name with its NUL */
#define ACCOUNT_DOMAIN_SIZE  254 /* of a domain name with its NUL */
#define ACCOUNT_NAME_SIZE    (ACCOUNT_USER_SIZE + ACCOUNT_DOMAIN_SIZE)
#define ACCOUNT_PATH_SIZE    512
#define ACCOUNT_FORWARD_SIZE 1024 /* of the list where mail goes */
#define ACCOUNT_GECOS_SIZE   256  /* of the name of a person */
#define ACCOUNT_LINE_SIZE    1024 /* of a line of a passwd file */

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

/* The same, with the last field of the line, which says where mail goes;
 * forward must have ACCOUNT_FORWARD_SIZE octets. */
enum account_search account_find_forward(const struct account_rules *rules,
    const char *user, const char *domain, struct account *account,
    char *forward);

/*
 * Finds the virtual domain that name belongs to: itself, or the longest parent
 * ("def.kvt.dk" belongs to kvt.dk) that has a directory in the virtual
 * directory.  Returns the part of name, or NULL.
 */
const char *account_find_domain(
    const struct account_rules *rules, const char *name);

/* ---- looking on --------------------------------------------------------- */

/* Why a passwd file is not read. */
struct account_fault {
	const char *text;     /* for the log; constant */
	const char *remedy;   /* a shell command that mends it when the path of
			       the file is put behind, or NULL */
	bool is_of_directory; /* ... the path of its directory */
};

enum account_secret { ACCOUNT_LOCKED, ACCOUNT_PLAIN, ACCOUNT_HASH };

/* What a line of a passwd file says, in the eyes of a login. */
struct account_line {
	unsigned long number;	/* from 1; 0 for a user of the system */
	const char *fault;	/* why it counts for nothing, or NULL */
	const char *refusal;	/* why it opens nothing though, or NULL */
	struct account account; /* with a fault, at most its user name */
	enum account_secret secret;
	const char *method; /* of the hash; NULL: crypt(3) knows none */
	bool looks_hashed;  /* plain, with nothing but the shape of a hash */

	/* Fields as they stand there; empty if they are too long. */
	char gecos[ACCOUNT_GECOS_SIZE];
	char forward[ACCOUNT_FORWARD_SIZE];
};

/* An open passwd file, of which all lines are shown.  Nothing is logged. */
struct account_survey;

/* Opens the file of domain; ACCOUNT_FOUND, or ACCOUNT_NO_DOMAIN, or
 * ACCOUNT_TROUBLE with fault filled, and errno if it is not 0.  *survey belongs
 * to the caller. */
enum account_search account_survey_open(struct account_survey **survey,
    const struct account_rules *rules, const char *domain,
    struct account_fault *fault);

/* The next line; false at the end, or where the file cannot be read any
 * further: then *error is an errno, else 0. */
bool account_survey_next(
    struct account_survey *survey, struct account_line *line, int *error);

/* *survey becomes NULL. */
void account_survey_close(struct account_survey **survey);

/* Somebody who wants to log in, as account_verify() understands him. */
struct account_explanation {
	char user[CREDENTIALS_NAME_SIZE]; /* in lower case, without "s-" ... */
	bool leaves_status;		  /* ... which was there */
	char typed_domain[CREDENTIALS_NAME_SIZE]; /* in lower case */
	char domain[CREDENTIALS_NAME_SIZE]; /* whose file counts, or empty */
	enum account_search found;
	struct account_fault fault; /* with ACCOUNT_TROUBLE */
	int error;		    /* errno with it, or 0 */
	struct account_line line;   /* if found; else number is that of a line
				       that counts for nothing, or 0 */
};

void account_explain(const struct account_rules *rules, const char *name,
    struct account_explanation *explanation);

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

/* ---- editing ------------------------------------------------------------ */

/*
 * Who has to edit the passwd file of domain: root (0) where the file stands in
 * a directory of root, else its owner, with his rights alone, for he decides
 * what is in his directories.  Fails as account_survey_open() does.
 */
enum account_search account_editor(const struct account_rules *rules,
    const char *domain, uid_t *uid, gid_t *gid, struct account_fault *fault);

/* A field of a line that may be changed; the value is its place. */
enum account_field {
	ACCOUNT_PASSWORD = 1, /* as it is stored */
	ACCOUNT_GECOS = 4,    /* the name of the person */
	ACCOUNT_SHELL = 6     /* where the mail goes */
};

/* A passwd file, locked against other editors.  Logins read the old file until
 * all changes have been committed, then the new one. */
struct account_edit;

/* Only as the one that account_editor() names, else EPERM.  0, or -1 with
 * errno, as rewrite_open() in support/rewrite.h; *edit belongs to the
 * caller. */
int account_edit_open(struct account_edit **edit,
    const struct account_rules *rules, const char *domain);

/* The same for somebody who only looks: whoever may read the file, without the
 * lock, so account_edit_commit() fails with EPERM.  EPERM also for a file that
 * logins do not read. */
int account_edit_look(struct account_edit **edit,
    const struct account_rules *rules, const char *domain);

/* All of the file, with the changes so far; ends with NUL. */
const char *account_edit_text(const struct account_edit *edit);

/* Copies a field of the first line of user; a line of two fields has but one.
 * 0, or -1 with ENOENT or ENOBUFS. */
int account_edit_get(const struct account_edit *edit, const char *user,
    enum account_field field, char *out, size_t size);

/* Copies the whole first line of user.  0, or -1 with ENOENT or ENOBUFS. */
int account_edit_line(const struct account_edit *edit, const char *user,
    char line[ACCOUNT_LINE_SIZE]);

/*
 * Changes: all other lines stay octet for octet.  0, or -1 with errno: ENOENT
 * if there is no such user, EEXIST if there is, EINVAL for a value with a colon
 * or an octet that cannot be seen, ENOTSUP for a line that lacks the field,
 * EMSGSIZE for a line that would be too long.  Removing removes all lines of
 * user.
 */
int account_edit_add(struct account_edit *edit, const struct account *account,
    const char *password, const char *gecos);
int account_edit_set(struct account_edit *edit, const char *user,
    enum account_field field, const char *value);
int account_edit_remove(struct account_edit *edit, const char *user);

/* The same for the first line, which must be a comment: else EINVAL. */
int account_edit_set_comment(struct account_edit *edit, const char *line);

/* Puts the changed file in place, on disk.  0, or -1 with errno. */
int account_edit_commit(struct account_edit *edit);

/* Gives back the lock.  *edit becomes NULL. */
void account_edit_close(struct account_edit **edit);

/* Makes what is stored for a password, by the best method of crypt(3).  0, or
 * -1 with errno. */
#define ACCOUNT_HASH_SIZE 512
int account_hash(const char *password, char hash[ACCOUNT_HASH_SIZE]);

#endif
