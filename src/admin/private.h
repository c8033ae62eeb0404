/* Inside the admin room. */
#ifndef ADMIN_PRIVATE_H
#define ADMIN_PRIVATE_H

#include "account/account.h"
#include "admin/admin.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#define DEFAULT_SENDMAIL  "/usr/sbin/sendmail"
#define DEFAULT_WEB_STATE "/var/lib/virtdomain"

/* ---- fill.c ------------------------------------------------------------- */

/* The directories alone, below admin->root.  False if a path is too long. */
bool fill_directories(struct admin *admin, const struct admin_places *places);

/* ---- arguments.c -------------------------------------------------------- */

/* Reads the options; returns the index of the first word.  Ends the program for
 * help, version and mistakes. */
int arguments_parse(struct admin *admin, int argc, char **argv);

/* ---- message.c ---------------------------------------------------------- */

/* Says on standard error what is wrong, and returns status. */
int fail(int status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same, with what errno means, and the status that fits it. */
int fail_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A note on standard error. */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- behalf.c ----------------------------------------------------------- */

/* Runs work with the rights of uid and gid alone, in a process of its own if
 * they are not ours.  Returns what work does, 0 to 255; or -1 with errno. */
int on_behalf(uid_t uid, gid_t gid, int (*work)(void *), void *argument);

/* ---- ask.c -------------------------------------------------------------- */

#define PASSWORD_SIZE 201

/* Takes the password that was given as a word, or, if that is NULL or "-", one
 * from the terminal or a line of standard input.  0, or an exit status after a
 * message. */
int ask_password(const char *word, bool is_new, char password[PASSWORD_SIZE]);

/* ---- names.c ------------------------------------------------------------ */

/* Copies a domain in lower case.  0, or an exit status after a message. */
int take_domain(const char *word, char domain[ACCOUNT_DOMAIN_SIZE]);

/* Takes "user@domain" apart, the same. */
int take_address(const char *word, char user[ACCOUNT_USER_SIZE],
    char domain[ACCOUNT_DOMAIN_SIZE]);

/* ---- plan.c: one domain ------------------------------------------------- */

enum way { WAY_RECIPE, WAY_POSTFIX };

struct plan {
	const struct admin *admin;
	char domain[ACCOUNT_DOMAIN_SIZE];
	char owner[64];
	uid_t uid;
	gid_t gid;
	char home[ADMIN_PATH_SIZE]; /* below admin->root */
	enum way way;
	const char *hash; /* of the password of postmaster */
	uid_t web_uid;	  /* the user of the pages */
	gid_t web_gid;
	bool wants_apop;
};

/* Fills in the owner, whose name is given.  0, or an exit status. */
int plan_find_owner(struct plan *plan, const char *name);

/* The same from the files of plan->domain, which must be one of ours: no name,
 * and no home. */
int plan_find_domain(struct plan *plan);

/* Fills in the user of the pages, whose name is given.  The same. */
int plan_find_web(struct plan *plan, const char *name);

/* What the passwd file of a domain says of itself. */
enum origin {
	ORIGIN_NONE,	/* no such file */
	ORIGIN_FOREIGN, /* not made by us */
	ORIGIN_RECIPE,
	ORIGIN_POSTFIX,
	ORIGIN_UNKNOWN /* cannot be read; it was said why */
};

/* Who made the domain; if owner is not NULL, other owners are foreign. */
enum origin plan_origin(
    const struct admin *admin, const char *domain, const char *owner);

/* Writes the first line of a passwd file of ours. */
bool plan_mark(const struct plan *plan, char line[ADMIN_LINE_SIZE]);

/* True if the first line of this passwd file says that the domain wants
 * APOP. */
bool mark_wants_apop(const char *text);

/* Writes the first line of text, which says so if it is to. */
bool mark_set_apop(
    const char *text, bool wants_apop, char line[ADMIN_LINE_SIZE]);

/* ---- steps.c: what is made, and undone ---------------------------------- */

enum sight {
	SIGHT_ABSENT,
	SIGHT_DONE,
	SIGHT_CHANGED, /* ours, but not as it is to be */
	SIGHT_FOREIGN, /* something else is in its place */
	SIGHT_UNKNOWN  /* it cannot be found out: errno */
};

/* A thing of a domain.  All functions take the name below, and may be called
 * again. */
struct step {
	const char *name; /* of the file; what it means, the functions know */

	/* What it is, in a line for a person. */
	void (*describe)(const struct plan *plan, const char *name,
	    char out[ADMIN_LINE_SIZE]);
	enum sight (*look)(const struct plan *plan, const char *name);

	/* 0, or -1 with errno; undo may be NULL: it stays. */
	int (*make)(const struct plan *plan, const char *name);
	int (*undo)(const struct plan *plan, const char *name);
	const char *remedy; /* for a foreign thing */
	bool is_soft;	    /* a foreign thing is left, and the rest done */
};

/* True when nothing foreign is in the way of the steps; says what is. */
bool steps_are_free(
    const struct step *const *steps, size_t count, const struct plan *plan);

/* Makes what is absent.  0, or an exit status after a message. */
int steps_make(
    const struct step *const *steps, size_t count, const struct plan *plan);

/* Undoes what is done, from the last one on.  The same. */
int steps_undo(
    const struct step *const *steps, size_t count, const struct plan *plan);

/* 0 for who may change files of root, else an exit status after a message;
 * create.c. */
int need_rights(const struct admin *admin);

/* Unlinks all files of the directory at this path.  0, or errno; places.c. */
int empty(void *path);

/* Shuts the pages of plan->domain out.  0, or an exit status after a message;
 * web.c. */
int web_undo(struct plan *plan);

/* ---- the steps ---------------------------------------------------------- */

extern const struct step step_virtual_top, step_spool_top;  /* places.c */
extern const struct step step_state_top;		    /* places.c */
extern const struct step step_state;			    /* state.c */
extern const struct step step_directory, step_spool;	    /* places.c */
extern const struct step step_passwd;			    /* mark.c */
extern const struct step step_forward, step_forward_master; /* home.c */

/* The files of Postfix: maps.c, and compile.c for their databases. */
extern const struct step step_recipe_domain, step_recipe;
extern const struct step step_mailbox_domain, step_transport;
extern const struct step step_recipe_compiled;
extern const struct step step_mailbox_compiled, step_transport_compiled;

/* Writes the path of a file of Postfix.  Returns out. */
const char *postfix_path(
    const struct admin *admin, const char *name, char out[ADMIN_PATH_SIZE]);

/* ---- block.c: our lines in files of others ------------------------------ */

/* The lines of domain in text, with the comments that mark them; false if there
 * are none.  is_broken tells that the last comment is missing. */
bool block_find(const char *text, const char *domain, size_t *start,
    size_t *length, bool *is_broken);

/* Puts the lines in, or, if they are NULL, takes them out; all else stays octet
 * for octet.  A missing file is made, or is fine.  0, or -1 with errno; EBADMSG
 * if the comments that mark the lines are broken. */
int block_write(const char *path, const char *domain, const char *lines);

/* ---- files beside a passwd file ------------------------------------------ */

#define SECRET_FILE  "secret"
#define UPDATES_FILE "updates"

/* ---- secret.c ----------------------------------------------------------- */

/* Reads hexadecimal digits, in lower case, and nothing behind them. */
bool secret_parse(const char *text, unsigned char *octets, size_t length);

/* ---- look.c ------------------------------------------------------------- */

/* False if the mailbox is not there, or may not be looked at. */
bool look_mailbox(const struct admin *admin, const struct account *account,
    struct stat *status);

/* The digest of the line of user in a file that is open; as change_seen(), but
 * ENOKEY if there is no secret. */
int seen_digest(const struct admin *admin, const char *domain,
    const struct account_edit *edit, const char *user,
    char digest[CHANGE_DIGEST_SIZE]);

/* ---- change.c ----------------------------------------------------------- */

#define PLAIN_MARK "{PLAIN}" /* in front of a password that is no hash */

/* True for a list of words that are sound; empty is the mailbox alone. */
bool forward_list_is_sound(const char *list);

/* CHANGE_DONE, or why the change can never be made, whatever stands in the
 * file. */
enum change_result change_judge(const struct change *change, bool wants_apop);

/* change_make() for a change that may have been made already, by somebody who
 * was cut off then: CHANGE_DONE too if all is as it is wanted. */
enum change_result change_make_again(
    const struct admin *admin, const struct change *change);

/* Whose the mailboxes of domain are.  0, or -1 with errno, EPERM if they are
 * root's. */
int find_ids(
    const struct admin *admin, const char *domain, uid_t *uid, gid_t *gid);

/* ---- updates.c ----------------------------------------------------------- */

#define UPDATE_REMEMBERED 7200 /* s: longer than one can be fresh */

/* Puts down, on disk, that the update with this serial and time was begun:
 * returns 0.  1 if it is known already, with its outcome, CHANGE_WAITING if it
 * was begun and no more; -1 with errno. */
int updates_begin(const struct admin *admin, const char *domain,
    const char *serial, int64_t when, int64_t now, enum change_result *outcome);

/* Puts down the outcome of one that was begun.  0, or -1 with errno. */
int updates_end(const struct admin *admin, const char *domain,
    const char *serial, int64_t when, int64_t now, enum change_result outcome);

/* ---- post.c -------------------------------------------------------------- */

#define UPDATE_MESSAGE_MOST ((size_t)64 * 1024)

enum receipt {
	RECEIPT_MAIL,  /* no update, or none to be trusted: ordinary mail */
	RECEIPT_TAKEN, /* the change was made, or is refused for good */
	RECEIPT_LATER  /* it cannot be made now */
};

/* Takes a message to postmaster of domain, as its owner. */
enum receipt update_receive(const struct admin *admin, const char *domain,
    const char *message, size_t length);

/* ---- owned.c ------------------------------------------------------------- */

/* How many domains have a passwd file that is this user's: 0, 1, or 2 for more.
 * *found becomes one of them.  -1 with errno. */
int owned_domains(const struct admin *admin, char found[ACCOUNT_DOMAIN_SIZE]);

/* ---- mail.c -------------------------------------------------------------- */

/* Delivers the message on standard input as the line of its user says; unknown
 * users bounce, or their mail is postmaster's.  Returns 0, 67 or 75. */
int mail_run(const struct admin *admin, bool bounces);

/* ---- advice.c ----------------------------------------------------------- */

/* What is left to do for a domain, and for the mail client of a user. */
void advise_domain(const struct plan *plan);
void advise_client(const struct admin *admin, const char *address);

/* The value of a parameter of Postfix, without line end; false if it cannot be
 * asked. */
bool ask_postfix(
    const struct admin *admin, const char *name, char value[ADMIN_LINE_SIZE]);

/* ---- commands ----------------------------------------------------------- */

/* Each takes the words behind the command, ended by NULL, and returns an exit
 * status. */
int command_create(const struct admin *admin, char **words); /* create.c */
int command_delete(const struct admin *admin, char **words);
int command_list(const struct admin *admin, char **words); /* list.c */
int command_show(const struct admin *admin, char **words);
int command_add(const struct admin *admin, char **words); /* users.c */
int command_passwd(const struct admin *admin, char **words);
int command_remove(const struct admin *admin, char **words);
int command_forward(const struct admin *admin, char **words);
int command_web(const struct admin *admin, char **words);  /* web.c */
int command_apop(const struct admin *admin, char **words); /* apop.c */

#endif
