/*
 * The passwd file of a domain, opened to be changed: by whom, and under which
 * lock.
 */
#include "config.h"

#include "account/private.h"
#include "support/clock.h"
#include "support/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOCK_PATIENCE 10000 /* ms */

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

/* ---- looking ------------------------------------------------------------ */

static int
read_all(struct account_edit *edit, FILE *stream)
{
	struct stat status;
	size_t size;

	if (fstat(fileno(stream), &status) == -1)
		return -1;
	size = (size_t)status.st_size;
	edit->text = malloc(size + 1);
	if (edit->text == NULL)
		return -1;
	edit->length = fread(edit->text, 1, size, stream);
	edit->text[edit->length] = '\0';
	return ferror(stream) ? -1 : 0;
}

/* What a login would read. */
static int
open_trusted(struct passwd_file *file, const struct account_rules *rules,
    const char *domain)
{
	switch (passwd_open(file, rules, domain)) {
	case ACCOUNT_FOUND:
		return 0;
	case ACCOUNT_NO_DOMAIN:
	case ACCOUNT_UNKNOWN:
		errno = ENOENT;
		return -1;
	case ACCOUNT_TROUBLE:
		break;
	}
	errno = file->error != 0 ? file->error : EPERM;
	return -1;
}

int
account_edit_look(struct account_edit **edit, const struct account_rules *rules,
    const char *domain)
{
	struct passwd_file file;
	int result = -1;

	*edit = NULL;
	errno = ENOENT;
	if (!account_is_domain_name(domain) ||
	    open_trusted(&file, rules, domain) == -1)
		return -1;
	*edit = calloc(1, sizeof(**edit));
	if (*edit != NULL) {
		(*edit)->file.fd = (*edit)->file.directory = -1;
		result = read_all(*edit, file.stream);
	}
	if (result == -1)
		account_edit_close(edit);
	passwd_close(&file);
	return result;
}

/* ---- all of it ---------------------------------------------------------- */

const char *
account_edit_text(const struct account_edit *edit)
{
	return edit->text;
}

int
account_edit_commit(struct account_edit *edit)
{
	if (edit->file.fd == -1) {
		errno = EPERM;
		return -1;
	}
	return rewrite_commit(&edit->file, edit->text, edit->length);
}
