/*
 * Whole reads and writes: every loop around read(2) and write(2) on files and
 * pipes is here.  All functions go on after EINTR and after short counts.
 */
#ifndef SUPPORT_FILEIO_H
#define SUPPORT_FILEIO_H

#include <stddef.h>
#include <sys/types.h>

/* Reads until length octets are there or the file ends.  Returns how many
 * octets were read, or -1 with errno. */
ssize_t fileio_read(int fd, void *buffer, size_t length);

/* The same at a position, without moving the file offset. */
ssize_t fileio_read_at(int fd, void *buffer, size_t length, off_t position);

/* Writes all of length octets.  0, or -1 with errno; some octets may have been
 * written then. */
int fileio_write(int fd, const void *buffer, size_t length);

/* The same at a position, without moving the file offset. */
int fileio_write_at(int fd, const void *buffer, size_t length, off_t position);

/* fsync(2) until it is not interrupted.  0, or -1 with errno. */
int fileio_sync(int fd);

/* Makes descriptors 0, 1 and 2 valid by opening /dev/null where they are
 * closed, so that no file opened later is mistaken for one of them.  0, or -1
 * with errno. */
int fileio_fill_standard(void);

/* Gives *fd the number target, closing what had it.  0, or -1 with errno. */
int fileio_move_down(int *fd, int target);

/* Closes all descriptors from lowest on. */
void fileio_close_from(int lowest);

#endif
