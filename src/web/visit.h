/*
 * One request while it is being answered, and which function answers which
 * path.
 */
#ifndef WEB_VISIT_H
#define WEB_VISIT_H

#include "admin/admin.h"
#include "web/html.h"
#include "web/language.h"
#include "web/reply.h"
#include "web/request.h"
#include "web/session.h"

/* How the web server has set us up.  It points into itself: not to be
 * copied. */
struct site {
	struct admin admin;
	bool allows_plain; /* HTTP without TLS from other machines */
};

struct visit {
	const struct site *site;
	const struct request *request;
	const struct language *language;
	int64_t now; /* time(2) */
	struct session session;
	char name[ACCOUNT_USER_SIZE]; /* what stands for "*" in the path */
	struct reply reply;
	struct html html;
	unsigned char form_key[32]; /* of the tokens in forms; a secret */
	bool has_form_key;
	const enum text *heads; /* of the table that is being written */
	size_t head_count, column;
};

/* ---- routes.c ------------------------------------------------------------ */

enum route_for {
	FOR_ANYBODY,   /* also without HTTPS: nothing in it is personal */
	FOR_VISITOR,   /* logged in or not */
	FOR_USER,      /* who is logged in, as postmaster or not */
	FOR_POSTMASTER /* postmaster who is logged in */
};

/* A path; the part "*" in it is a user name, or the serial of a change.
 * Handlers write a whole page (page.h) or a redirect.  post is called only with
 * the token of this form; after a change it redirects.  Either may be NULL. */
struct route {
	const char *path;
	enum route_for whom;
	void (*get)(struct visit *visit);
	void (*post)(struct visit *visit);
};

/* The row for the path of the request, or NULL; fills visit->name. */
const struct route *route_find(struct visit *visit, const char *path);

/* ---- session.c ----------------------------------------------------------- */

/* Finds out who is logged in; sets the cookie anew, for the time that begins
 * with this use. */
void session_open(struct visit *visit);

/*
 * Makes a session, which nobody has yet.  It ends with the password that it is
 * made for: stored, as it stands in the file, or, if that is NULL, the one that
 * is there now.  So it is made before a password is proved, or a new one that
 * comes in between would let the old one in.  0, or -1 with errno.
 */
int session_make(const struct visit *visit, const char *user,
    const char *domain, const char *stored, struct session *session);

/* Logs in, or goes on with a new password. */
void session_begin(struct visit *visit, const struct session *session);

/* Nobody has used the session by this request: the page loads itself. */
void session_rest(struct visit *visit);

/* Logs out.  0, or -1 with errno: then the session goes on. */
int session_end(struct visit *visit);

/* ---- prove.c ------------------------------------------------------------- */

struct attempt;

enum proof {
	PROOF_RIGHT,
	PROOF_WRONG,
	PROOF_TOO_OFTEN, /* attempt->wait tells for how long */
	PROOF_NO_DOMAIN,
	PROOF_OFF,    /* the pages of this domain are */
	PROOF_TROUBLE /* of this system; it is logged */
};

/* Whether somebody, of whom domain and user are filled, knows the password:
 * counted and bounded.  *why is a constant text for the log. */
enum proof prove(const struct visit *visit, struct attempt *attempt,
    const char *password, const char **why);

/* The page for who has tried too often. */
void prove_wait(struct visit *visit, const struct attempt *attempt);

/* ---- limit.c: how often a login may fail --------------------------------- */

/* A login that is being tried, and counts as failed until it is given back. */
struct attempt {
	char domain[ACCOUNT_DOMAIN_SIZE];
	char user[ACCOUNT_USER_SIZE];
	int64_t until; /* it counts, time(2) */
	int64_t wait;  /* if there were too many: s */
};

/* Notes an attempt, of which domain and user are filled, before it is made.  0;
 * -1 with errno, EAGAIN if there were too many. */
int attempt_begin(const struct visit *visit, struct attempt *attempt);

/* It has not failed.  0, or -1 with errno. */
int attempt_succeed(const struct visit *visit, const struct attempt *attempt);

/* ---- token.c: forms that come back --------------------------------------- */

#define TOKEN_SIZE 65

/* Prepares the tokens of this visit, when it is known who is logged in; sets a
 * cookie for who is not. */
void token_begin(struct visit *visit);

/* The token for the form that is posted to path.  Returns out; empty if there
 * is no randomness. */
const char *token_make(
    const struct visit *visit, const char *path, char out[TOKEN_SIZE]);

/* True if the form that was posted has the token for the path of the
 * request. */
bool token_is_right(const struct visit *visit);

/* ---- site.c -------------------------------------------------------------- */

/* Fills site from the environment: VIRTDOMAIN_VIRTUAL, _SPOOL, _STATE,
 * _SENDMAIL, _SERVER, _PLAIN.  False if a path is not absolute, or too
 * long. */
bool site_init(struct site *site);

/* ---- pages: who may see them stands in the table ------------------------ */

void start_get(struct visit *visit);		 /* start.c */
void login_post(struct visit *visit);		 /* login.c */
void logout_post(struct visit *visit);		 /* login.c */
void language_post(struct visit *visit);	 /* start.c */
void style_get(struct visit *visit);		 /* style.c */
void pending_get(struct visit *visit);		 /* pending.c */
void account_get(struct visit *visit);		 /* own.c */
void account_forwards_post(struct visit *visit); /* own.c */
void account_password_post(struct visit *visit); /* own.c */
void users_get(struct visit *visit);		 /* users.c */
void user_new_get(struct visit *visit);		 /* user_new.c */
void user_new_post(struct visit *visit);	 /* user_new.c */
void user_get(struct visit *visit);		 /* user.c */
void user_post(struct visit *visit);		 /* user.c */
void user_password_post(struct visit *visit);	 /* user.c */
void user_remove_get(struct visit *visit);	 /* user_remove.c */
void user_remove_post(struct visit *visit);	 /* user_remove.c */
void client_get(struct visit *visit);		 /* client.c */
void autoconfig_get(struct visit *visit);	 /* client.c */

#endif
