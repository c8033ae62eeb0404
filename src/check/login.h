/*
 * Inside the check room: one login, step by step.
 */
#ifndef CHECK_LOGIN_H
#define CHECK_LOGIN_H

#include "check/private.h"

/* What stands in the way of a login, and what does away with it. */
struct obstacle {
	char text[REPORT_LINE_SIZE]; /* empty: nothing */
	char remedy[REPORT_LINE_SIZE];
};

struct visit {
	struct check *check;
	struct account_explanation login;
	struct mbox_place place;
	struct obstacle obstacle;    /* the first that was met */
	char passwd[MBOX_PATH_SIZE]; /* the file of a virtual domain */
};

/* Notes an obstacle, if it is the first. */
void visit_obstruct(struct visit *visit, const char *remedy, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/* Goes on from the account to its mailbox and the locks of that;
 * login_mailbox.c. */
void visit_mailbox(struct visit *visit);

#endif
