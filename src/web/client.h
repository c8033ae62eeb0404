/*
 * What a user has to set in the mail program.
 */
#ifndef WEB_CLIENT_H
#define WEB_CLIENT_H

#include "web/visit.h"

/* Puts the settings for the user with this address into the page. */
void client_show(struct visit *visit, const char *address);

#endif
