/*
 * A text file that is changed as a whole, by one writer at a time.  Readers see
 * the old file or the new one, never a part, and so does who comes after a
 * crash.
 *
 * The lock is flock(2) on the file that the name leads to; since a change puts
 * another file in its place, the name is looked at again behind the lock.  The
 * new file is written beside it as NAME.new, which nobody without the lock may
 * touch.  Symbolic links stay: the file at their end is replaced.
 */
#ifndef SUPPORT_REWRITE_H
#define SUPPORT_REWRITE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define REWRITE_NAME_SIZE 256

struct rewrite {
	int directory; /* in which the file is, behind all links */
	int fd;	       /* of the file; it holds the lock */
	char name[REWRITE_NAME_SIZE];
	struct stat status;
	char *text; /* what stands in the file, and a NUL */
	size_t length;
};

/*
 * Locks the file until the clock_now() moment deadline, and reads it.  End with
 * rewrite_close().  0, or -1 with errno: ETIMEDOUT if somebody else has the
 * lock, EINVAL if it is no regular file, EMLINK if it has other names too,
 * EFBIG if it has more than most octets.
 */
int rewrite_open(
    struct rewrite *rewrite, const char *path, size_t most, int64_t deadline);

/* Puts a file with this text, and owner and mode of the old one, in its place
 * and on disk; does nothing if the text is the same.  0, or -1 with errno. */
int rewrite_commit(struct rewrite *rewrite, const char *text, size_t length);

/* Gives back the lock and all memory, which is wiped; may be called again. */
void rewrite_close(struct rewrite *rewrite);

/* Makes a file that is not there, of the caller, with exactly this mode, whole
 * and on disk.  0, or -1 with errno, EEXIST for one. */
int rewrite_make(const char *path, mode_t mode, const char *text);

#endif
