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

/* SCRAM, RFC 5802.  The salt is new in each exchange: only plain secrets are
 * used with it, so nothing has to be stored. */
#define CREDENTIALS_SALT_SIZE	 16
#define CREDENTIALS_ITERATIONS	 4096
#define CREDENTIALS_PROOF_SIZE	 32 /* 20 of them with SHA-1 */
#define CREDENTIALS_MESSAGE_SIZE 4096

enum credentials_kind {
	CREDENTIALS_PASSWORD = 1, /* USER and PASS */
	CREDENTIALS_APOP,	  /* secret is the digest in hexadecimal */
	CREDENTIALS_PLAIN,	  /* secret is the password in UTF-8, ... */
	CREDENTIALS_LOGIN,	  /* ... here too */
	CREDENTIALS_CRAM_MD5,	  /* as with APOP */
	CREDENTIALS_SCRAM_SHA_1,  /* secret is empty */
	CREDENTIALS_SCRAM_SHA_256
};

struct credentials {
	enum credentials_kind kind;
	char name[CREDENTIALS_NAME_SIZE];     /* as typed, ends with NUL */
	char secret[CREDENTIALS_SECRET_SIZE]; /* the same */

	/* Of SCRAM: what the client has proved, and how. */
	unsigned char salt[CREDENTIALS_SALT_SIZE];
	unsigned char proof[CREDENTIALS_PROOF_SIZE];
	char message[CREDENTIALS_MESSAGE_SIZE]; /* AuthMessage, ends with NUL */
};

/* False when the kind is unknown or a text does not end: to be asked before
 * anything else of what came from another process. */
bool credentials_are_sound(const struct credentials *credentials);

/* How the kind is called in the log. */
const char *credentials_method(enum credentials_kind kind);

#endif
