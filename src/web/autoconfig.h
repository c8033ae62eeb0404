/*
 * What mail clients read to set up an account by themselves: a document of
 * Mozilla's format config-v1.1, which other clients know too.
 */
#ifndef WEB_AUTOCONFIG_H
#define WEB_AUTOCONFIG_H

#include <stdbool.h>
#include <stddef.h>

#define AUTOCONFIG_SIZE 3072 /* enough for any two names */

/*
 * Writes the document for the users of domain, whose mail server has the name
 * server.  It is the same for all of them: the client puts in the address.
 * False for a name that account_is_domain_name() does not take, or if out is
 * too small.
 */
bool autoconfig_write(
    char *out, size_t size, const char *domain, const char *server);

#endif
