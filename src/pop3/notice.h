/*
 * Message disposition notifications, RFC 8098: whether one is due for a
 * message, and what it has to say.
 */
#ifndef POP3_NOTICE_H
#define POP3_NOTICE_H

#include "pop3/addr_spec.h"

#include <stddef.h>

#define NOTICE_TEXT_SIZE 256

/* Most notices of one session. */
#define NOTICE_MOST 50

/* Everything that the notice takes from the message.  Each is plain printable
 * ASCII; the last four may be empty, if the message does not tell. */
struct notice {
	char to[ADDR_SPEC_SIZE];	/* who has asked for it */
	char recipient[ADDR_SPEC_SIZE]; /* on whose behalf it is sent */
	char original[ADDR_SPEC_SIZE];	/* what Original-Recipient: says */
	char message_id[NOTICE_TEXT_SIZE];
	char date[NOTICE_TEXT_SIZE];
	char subject[NOTICE_TEXT_SIZE];
};

/*
 * Reads the header, of length octets, of a message that user has got.  True if
 * a notice is due, which then is in *notice.  If not, *why is a short constant
 * text, or NULL if nobody has asked for a notice.
 */
bool notice_is_due(const char *header, size_t length, const char *user,
    struct notice *notice, const char **why);

/* True if octets that came from another process are a notice. */
bool notice_is_sound(const struct notice *notice);

#endif
