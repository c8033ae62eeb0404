/*
 * The door of the admin room: virtdomain(8), which makes, changes and removes
 * virtual domains and their users; and what the pages in the browser need of
 * it.
 *
 * Runs as root, as the owner of a domain, or as the user of a web server, who
 * may read what he is shown and change nothing: he mails his changes to the
 * owner.  What lies in directories that a domain owner can write is touched
 * with his rights alone, in a process of its own.  Nothing of what others own
 * is overwritten.
 *
 * Behind admin_run() nothing is printed and nobody exits.
 */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include "account/account.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ADMIN_PATH_SIZE 512
#define ADMIN_LINE_SIZE 1024

#define POSTMASTER	"postmaster" /* the user whom every domain needs */

/* Does what the command line says.  Returns an exit status of sysexits.h. */
int admin_run(int argc, char **argv);

/* ---- where everything is ------------------------------------------------ */

/* How the program was called.  It points into itself: not to be copied. */
struct admin {
	struct account_rules rules; /* the first two directories below */
	char virtual_directory[ACCOUNT_PATH_SIZE];
	char virtual_spool[ACCOUNT_PATH_SIZE];
	char state_directory[ADMIN_PATH_SIZE]; /* what the pages remember */
	char postfix[ADMIN_PATH_SIZE]; /* the directory of Postfix's files */
	const char *root;     /* in front of all paths; empty for none */
	const char *delivery; /* the command that .forward files call */
	const char *sendmail; /* by which mail is forwarded */
	const char *server;   /* the name of the mail server; NULL: find out */
	const char *sender, *recipient; /* of a message, or NULL */
	unsigned int lock_methods;	/* for its mailbox */
	bool is_mail; /* the mail system has called, not a person */
	bool is_dry;
	bool purges;
};

/* What may be said; NULL for what is usual.  The texts are borrowed by struct
 * admin, but for the directories, which are copied. */
struct admin_places {
	const char *virtual_directory, *virtual_spool, *state_directory;
	const char *postfix, *root, *sendmail, *server;
};

/* Fills in all of admin.  False if a path is too long. */
bool admin_fill(struct admin *admin, const struct admin_places *places);

/* Writes the path of the directory of a domain in which the pages remember
 * things; true if it is there and is ours to write.  If not, root has to run
 * "virtdomain web". */
bool admin_state_path(
    const struct admin *admin, const char *domain, char path[ADMIN_PATH_SIZE]);

/* ---- the secret of a domain --------------------------------------------- */

#define DOMAIN_SECRET_SIZE 32

/* Reads the secret that "virtdomain web" has made.  Who knows it can change the
 * users of the domain.  0, or -1 with errno: ENOENT if there is none, EPERM if
 * others can read or change it, EBADMSG if it is damaged.  The caller wipes
 * it.  What is signed with it begins with a word of its own: "trans=" and
 * "line " are taken. */
int domain_secret(const struct admin *admin, const char *domain,
    unsigned char secret[DOMAIN_SECRET_SIZE]);

/* True if the domain wants APOP, so that its passwords are stored as they are;
 * see "virtdomain apop". */
bool domain_wants_apop(const struct admin *admin, const char *domain);

/* ---- users, to be looked at --------------------------------------------- */

#define FORWARD_MOST 32

/* Where the mail of a user goes. */
struct forward {
	bool keeps; /* in the mailbox, too or only */
	unsigned int count;
	char *addresses[FORWARD_MOST + 1]; /* in text; ends with NULL */
	char text[ACCOUNT_FORWARD_SIZE];
};

/* True for "mailbox" and for an address that can be handed to sendmail(1). */
bool forward_is_sound(const char *word);

/* Takes the field apart.  What is not sound, as the shells in older files,
 * counts for nothing; the own address is the mailbox; nothing at all is the
 * mailbox too. */
void forward_parse(struct forward *forward, const char *field, const char *own);

/* A user of a domain.  It points into itself: not to be copied. */
struct user {
	struct account_line line; /* account.name is user@domain, gecos the
				     name of the person */
	struct forward forward;
	int64_t size;	   /* of the mailbox; -1 if that is not known ... */
	int64_t last_read; /* ... and when it was read, in time(2); -1 */
};

/* The next user whose line counts, in the order of the file; other lines are
 * passed over.  As account_survey_next(). */
bool user_next(const struct admin *admin, struct account_survey *survey,
    struct user *user, int *error);

