/*
 * What postmaster types about a user, in the form for a new one and in the one
 * for a user who is there.
 */
#ifndef WEB_PERSON_H
#define WEB_PERSON_H

#include "web/forwards.h"
#include "web/visit.h"

struct person {
	const char *name;     /* of the person; borrowed */
	const char *forwards; /* as typed; borrowed */
	enum text name_error, forwards_error;
	char list[ACCOUNT_FORWARD_SIZE]; /* the forwards, for struct change */
	char wrong[FORWARDS_WRONG_SIZE];
};

/* Takes name and forwards of the form that was posted; true if both are
 * fine. */
bool person_take(struct visit *visit, struct person *person);

/* Says nothing of what is wrong. */
void person_forgive(struct person *person);

/* The two fields, with what is wrong. */
void person_fields(struct visit *visit, const struct person *person);

#endif
