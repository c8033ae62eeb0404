/*
 * The door of the admin room: virtdomain(8), which makes, changes and removes
 * virtual domains and their users.
 *
 * Runs as root, or as the owner of a domain.  What lies in directories that a
 * domain owner can write is touched with his rights alone, in a process of its
 * own.  Nothing of what others own is overwritten.
 */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

/* Does what the command line says.  Returns an exit status of sysexits.h. */
int admin_run(int argc, char **argv);

#endif
