/*
 * The header of the answer, and how all of it is sent.
 *
 * Every answer forbids what our pages do not need: scripts, frames, other
 * sites; and, unless it may be kept, to be stored anywhere.
 */
#ifndef WEB_REPLY_H
#define WEB_REPLY_H

#include "web/html.h"
#include "web/request.h"

#include <stdbool.h>
#include <stddef.h>

#define REPLY_COOKIES	  4
#define REPLY_COOKIE_SIZE 1024

struct reply {
	int status;		  /* of HTTP; 0 means 200 */
	const char *type;	  /* Content-Type; NULL means HTML */
	bool may_be_kept;	  /* the same for everybody */
	unsigned int retry_after; /* s; 0 for none */
	unsigned int refresh;	  /* the page loads itself anew, s; 0: not */
	char location[REQUEST_PATH_SIZE];
	char cookies[REPLY_COOKIES][REPLY_COOKIE_SIZE]; /* as in Set-Cookie */
	size_t cookie_count;
};

/*
 * 303: the client is to get a path of ours, with its query, instead.  It stands
 * behind the script name; octets that a header cannot have become "%XX".
 */
void reply_redirect(struct reply *reply, const char *path);

/*
 * Sets a cookie for our pages alone, in the place of one of the same name, for
 * so many seconds; 0: until the browser is closed, -1: it is forgotten now.
 * value is made of A-Z a-z 0-9 and "._@+-=".
 */
void reply_cookie(struct reply *reply, const struct request *request,
    const char *name, const char *value, long seconds);

/* The browser's own stays as it was. */
void reply_uncookie(struct reply *reply, const char *name);

/* Writes header and page to fd; without page after a redirect or for HEAD.  0,
 * or -1 with errno. */
int reply_send(const struct reply *reply, const struct request *request,
    const struct html *html, int fd);

#endif
