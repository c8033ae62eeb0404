/* Virtual domains in the box, for tests of who may log in. */
#ifndef UNIT_ACCOUNTS_H
#define UNIT_ACCOUNTS_H

#include "account/account.h"
#include "bytes.h"

/* Makes a virtual directory; rules that lead there, for any uid. */
struct account_rules accounts_open(void);

/* Adds a line of seven fields to a passwd file. */
void accounts_add(struct bytes *file, const char *name, const char *secret);

/* Makes a domain with this file. */
void accounts_write(const char *domain, const struct bytes *file);

#endif
