/*
 * A place to keep a message of any size until it can be used: in memory while
 * it is small, in an unlinked temporary file when it grows.
 */
#ifndef SUPPORT_SPOOL_H
#define SUPPORT_SPOOL_H

#include <stddef.h>

struct spool {
	char *memory; /* the whole message, or its end */
	size_t length;
	size_t room;
	int fd; /* of a temporary file with what comes before, or -1 */
};

/* Makes an empty spool.  End with spool_free(). */
void spool_init(struct spool *spool);
void spool_free(struct spool *spool);

/* Adds length octets.  0, or -1 with errno. */
int spool_write(struct spool *spool, const void *data, size_t length);

/* Writes all octets to the descriptor fd.  0, or -1 with errno. */
int spool_copy(struct spool *spool, int fd);

/* Moves the message to a temporary file, from whose beginning the descriptor
 * that is returned can be read once; it belongs to the spool.  -1 with
 * errno. */
int spool_file(struct spool *spool);

#endif
