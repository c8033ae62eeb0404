/*
 * A sandbox for one test program: a temporary directory that is the working
 * directory from box_open() on and is removed when the process ends.
 */
#ifndef UNIT_BOX_H
#define UNIT_BOX_H

#include "bytes.h"
#include "mbox/mbox.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Somebody who needs no entry in /etc/passwd; only root can be him. */
#define STRANGER 47110

void box_open(void);

/* The directory's absolute path. */
const char *box_path(void);

/* The source tree, absolute. */
const char *box_source(void);

/* Files are named relative to the sandbox.  Failures end the program. */
void box_write(const char *name, const struct bytes *content);
void box_write_text(const char *name, const char *text);
void box_append_text(const char *name, const char *text);
void box_read(const char *name, struct bytes *content);
void box_directory(const char *name, mode_t mode);
struct stat box_stat(const char *name);
bool box_has(const char *name);

/* Makes the file that many seconds older than now. */
void box_age(const char *name, long seconds);

/* How many entries the directory has. */
int box_entries(const char *directory);

/* The mailbox name in the sandbox, ours, with default locks; its Status:
 * headers are left alone. */
struct mbox_place box_place(const char *name);

/* The moment that many milliseconds from now. */
int64_t in_ms(int64_t duration);

/* Lines of the log and of standard error go to this file from now on. */
void box_log_to(const char *name);

bool is_root(void);

/* For a child process: gives up root. */
void become_stranger(void);

/* Forks; the child must end with _exit().  Returns as fork(2) does. */
pid_t box_fork(void);

/* Waits for a child; its exit status, or 128 + signal. */
int box_wait(pid_t pid);

#endif
