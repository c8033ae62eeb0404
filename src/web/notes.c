/* What the pages of a domain remember. */
#include "config.h"

#include "web/notes.h"
#include "support/clock.h"
#include "support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST	  ((size_t)1024 * 1024)
#define PATIENCE  5000 /* ms */
#define LINE_SIZE (TEXT_NUMBER_SIZE + NOTES_WORD_SIZE + 2)

/* No note is made for longer: what says so was made before the clock was
 * set. */
#define LONGEST ((int64_t)24 * 60 * 60)

struct note {
	int64_t until;
	char word[NOTES_WORD_SIZE];
};

/* ---- lines --------------------------------------------------------------- */

/* Takes the next line of text; what stands behind it, or NULL at the end.  A
 * line that is none has no word. */
static const char *
read_line(const char *text, struct note *note)
{
	char line[LINE_SIZE], *rest = line, *number;
	const char *end = strchr(text, '\n');
	uint64_t until;

	if (end == NULL)
		return NULL;
	note->word[0] = '\0';
	if (!text_format(line, sizeof(line), "%.*s", (int)(end - text), text))
		return end + 1;
	number = text_field(&rest, ' ');
	if (number != NULL && rest != NULL &&
	    text_to_number(number, INT64_MAX, &until) &&
	    text_copy(note->word, sizeof(note->word), rest))
		note->until = (int64_t)until;
	return end + 1;
}

int
notes_add(struct notes *notes, int64_t until, const char *word)
{
	char line[LINE_SIZE];

	errno = ENOBUFS;
	if (!text_format(
		line, sizeof(line), "%lld %s\n", (long long)until, word) ||
	    notes->room - notes->length <= strlen(line))
		return -1;
	memcpy(notes->text + notes->length, line, strlen(line) + 1);
	notes->length += strlen(line);
	return 0;
}

size_t
notes_count(const struct notes *notes, const char *word, int64_t *first)
{
	const char *text = notes->text;
	struct note note;
	size_t count = 0;

	*first = INT64_MAX;
	while ((text = read_line(text, &note)) != NULL) {
		if (word != NULL && strcmp(word, note.word) != 0)
			continue;
		count++;
		if (note.until < *first)
			*first = note.until;
	}
	return count;
}

void
notes_remove(struct notes *notes, int64_t until, const char *word)
{
	const char *next, *text = notes->text;
	struct note note;
	size_t start;

	while ((next = read_line(text, &note)) != NULL) {
		if (note.until == until && strcmp(note.word, word) == 0) {
			start = (size_t)(text - notes->text);
			memmove(notes->text + start, next, strlen(next) + 1);
			notes->length -= (size_t)(next - text);
			return;
		}
		text = next;
	}
}

void
notes_clear(struct notes *notes)
{
	notes->length = 0;
	notes->text[0] = '\0';
}

/* ---- the file ------------------------------------------------------------ */

static int
open_file(struct notes *notes, const char *path)
{
	int fd = open(path,
	    O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

	if (fd == -1)
		return -1;
	close(fd);
	return rewrite_open(&notes->file, path, MOST, clock_now() + PATIENCE);
}

static int
take_lines(struct notes *notes, int64_t now)
{
	const char *text = notes->file.text;
	struct note note;

	notes->room = notes->file.length + LINE_SIZE + 1;
	notes->text = calloc(1, notes->room);
	if (notes->text == NULL)
		return -1;
	while ((text = read_line(text, &note)) != NULL)
		if (note.word[0] != '\0' && note.until > now &&
		    note.until - now <= LONGEST &&
		    notes_add(notes, note.until, note.word) == -1)
			return -1;
	return 0;
}

void
notes_close(struct notes *notes)
{
	int error = errno;

	free(notes->text);
	notes->text = NULL;
	rewrite_close(&notes->file);
	errno = error;
}

int
notes_open(struct notes *notes, const struct admin *admin, const char *domain,
    const char *name, int64_t now)
{
	char directory[ADMIN_PATH_SIZE], path[ADMIN_PATH_SIZE + 32];

	memset(notes, 0, sizeof(*notes));
	notes->file.fd = notes->file.directory = -1;
	errno = ENOENT;
	if (!admin_state_path(admin, domain, directory))
		return -1;
	errno = ENAMETOOLONG;
	if (!text_format(path, sizeof(path), "%s/%s", directory, name))
		return -1;
	if (open_file(notes, path) == 0 && take_lines(notes, now) == 0)
		return 0;
	notes_close(notes);
	return -1;
}

int
notes_commit(struct notes *notes)
{
	return rewrite_commit(&notes->file, notes->text, notes->length);
}
