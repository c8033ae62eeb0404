/*
 * Programs of others, for an administrator's tools: never from a process that
 * serves somebody.  They run as who calls, from his PATH, without a shell.
 */
#ifndef SUPPORT_PROGRAM_H
#define SUPPORT_PROGRAM_H

#include <stdbool.h>

#define PROGRAM_PATH_SIZE   1024
#define PROGRAM_OUTPUT_SIZE 65536

/* Looks for a program in PATH.  False if it is not there. */
bool program_find(const char *name, char path[PROGRAM_PATH_SIZE]);

/*
 * Runs the program at argv[0] without a shell, with an empty standard input and
 * for five seconds at most, and takes what it writes, at most
 * PROGRAM_OUTPUT_SIZE octets with the NUL behind.  False if it failed.
 */
bool program_run(char *const argv[], char output[PROGRAM_OUTPUT_SIZE]);

#endif
