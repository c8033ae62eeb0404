/* A session in this process that reads a prepared conversation. */
#ifndef UNIT_DIALOGUE_H
#define UNIT_DIALOGUE_H

#include "pop3/pop3.h"

#define DIALOGUE_BAD "-ERR this is not what the mechanism asks for\r\n"

/* The session, and what it has sent. */
extern struct session *dialogue_session;
extern char dialogue_answer[20000];

/* Starts a session that offers all mechanisms, with stamp and 16 octets of
 * salt. */
void dialogue_open(const char *stamp, const char *salt);
void dialogue_close(void);

/* Lets text be all that the client says. */
void dialogue_send(const char *text);

/* Collects what the session has said into dialogue_answer. */
void dialogue_read(void);

/* Has the session authorize with text, and collects what it says. */
enum session_event dialogue_run(const char *text);

#endif
