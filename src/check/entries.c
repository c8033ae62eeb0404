/* What is in a directory, and who is in a domain. */
#include "config.h"

#include "check/private.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- directories -------------------------------------------------------- */

static int
is_wanted(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 &&
	    strcmp(entry->d_name, "..") != 0;
}

int
entries_read(struct entries *entries, const char *directory)
{
	struct dirent **list;
	int i, count = scandir(directory, &list, is_wanted, alphasort);

	memset(entries, 0, sizeof(*entries));
	if (count == -1)
		return -1;
	entries->names = calloc((size_t)count + 1, sizeof(char *));
	for (i = 0; i < count; i++) {
		char *name =
		    entries->names == NULL ? NULL : strdup(list[i]->d_name);

		if (name != NULL)
			entries->names[entries->count++] = name;
		free(list[i]);
	}
	free(list);
	if (entries->count == (size_t)count && entries->names != NULL)
		return 0;
	entries_free(entries);
	errno = ENOMEM;
	return -1;
}

void
entries_free(struct entries *entries)
{
	while (entries->count > 0)
		free(entries->names[--entries->count]);
	free(entries->names);
	entries->names = NULL;
}

/* ---- accounts ----------------------------------------------------------- */

static int
compare(const void *left, const void *right)
{
	const struct member *a = left;
	const struct member *b = right;
	int order = strcmp(a->account.user, b->account.user);

	if (order != 0)
		return order;
	return a->line < b->line ? -1 : a->line > b->line;
}

int
roster_add(struct roster *roster, const struct account_line *line)
{
	size_t room = roster->room == 0 ? 64 : roster->room * 2;
	struct member *larger;

	if (roster->count == roster->room) {
		larger = realloc(roster->members, room * sizeof(*larger));
		if (larger == NULL)
			return -1;
		roster->members = larger;
		roster->room = room;
	}
	roster->members[roster->count].account = line->account;
	roster->members[roster->count].line = line->number;
	roster->count++;
	return 0;
}

void
roster_sort(struct roster *roster)
{
	if (roster->count > 0)
		qsort(roster->members, roster->count, sizeof(struct member),
		    compare);
}

const struct member *
roster_find(const struct roster *roster, const char *user)
{
	size_t low = 0, high = roster->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(roster->members[middle].account.user, user) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < roster->count &&
	    strcmp(roster->members[low].account.user, user) == 0)
		return &roster->members[low];
	return NULL;
}

bool
roster_read(struct roster *roster, const struct account_rules *rules,
    const char *domain)
{
	struct account_survey *survey;
	struct account_fault fault;
	struct account_line line;
	int error;

	memset(roster, 0, sizeof(*roster));
	if (account_survey_open(&survey, rules, domain, &fault) !=
	    ACCOUNT_FOUND)
		return false;
	while (account_survey_next(survey, &line, &error))
		if (line.fault == NULL && roster_add(roster, &line) == -1) {
			error = errno;
			break;
		}
	account_survey_close(&survey);
	roster_sort(roster);
	return error == 0;
}

void
roster_free(struct roster *roster)
{
	free(roster->members);
	memset(roster, 0, sizeof(*roster));
}
