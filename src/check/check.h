/*
 * The door of the check room: looks over an installation, or over one login,
 * and says what is wrong and what mends it.
 *
 * It changes nothing, locks nothing and makes no files.  It runs as root, or as
 * anybody else with what he can see, and never becomes another user.  What is
 * right and what is wrong is decided by the rooms below; they are only asked.
 */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include "daemon/options.h"

/*
 * Writes its lines to standard output.  Looks over the login that the options
 * name, or over everything that they lead to.  Returns the exit status: EX_OK,
 * EX_CONFIG if something is wrong, EX_IOERR if that could not be written.
 */
int check_run(const struct options *options);

#endif
