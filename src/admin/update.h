/*
 * Update mail: a change of one user as text, signed.  What it means, and who
 * may send it, stands in virtdomain(8), Update mail.
 *
 *	trans=UPDATE 1
 *	serial=, time=, domain=, kind=, user=	in this order
 *	password=, name=, forward=	where they are set; base64, in parts
 *	seen=				the line that was seen, if there was one
 *	signature=			of all lines before it
 *
 * Nothing that a reader finds is believed before the signature.
 */
#ifndef ADMIN_UPDATE_H
#define ADMIN_UPDATE_H

#include "admin/admin.h"

#define UPDATE_SUBJECT	 "*** Virtual domain update ***"
#define UPDATE_TEXT_SIZE 8192 /* of an update with its NUL */

struct update {
	char serial[CHANGE_SERIAL_SIZE];
	int64_t time;	      /* as time(2) */
	struct change change; /* its texts are here: not to be copied */
	char password[ACCOUNT_HASH_SIZE];
	char name[ACCOUNT_GECOS_SIZE];
	char forward[ACCOUNT_FORWARD_SIZE];
};

/* Writes the lines of an update, signed with secret.  False if a text is longer
 * than there is room for it in struct update. */
bool update_write(const struct change *change, const char *serial, int64_t when,
    const unsigned char secret[DOMAIN_SECRET_SIZE],
    char text[UPDATE_TEXT_SIZE]);

/*
 * Reads them from length octets, with LF or CRLF as line ends, and with nothing
 * but empty lines behind.  False, with *why for the log, if there is anything
 * that update_write() would not write, or another signature.
 */
bool update_read(struct update *update, const char *text, size_t length,
    const unsigned char secret[DOMAIN_SECRET_SIZE], const char **why);

/* True if the header of this message, which begins behind a From_ line if there
 * is one, has the subject, and the body the first line of an update; *body is
 * where that is. */
bool update_is_one(const char *message, size_t length, size_t *body);

#endif
