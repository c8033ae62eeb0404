/*
 * Changes in the passwd file of a domain.  They are made on the text, not on
 * what it means: comments, bad lines and lines of others stay as they are.
 */
#include "config.h"

#include "account/private.h"
#include "support/clock.h"
#include "support/rewrite.h"
#include "support/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOCK_PATIENCE 10000 /* ms */

struct account_edit {
	struct rewrite file;
	char *text; /* what is to stand in the file, and a NUL */
	size_t length;
};

/* A part of the text: a line without its end, or a field. */
struct part {
	size_t start, length;
};

/* ---- who ---------------------------------------------------------------- */

/* True if nobody but root decides what stands at the name. */
static bool
is_of_root(const struct account_rules *rules, const char *domain)
{
	char path[ACCOUNT_PATH_SIZE];
	struct stat directory, file;

	return text_format(path, sizeof(path), "%s/%s",
		   rules->virtual_directory, domain) &&
	    stat(path, &directory) == 0 &&
	    text_format(path, sizeof(path), "%s/%s/passwd",
		rules->virtual_directory, domain) &&
	    lstat(path, &file) == 0 && directory.st_uid == 0 &&
	    S_ISREG(file.st_mode);
}

enum account_search
account_editor(const struct account_rules *rules, const char *domain,
    uid_t *uid, gid_t *gid, struct account_fault *fault)
{
	struct passwd_file file;
	enum account_search result = passwd_open(&file, rules, domain);

	if (result == ACCOUNT_FOUND) {
		passwd_learn_owner(&file);
		*uid = is_of_root(rules, domain) ? 0 : file.owner;
		*gid = file.owner_gid;
		if (file.owner_error != 0) {
			result = ACCOUNT_TROUBLE;
			file.fault = "its owner cannot be looked at";
			file.error = file.owner_error;
		}
	}
	if (result == ACCOUNT_TROUBLE) {
		*fault = (struct account_fault){ .text = file.fault };
		if (file.distrusted != NULL)
			*fault = *file.distrusted;
		errno = file.error;
	}
	passwd_close(&file);
	return result;
}

/* ---- opening ------------------------------------------------------------ */

static int
copy_text(struct account_edit *edit)
{
	edit->text = malloc(edit->file.length + 1);
	if (edit->text == NULL)
		return -1;
	memcpy(edit->text, edit->file.text, edit->file.length + 1);
	edit->length = edit->file.length;
	return 0;
}

static int
open_file(
    struct rewrite *file, const struct account_rules *rules, const char *domain)
{
	char path[ACCOUNT_PATH_SIZE];

	if (!text_format(path, sizeof(path), "%s/%s/passwd",
		rules->virtual_directory, domain)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return rewrite_open(
	    file, path, PASSWD_LARGEST, clock_now() + LOCK_PATIENCE);
}

int
account_edit_open(struct account_edit **edit, const struct account_rules *rules,
    const char *domain)
{
	struct account_fault fault;
	uid_t uid;
	gid_t gid;

	*edit = NULL;
	errno = ENOENT;
	if (!account_is_domain_name(domain) ||
	    account_editor(rules, domain, &uid, &gid, &fault) != ACCOUNT_FOUND)
		return -1;
	if (uid != geteuid()) {
		errno = EPERM;
		return -1;
	}
	*edit = calloc(1, sizeof(**edit));
	if (*edit == NULL)
		return -1;
	(*edit)->file.fd = (*edit)->file.directory = -1;
	if (open_file(&(*edit)->file, rules, domain) == 0 &&
	    copy_text(*edit) == 0)
		return 0;
	account_edit_close(edit);
	return -1;
}

void
account_edit_close(struct account_edit **edit)
{
	int error = errno;

	if (*edit == NULL)
		return;
	if ((*edit)->text != NULL)
		explicit_bzero((*edit)->text, (*edit)->length);
	free((*edit)->text);
	rewrite_close(&(*edit)->file);
	free(*edit);
	*edit = NULL;
	errno = error;
}

const char *
account_edit_text(const struct account_edit *edit)
{
	return edit->text;
}

int
account_edit_commit(struct account_edit *edit)
{
	return rewrite_commit(&edit->file, edit->text, edit->length);
}

/* ---- lines and fields --------------------------------------------------- */

/* The line that begins at start; false at the end. */
static bool
get_line(const struct account_edit *edit, size_t start, struct part *line)
{
	const char *end;

	if (start >= edit->length)
		return false;
	line->start = start;
	end = memchr(edit->text + start, '\n', edit->length - start);
	line->length = end == NULL ? edit->length - start
				   : (size_t)(end - edit->text) - start;
	if (line->length > 0 && edit->text[start + line->length - 1] == '\r')
		line->length--;
	return true;
}

static size_t
behind(const struct account_edit *edit, const struct part *line)
{
	size_t end = line->start + line->length;
	const char *next = memchr(edit->text + end, '\n', edit->length - end);

	return next == NULL ? edit->length : (size_t)(next - edit->text) + 1;
}

/* Cuts the line at its colons.  How many fields it has; only the first seven
 * are filled. */
static unsigned int
split(const struct account_edit *edit, const struct part *line,
    struct part fields[7])
{
	size_t i, start = line->start, end = line->start + line->length;
	unsigned int count = 0;