/* Finds one user.  Nothing is logged; fails as account_survey_open(). */
enum account_search user_find(const struct admin *admin, const char *domain,
    const char *name, struct user *user, struct account_fault *fault);

/* ---- a change of one user ----------------------------------------------- */

enum change_kind { CHANGE_ADD, CHANGE_SET, CHANGE_REMOVE };

#define CHANGE_DIGEST_SIZE 65 /* hexadecimal, with a NUL */
#define CHANGE_SERIAL_SIZE 33

/*
 * What is to be changed in the line of a user, all at once.  The texts are
 * borrowed.  CHANGE_SET leaves a field that is NULL; a new user needs a
 * password, and has no name and no forward where they are NULL.
 */
struct change {
	enum change_kind kind;
	char user[ACCOUNT_USER_SIZE];
	char domain[ACCOUNT_DOMAIN_SIZE];
	const char *password; /* as change_seal() writes it */
	const char *name;
	const char *forward; /* words that are sound, with commas between */

	/* By change_seen(), when the person looked: if the line is another
	 * one by now there is a conflict.  Empty: it is changed whatever it is,
	 * which only a direct change may do. */
	char seen[CHANGE_DIGEST_SIZE];
};

enum change_result {
	CHANGE_DONE,
	CHANGE_WAITING,	  /* mailed; what came of it is not known yet */
	CHANGE_CONFLICT,  /* somebody else has changed the line meanwhile */
	CHANGE_EXISTS,	  /* the new user is there already */
	CHANGE_NO_USER,	  /* there is none to change or remove */
	CHANGE_UNSOUND,	  /* a value that cannot stand in its field */
	CHANGE_TOO_LONG,  /* the line would be */
	CHANGE_NO_FIELD,  /* the line has two fields, and not this one */
	CHANGE_FORBIDDEN, /* postmaster stays; no plain text without APOP */
	CHANGE_TROUBLE	  /* of this system: errno */
};

/* How we can change the users of a domain. */
enum change_way {
	CHANGE_DIRECTLY, /* change_make() */
	CHANGE_BY_MAIL,	 /* change_mail() */
	CHANGE_NOT
};

/* With CHANGE_NOT, *why is a constant text for an administrator. */
enum change_way change_way(
    const struct admin *admin, const char *domain, const char **why);

/*
 * Writes what is to be stored for a password: a hash by the best method of
 * crypt(3), or, where the domain wants APOP, the password itself.  0, or -1
 * with errno, EINVAL for octets that cannot be stored as they are.
 */
int change_seal(const struct admin *admin, const char *domain,
    const char *password, char sealed[ACCOUNT_HASH_SIZE]);

/* Writes the digest of the line of user as it is now, keyed with the secret of
 * the domain.  To be called before what is shown is read.  0, or -1 with errno:
 * ENOENT if there is no such user, or as domain_secret(). */
int change_seen(const struct admin *admin, const char *domain, const char *user,
    char digest[CHANGE_DIGEST_SIZE]);

/* Makes the change, if admin->is_dry only tries to; never CHANGE_WAITING. */
enum change_result change_make(
    const struct admin *admin, const struct change *change);

/*
 * Mails the change, signed, to postmaster of the domain, whose mail the same
 * program receives as the owner; serial names it from then on.  CHANGE_WAITING,
 * or what change_make() says of a change that can never be; CHANGE_TROUBLE if
 * the mail was not taken.  Only CHANGE_ADD may leave seen empty.
 */
enum change_result change_mail(const struct admin *admin,
    const struct change *change, char serial[CHANGE_SERIAL_SIZE]);

/* What came of the change that was mailed with this serial, as long as that is
 * remembered: two hours.  CHANGE_WAITING also for one that never came. */
enum change_result change_outcome(
    const struct admin *admin, const char *domain, const char *serial);

/* A short constant text of a result, in English. */
const char *change_text(enum change_result result);

/* ---- the mail client ---------------------------------------------------- */

/* What a user has to set in the mail client. */
struct client {
	char server[ADMIN_LINE_SIZE];
	char user_name[ACCOUNT_NAME_SIZE];
	unsigned int plain_port; /* POP3 */
	unsigned int tls_port;	 /* POP3S, where it is set up */
};

/* Without admin->server, Postfix is asked for the name, else the resolver:
 * that takes time. */
void client_settings(
    const struct admin *admin, const char *address, struct client *client);

#endif
