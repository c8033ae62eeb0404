/*
 * Who is logged in.
 */
#ifndef WEB_SESSION_H
#define WEB_SESSION_H

#include "account/account.h"

#include <stdbool.h>
#include <stdint.h>

#define SESSION_ID_SIZE	   33 /* 16 octets in hexadecimal */
#define SESSION_TOKEN_SIZE 65 /* 32 octets in hexadecimal */

struct session {
	bool is_open; /* somebody is logged in; else user, domain are empty */
	bool is_postmaster;
	char user[ACCOUNT_USER_SIZE];
	char domain[ACCOUNT_DOMAIN_SIZE];
	char name[ACCOUNT_NAME_SIZE]; /* user@domain */
	char id[SESSION_ID_SIZE];
	int64_t began, used;   /* seconds of time(2) */
	unsigned char key[32]; /* of cookie and tokens; a secret */
};

#endif
