/*
 * The field in which postmaster writes a password for somebody: it can be
 * judged, and one can be suggested, before it is set.
 */
#ifndef WEB_PASSWORD_H
#define WEB_PASSWORD_H

#include "web/strength.h"
#include "web/visit.h"

#include <stdbool.h>

#define PASSWORD_SIZE 201 /* with its NUL */

struct password {
	char text[PASSWORD_SIZE];
	struct strength strength;
	enum text error; /* TEXT_NONE where it can be set */
};

/*
 * Takes the password of the form, or makes one where the form asks for that;
 * own is as in strength_judge().  True if it is to be set; false if it is to be
 * shown again, with what is wrong or with how strong it is.  It is a secret:
 * the caller wipes it.
 */
bool password_take(
    struct visit *visit, struct password *password, const char *const *own);

/* True if the form was posted by the buttons that suggest or judge. */
bool password_is_only_shown(const struct visit *visit);

/* Writes what is to be stored; false, with password->error, if that cannot
 * be. */
bool password_seal(struct visit *visit, struct password *password,
    char sealed[ACCOUNT_HASH_SIZE]);

/* The field with how strong it is, and buttons that suggest and judge.  The
 * main button of the form must stand in front of them, for who presses the
 * return key. */
void password_field(struct visit *visit, const struct password *password);
void password_buttons(struct visit *visit);

/* How strong a password is: a meter, and a text for who does not see it. */
void password_meter(struct visit *visit, const struct strength *strength);

#endif
