/*
 * Who is logged in.
 *
 * The browser holds the session in a cookie: an id, when it began and was last
 * used, the address, and a digest over these.  The key of the digest is made of
 * the secret of the domain and the password as it is stored: with a new one, of
 * either, all sessions end.  The ids of those who have logged out are kept in a
 * file until their time is over anyway.
 */
#ifndef WEB_SESSION_H
#define WEB_SESSION_H

#include "account/account.h"

#include <stdbool.h>
#include <stdint.h>

#define SESSION_IDLE	 ((int64_t)15 * 60)	/* s; without use it ends ... */
#define SESSION_LASTS	 ((int64_t)8 * 60 * 60) /* ... and then in any case */

#define SESSION_ID_SIZE	 33 /* 16 octets in hexadecimal */
#define SESSION_KEY_SIZE 32

struct session {
	bool is_open; /* somebody is logged in; else all else is empty */
	bool is_postmaster;
	char user[ACCOUNT_USER_SIZE];
	char domain[ACCOUNT_DOMAIN_SIZE];
	char name[ACCOUNT_NAME_SIZE]; /* user@domain */
	char id[SESSION_ID_SIZE];
	int64_t began;			     /* time(2) */
	unsigned char key[SESSION_KEY_SIZE]; /* a secret */
};

#endif
