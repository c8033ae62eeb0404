/*
 * A disk that forgets: records what a program writes to a few files, and makes
 * them as a crash after any of its system calls could have left them.
 *
 * The calls pwrite, ftruncate, posix_fallocate and fsync of everything that is
 * linked into the program come here first (ld --wrap).
 */
#ifndef CRASH_DISK_H
#define CRASH_DISK_H

#include "../unit/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_FILES 3

/* Watches the open file fd as number file. */
void disk_watch(int file, int fd);

/* Forgets what was recorded; what the files hold now is on disk. */
void disk_start(void);

/* How many calls were recorded since. */
size_t disk_calls(void);

/* How many had been when file was synced with something new in it, for the
 * first time; disk_calls() + 1 if that never happened. */
size_t disk_first_sync(int file);

/* kill -9 after the first calls calls, and in the middle of the next one if
 * that is a write and halves it. */
void disk_kill(size_t calls, bool halves);

/* A power cut after the first calls calls: what was not synced is there, or
 * not, or in part, sector by sector, as chance wants; a cut that was not synced
 * may have cleared the rest of its block and not made the file shorter. */
void disk_cut(size_t calls, uint32_t *chance);

/* Puts the files back as they were at disk_start(). */
void disk_restore(void);

/* ---- faults, to see that the tests see them ----------------------------- */

/* A sync of this file does nothing; -1: all work. */
void disk_ignore_sync(int file);

/* Writes of this many octets to file 0 do nothing; 0: all work. */
void disk_ignore_writes(size_t length);

#endif