	for (i = start; i <= end; i++) {
		if (i < end && edit->text[i] != ':')
			continue;
		if (count < 7)
			fields[count] = (struct part){ start, i - start };
		count++;
		start = i + 1;
	}
	return count;
}

static bool
is_of_user(
    const struct account_edit *edit, const struct part *name, const char *user)
{
	return name->length == strlen(user) &&
	    strncasecmp(edit->text + name->start, user, name->length) == 0;
}

/* Looks for a line of user from start on. */
static bool
find(const struct account_edit *edit, const char *user, size_t start,
    struct part *line, struct part fields[7], unsigned int *count)
{
	for (; get_line(edit, start, line); start = behind(edit, line)) {
		if (line->length == 0 || edit->text[line->start] == '#')
			continue;
		*count = split(edit, line, fields);
		if ((*count == 2 || *count == 7) &&
		    is_of_user(edit, &fields[0], user))
			return true;
	}
	errno = ENOENT;
	return false;
}

int
account_edit_get(const struct account_edit *edit, const char *user,
    enum account_field field, char *out, size_t size)
{
	struct part line, fields[7];
	unsigned int count;

	if (!find(edit, user, 0, &line, fields, &count))
		return -1;
	out[0] = '\0';
	if ((unsigned int)field >= count)
		return 0;
	errno = ENOBUFS;
	return text_format(out, size, "%.*s", (int)fields[field].length,
		   edit->text + fields[field].start)
	    ? 0
	    : -1;
}

/* ---- changes ------------------------------------------------------------ */

/* Puts value in the place of length octets at start. */
static int
splice(struct account_edit *edit, const struct part *part, const char *value)
{
	size_t more = strlen(value), rest = part->start + part->length;
	char *text = malloc(edit->length - part->length + more + 1);

	if (text == NULL)
		return -1;
	memcpy(text, edit->text, part->start);
	memcpy(text + part->start, value, more);
	memcpy(text + part->start + more, edit->text + rest,
	    edit->length - rest + 1);
	explicit_bzero(edit->text, edit->length);
	free(edit->text);
	edit->text = text;
	edit->length += more - part->length;
	return 0;
}

static int
check_value(const char *value)
{
	for (; *value != '\0'; value++)
		if ((unsigned char)*value < ' ' || *value == 0x7f ||
		    *value == ':') {
			errno = EINVAL;
			return -1;
		}
	return 0;
}

static bool
ends_in_line_end(const struct account_edit *edit)
{
	return edit->length == 0 || edit->text[edit->length - 1] == '\n';
}

int
account_edit_add(struct account_edit *edit, const struct account *account,
    const char *password, const char *gecos)
{
	char line[READER_LINE_SIZE + 2];
	struct part found, fields[7], end = { edit->length, 0 };
	unsigned int count;

	errno = EEXIST;
	if (find(edit, account->user, 0, &found, fields, &count))
		return -1;
	errno = EINVAL;
	if (!account_is_user_name(account->user) ||
	    check_value(password) == -1 || check_value(gecos) == -1)
		return -1;
	errno = EMSGSIZE;
	if (strlen(password) >= SECRET_SIZE ||
	    !text_format(line, sizeof(line) - ends_in_line_end(edit),
		"%s%s:%s:%u:%u:%s::\n", ends_in_line_end(edit) ? "" : "\n",
		account->user, password, (unsigned int)account->uid,
		(unsigned int)account->gid, gecos))
		return -1;
	return splice(edit, &end, line);
}

int
account_edit_set(struct account_edit *edit, const char *user,
    enum account_field field, const char *value)
{
	struct part line, fields[7];
	unsigned int count;

	if (!find(edit, user, 0, &line, fields, &count) ||
	    check_value(value) == -1)
		return -1;
	errno = ENOTSUP;
	if ((unsigned int)field >= count)
		return -1;
	errno = EMSGSIZE;
	if (line.length - fields[field].length + strlen(value) >=
		READER_LINE_SIZE ||
	    (field == ACCOUNT_PASSWORD && strlen(value) >= SECRET_SIZE))
		return -1;
	return splice(edit, &fields[field], value);
}

int
account_edit_remove(struct account_edit *edit, const char *user)
{
	struct part line, fields[7];
	unsigned int count;
	bool is_found = false;
	size_t start = 0;

	while (find(edit, user, start, &line, fields, &count)) {
		line.length = behind(edit, &line) - line.start;
		if (splice(edit, &line, "") == -1)
			return -1;
		start = line.start;
		is_found = true;
	}
	errno = ENOENT;
	return is_found ? 0 : -1;
}
