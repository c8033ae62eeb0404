/*
 * What the pages of a domain remember from one request to the next: files of
 * lines, each with the moment until which it counts and a word.  They are
 * locked from opening to closing; lines whose time is over are not seen, and go
 * with the next change.
 */
#ifndef WEB_NOTES_H
#define WEB_NOTES_H

#include "admin/admin.h"
#include "support/rewrite.h"

#include <stdint.h>

#define NOTES_WORD_SIZE 65

struct notes {
	struct rewrite file;
	char *text; /* what is to stand in the file */
	size_t length, room;
};

/* Opens the file name of domain as it is at the moment now of time(2); it need
 * not be there, but the directory must: ENOENT tells that the pages of this
 * domain are switched off.  End with notes_close().  0, or -1 with errno. */
int notes_open(struct notes *notes, const struct admin *admin,
    const char *domain, const char *name, int64_t now);

/* How many lines have this word, or any if it is NULL; *first is the moment
 * when the first of them ends. */
size_t notes_count(const struct notes *notes, const char *word, int64_t *first);

/* Adds a line; takes one away, which need not be there; takes all away. */
int notes_add(struct notes *notes, int64_t until, const char *word);
void notes_remove(struct notes *notes, int64_t until, const char *word);
void notes_clear(struct notes *notes);

/* Puts the changed file in place.  0, or -1 with errno. */
int notes_commit(struct notes *notes);
void notes_close(struct notes *notes);

#endif
