/*
 * The passwd file of a virtual domain: VIRTUAL-DIRECTORY/DOMAIN/passwd.
 *
 * Trust follows ownership.  A file of root may name any uid from the least one
 * allowed; a file of anybody else, often the domain administrator's own behind
 * a symbolic link, only its owner's uid and groups.  A file or directory that
 * others can write is not read at all.
 */
#include "config.h"

#include "account/private.h"
#include "support/often.h"
#include "support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Who is in more than so many has only his own, and that of his spool. */
#define GROUPS_MOST 256

/* ---- opening ------------------------------------------------------------ */

static int
open_domain(const struct account_rules *rules, const char *domain)
{
	int top =
	    open(rules->virtual_directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int directory, error;

	if (top == -1)
		return -1;
	directory = openat(top, domain, O_PATH | O_DIRECTORY | O_CLOEXEC);
	error = errno;
	close(top);
	errno = error;
	return directory;
}

static int
note_spool(struct passwd_file *file)
{
	char path[ACCOUNT_PATH_SIZE];
	struct stat status;

	if (!text_format(path, sizeof(path), "%s/%s", file->rules.virtual_spool,
		file->domain))
		return 0;
	if (stat(path, &status) == -1)
		return is_trouble(errno) ? -1 : 0;
	if (S_ISDIR(status.st_mode)) {
		file->spool_uid = status.st_uid;
		file->spool_gid = status.st_gid;
	}
	return 0;
}

static enum account_search
fail(struct passwd_file *file, const char *fault, int error)
{
	file->fault = fault;
	file->error = error;
	return ACCOUNT_TROUBLE;
}

static enum account_search
open_reader(struct passwd_file *file, int directory)
{
	const struct account_fault *distrusted;
	struct stat status;
	int fd = openat(
	    directory, "passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd == -1)
		return fail(file, "cannot be opened", errno);
	distrusted = passwd_distrust(directory, fd, &status);
	if (distrusted != NULL) {
		close(fd);
		file->distrusted = distrusted;
		return fail(file, distrusted->text, 0);
	}
	reader_init(&file->reader, fd);
	file->owner = status.st_uid;
	file->file_gid = status.st_gid;
	if (note_spool(file) == 0)
		return ACCOUNT_FOUND;
	(void)fail(file, "its spool cannot be looked at", errno);
	passwd_close(file);
	return ACCOUNT_TROUBLE;
}

enum account_search
passwd_open(struct passwd_file *file, const struct account_rules *rules,
    const char *domain)
{
	enum account_search result;
	int directory;

	memset(file, 0, sizeof(*file));
	reader_init(&file->reader, -1);
	file->rules = *rules;
	file->domain = domain;
	directory = open_domain(rules, domain);
	if (directory == -1 && (errno == ENOENT || errno == ENOTDIR))
		return ACCOUNT_NO_DOMAIN;
	if (directory == -1)
		return fail(file, "cannot open the directory", errno);
	result = open_reader(file, directory);
	close(directory);
	return result;
}

void
passwd_close(struct passwd_file *file)
{
	reader_close(&file->reader);
}

/* ---- whom it may name ---------------------------------------------------- */

/* Root may have given the directory, and with it the file, to a group so that
 * others can read there: that does not bring the owner into it. */
static bool
is_in_group(const struct passwd *owner, gid_t gid)
{
	gid_t groups[GROUPS_MOST];
	int count = GROUPS_MOST;

	if (getgrouplist(owner->pw_name, owner->pw_gid, groups, &count) == -1)
		return false;
	while (count-- > 0)
		if (groups[count] == gid)
			return true;
	return false;
}

void
passwd_learn_owner(struct passwd_file *file)
{
	const struct passwd *owner;

	if (file->knows_owner)
		return;
	file->knows_owner = true;
	file->owner_gid =
	    file->spool_uid == file->owner ? file->spool_gid : file->file_gid;
	if (file->owner == 0)
		return;
	errno = 0;
	owner = getpwuid(file->owner);
	file->owner_error = owner == NULL && is_trouble(errno) ? errno : 0;
	if (owner == NULL)
		return;
	file->owner_gid = owner->pw_gid;
	file->is_in_file_group = is_in_group(owner, file->file_gid);
}

/* Most lines name the group of the spool, which root has made. */
static bool
is_group_of_owner(struct passwd_file *file, gid_t gid)
{
	if (gid == file->spool_gid && file->spool_uid == file->owner)
		return true;
	passwd_learn_owner(file);
	return gid == file->owner_gid ||
	    (gid == file->file_gid && file->is_in_file_group);
}

const char *
passwd_judge_ids(struct passwd_file *file, const struct passwd_entry *entry)
{
	if (entry->uid == 0)
		return "uid 0 is never served";
	if (entry->gid == 0)
		return "gid 0 is never served";
	if (entry->uid < file->rules.least_uid)
		return "the uid is below --min-uid";
	if (file->owner == 0)
		return NULL;
	if (entry->uid != file->owner)
		return "names another uid than the owner of the file; only a "
		       "file of root may";
	if (!is_group_of_owner(file, entry->gid))
		return "names a gid that is not the owner's";
	return NULL;
}

/* ---- all lines ---------------------------------------------------------- */

static enum passwd_line
stop(struct passwd_file *file, const char *fault, int error)
{
	file->line_number = 0;
	(void)fail(file, fault, error);
	return PASSWD_TROUBLE;
}

enum passwd_line
passwd_next_entry(struct passwd_file *file, struct passwd_entry *entry)
{
	char *line;

	memset(entry, 0, sizeof(*entry));
	do {
		line = reader_line(&file->reader, &file->fault);
		file->line_number++;
	} while (line != NULL && file->fault == NULL &&
	    (line[0] == '\0' || line[0] == '#'));
	if (file->reader.error != 0)
		return stop(file, "cannot be read", file->reader.error);
	if (line == NULL)
		return PASSWD_END;
	if (file->fault == NULL)
		file->fault = passwd_parse(file, line, entry);
	if (file->owner_error != 0)
		return stop(
		    file, "its owner cannot be looked at", file->owner_error);
	return file->fault == NULL ? PASSWD_GOOD : PASSWD_BAD;
}

enum passwd_line
passwd_next(struct passwd_file *file, struct record *record)
{
	struct passwd_entry entry;
	enum passwd_line line = passwd_next_entry(file, &entry);

	if (line == PASSWD_GOOD || line == PASSWD_BAD)
		passwd_take(file, &entry, record);
	return line;
}

void
passwd_log_fault(const struct passwd_file *file)
{
	if (file->line_number > 0)
		often_log(LOG_WARNING, "%s/%s/passwd: line %lu skipped: %s",
		    file->rules.virtual_directory, file->domain,
		    file->line_number, file->fault);
	else
		often_log(LOG_ERR, "%s/%s/passwd: %s%s%s",
		    file->rules.virtual_directory, file->domain, file->fault,
		    file->error == 0 ? "" : ": ",
		    file->error == 0 ? "" : strerror(file->error));
}
