/*
 * What somebody who wants to log in has said.  The login child, which has no
 * rights and is not trusted, sends it to the connection process, which has
 * all rights and believes nothing of it.
 */
#ifndef ACCOUNT_CREDENTIALS_H
#define ACCOUNT_CREDENTIALS_H

#include <stdbool.h>

/* A command line has at most 512 octets, so these hold any argument. */
#define CREDENTIALS_NAME_SIZE	512
#define CREDENTIALS_SECRET_SIZE 512

enum credentials_kind {
	CREDENTIALS_PASSWORD = 1, /* USER and PASS */
	CREDENTIALS_APOP = 2	  /* secret is the digest in hexadecimal */
};

struct credentials {
	enum credentials_kind kind;
	char name[CREDENTIALS_NAME_SIZE];     /* as typed, ends with NUL */
	char secret[CREDENTIALS_SECRET_SIZE]; /* the same */
};

/* False when the kind is unknown or a text does not end: to be asked before
 * anything else of what came from another process. */
bool credentials_are_sound(const struct credentials *credentials);

#endif
