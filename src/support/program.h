/*
 * Programs of others, for an administrator's tools and for forwarding: never
 * from a process that serves somebody at the network.  They run as who calls,
 * without a shell.
 */
#ifndef SUPPORT_PROGRAM_H
#define SUPPORT_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

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

/* The same, with the descriptor input for its standard input, and for so many
 * milliseconds. */
bool program_feed(char *const argv[], int input, int64_t patience,
    char output[PROGRAM_OUTPUT_SIZE]);

#endif
