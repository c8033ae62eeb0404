/*
 * The user whose page it is.
 */
#ifndef WEB_WHO_H
#define WEB_WHO_H

#include "web/visit.h"

/* It points into itself: not to be copied. */
struct who {
	char seen[CHANGE_DIGEST_SIZE]; /* of the line, for a change */
	struct user user;
};

/* Looks for the user that the path names, in the domain of who is logged in.
 * False after a page that says why there is none. */
bool who_look(struct visit *visit, struct who *who);

/* Begins a change of that user as the form has seen him.  False after a page
 * for a form that is not ours. */
bool who_change(
    struct visit *visit, enum change_kind kind, struct change *change);

/* As submit_change(), for a change of who as he was looked at now.  A conflict
 * that can be seen already is not sent by mail. */
enum change_result who_submit(struct visit *visit, const struct who *who,
    const struct change *change, const char *done);

#endif
