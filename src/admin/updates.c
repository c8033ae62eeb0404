/*
 * What came of the updates of a domain: DOMAIN/updates, lines of time, serial
 * and outcome.  A serial stands there, on disk, before its change is made, so
 * that none is made twice.
 */
#include "config.h"

#include "admin/private.h"
#include "support/clock.h"
#include "support/fileio.h"
#include "support/rewrite.h"
#include "support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* No update begins when what is remembered is larger than LARGEST; those that
 * began have room for their ends. */
#define LARGEST	  ((size_t)1024 * 1024)
#define READABLE  (2 * LARGEST)
#define PATIENCE  10000 /* ms */
#define LINE_SIZE 100

/* CHANGE_WAITING: it was begun. */
static const char *const outcomes[] = {
	[CHANGE_DONE] = "done",
	[CHANGE_WAITING] = "begun",
	[CHANGE_CONFLICT] = "conflict",
	[CHANGE_EXISTS] = "exists",
	[CHANGE_NO_USER] = "no-user",
	[CHANGE_UNSOUND] = "unsound",
	[CHANGE_TOO_LONG] = "too-long",
	[CHANGE_NO_FIELD] = "no-field",
	[CHANGE_FORBIDDEN] = "forbidden",
	[CHANGE_TROUBLE] = "trouble",
};

static bool
find_path(const struct admin *admin, const char *domain,
    char path[2 * ADMIN_PATH_SIZE])
{
	errno = ENAMETOOLONG;
	return text_format(path, 2 * ADMIN_PATH_SIZE, "%s/%s/" UPDATES_FILE,
	    admin->virtual_directory, domain);
}

/* ---- lines -------------------------------------------------------------- */

struct entry {
	uint64_t time;
	const char *serial; /* in the line */
	enum change_result outcome;
};

/* Takes a line apart, which is changed. */
static bool
parse(char *line, struct entry *entry)
{
	const char *number = text_field(&line, ' '), *outcome;
	size_t i;

	entry->serial = text_field(&line, ' ');
	outcome = text_field(&line, ' ');
	if (outcome == NULL || line != NULL ||
	    !text_to_number(number, INT64_MAX, &entry->time))
		return false;
	for (i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
		if (strcmp(outcome, outcomes[i]) == 0) {
			entry->outcome = (enum change_result)i;
			return true;
		}
	return false;
}

/* The next line of *rest, copied; false at the end. */
static bool
next_entry(const char **rest, struct entry *entry, char line[LINE_SIZE])
{
	size_t length;
	bool is_whole;

	while (**rest != '\0') {
		length = strcspn(*rest, "\n");
		is_whole =
		    text_format(line, LINE_SIZE, "%.*s", (int)length, *rest);
		*rest += length + ((*rest)[length] == '\n');
		if (is_whole && parse(line, entry))
			return true;
	}
	return false;
}

static bool
find_entry(const char *text, const char *serial, enum change_result *outcome)
{
	struct entry entry;
	char line[LINE_SIZE];

	while (next_entry(&text, &entry, line))
		if (strcmp(entry.serial, serial) == 0) {
			*outcome = entry.outcome;
			return true;
		}
	return false;
}

/* ---- writing ------------------------------------------------------------ */

static size_t
put_entry(char *out, size_t size, uint64_t when, const char *serial,
    enum change_result outcome)
{
	return text_format(out, size, "%llu %s %s\n", (unsigned long long)when,
		   serial, outcomes[outcome])
	    ? strlen(out)
	    : 0;
}

/* All lines but those of serial and those that are too old to be mistaken for
 * new ones, and the new one.  EAGAIN if that is too much for one that begins:
 * later there is room. */
static int
write_entry(struct rewrite *file, const char *serial, int64_t when,
    enum change_result outcome, int64_t now)
{
	size_t used = 0, size = file->length + 2 * (size_t)LINE_SIZE;
	char *text = malloc(size), line[LINE_SIZE];
	const char *rest = file->text;
	struct entry entry;
	int result;

	if (text == NULL)
		return -1;
	while (next_entry(&rest, &entry, line))
		if (strcmp(entry.serial, serial) != 0 &&
		    (int64_t)entry.time > now - UPDATE_REMEMBERED)
			used += put_entry(text + used, size - used, entry.time,
			    entry.serial, entry.outcome);
	used += put_entry(
	    text + used, size - used, (uint64_t)when, serial, outcome);
	errno = EAGAIN;
	result = outcome == CHANGE_WAITING && used > LARGEST
	    ? -1
	    : rewrite_commit(file, text, used);
	free(text);
	return result;
}

int
updates_begin(const struct admin *admin, const char *domain, const char *serial,
    int64_t when, int64_t now, enum change_result *outcome)
{
	char path[2 * ADMIN_PATH_SIZE];
	struct rewrite file;
	int result = 0, error;

	if (!find_path(admin, domain, path) ||
	    rewrite_open(&file, path, READABLE, clock_now() + PATIENCE) == -1)
		return -1;
	if (find_entry(file.text, serial, outcome))
		result = 1;
	else
		result = write_entry(&file, serial, when, CHANGE_WAITING, now);
	error = errno;
	rewrite_close(&file);
	errno = error;
	return result;
}

int
updates_end(const struct admin *admin, const char *domain, const char *serial,
    int64_t when, int64_t now, enum change_result outcome)
{
	char path[2 * ADMIN_PATH_SIZE];
	struct rewrite file;
	int result, error;

	if (!find_path(admin, domain, path) ||
	    rewrite_open(&file, path, READABLE, clock_now() + PATIENCE) == -1)
		return -1;
	result = write_entry(&file, serial, when, outcome, now);
	error = errno;
	rewrite_close(&file);
	errno = error;
	return result;
}

/* ---- reading ------------------------------------------------------------ */

/* All of the file, with a NUL; NULL with errno. */
static char *
read_file(const char *path)
{
	struct stat status;
	char *text = NULL;
	ssize_t length = -1;
	int fd = open(
	    path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd == -1)
		return NULL;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    (uintmax_t)status.st_size <= READABLE)
		text = malloc((size_t)status.st_size + 1);
	if (text != NULL)
		length = fileio_read(fd, text, (size_t)status.st_size);
	close(fd);
	if (length == -1) {
		free(text);
		return NULL;
	}
	text[length] = '\0';
	return text;
}

enum change_result
change_outcome(
    const struct admin *admin, const char *domain, const char *serial)
{
	enum change_result outcome = CHANGE_WAITING;
	char path[2 * ADMIN_PATH_SIZE], *text;

	if (!account_is_domain_name(domain) || !find_path(admin, domain, path))
		return CHANGE_WAITING;
	text = read_file(path);
	if (text == NULL)
		return CHANGE_WAITING;
	(void)find_entry(text, serial, &outcome);
	free(text);
	return outcome;
}
