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
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* True when root has given the directory to a group so that others can read in
 * it: the files have the group then, but their owner is not in it. */
static bool
is_shared(int directory, const struct stat *file)
{
	struct stat status;

	return (file->st_mode & S_IRGRP) != 0 &&
	    fstat(directory, &status) == 0 && (status.st_mode & S_ISGID) != 0 &&
	    status.st_gid == file->st_gid;
}

static enum account_search
fail(struct passwd_file *file, const char *fault, int error)
{
	file->fault = fault;
	file->error = error;
	return ACCOUNT_TROUBLE;
}

static enum account_search
open_stream(struct passwd_file *file, int directory)
{
	const struct account_fault *distrusted;
	struct stat status;
	int fd = openat(
	    directory, "passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd == -1)
		return fail(file, "cannot be opened", errno);
	distrusted = passwd_distrust(directory, fd, &status);
	if (distrusted == NULL)
		file->stream = fdopen(fd, "r");
	if (file->stream == NULL) {
		close(fd);
		file->distrusted = distrusted;
		return fail(file,
		    distrusted != NULL ? distrusted->text : "no memory", 0);
	}
	setvbuf(file->stream, file->buffer, _IOFBF, sizeof(file->buffer));
	file->owner = status.st_uid;
	file->file_gid = status.st_gid;
	file->is_shared = is_shared(directory, &status);
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
	file->rules = *rules;
	file->domain = domain;
	directory = open_domain(rules, domain);
	if (directory == -1 && (errno == ENOENT || errno == ENOTDIR))
		return ACCOUNT_NO_DOMAIN;
	if (directory == -1)
		return fail(file, "cannot open the directory", errno);
	result = open_stream(file, directory);
	close(directory);
	return result;
}

void
passwd_close(struct passwd_file *file)
{
	if (file->stream != NULL)
		fclose(file->stream);
	file->stream = NULL;
	explicit_bzero(file->buffer, sizeof(file->buffer));
}

/* ---- one line ----------------------------------------------------------- */

static bool
starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* A hash of the oldest method of crypt(3) has nothing to be known by but its
 * shape. */
static bool
looks_hashed(const char *field)
{
	static const char alphabet[] =
	    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	return strlen(field) == 13 && strspn(field, alphabet) == 13;
}

/* Sorts out the password field.  is_short: of a two-field line, where a text
 * without mark is a traditional hash, not plain text. */
static const char *
parse_secret(const char *field, bool is_short, struct record *record)
{
	if (field[0] == '\0' || field[0] == '*' || field[0] == '!' ||
	    strcmp(field, "x") == 0) {
		record->kind = SECRET_NONE;
		record->refusal = "locked in the passwd file";
		return NULL;
	}
	record->kind = is_short || field[0] == '$' ? SECRET_HASH : SECRET_PLAIN;
	record->looks_hashed =
	    record->kind == SECRET_PLAIN && looks_hashed(field);
	if (starts_with(field, "{PLAIN}")) {
		record->kind = SECRET_PLAIN;
		field += strlen("{PLAIN}");
	} else if (starts_with(field, "{CRYPT}")) {
		record->kind = SECRET_HASH;
		field += strlen("{CRYPT}");
	}
	if (field[0] == '\0')
		return "the password is empty";
	if (!text_copy(record->secret, sizeof(record->secret), field))
		return "the password is too long";
	return NULL;
}

static bool
parse_id(const char *text, unsigned int *id)
{
	uint64_t number;

	/* The highest number means "no change" to chown(2). */
	if (!text_to_number(text, UINT32_MAX - 1, &number))
		return false;
	*id = (unsigned int)number;
	return true;
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
	if (owner != NULL)
		file->owner_gid = owner->pw_gid;
}

/* Most lines name the group that the file has, or else the spool. */
static bool
is_group_of_owner(struct passwd_file *file, gid_t gid)
{
	if ((gid == file->file_gid && !file->is_shared) ||
	    (gid == file->spool_gid && file->spool_uid == file->owner))
		return true;
	passwd_learn_owner(file);
	return gid == file->owner_gid;
}

/* Whether this file may hand out these ids. */
static const char *
judge_ids(struct passwd_file *file, const struct account *account)
{
	if (account->uid == 0)
		return "uid 0 is never served";
	if (account->gid == 0)
		return "gid 0 is never served";
	if (account->uid < file->rules.least_uid)
		return "the uid is below --min-uid";
	if (file->owner == 0)
		return NULL;
	if (account->uid != file->owner)
		return "names another uid than the owner of the file; only a "
		       "file of root may";
	if (!is_group_of_owner(file, account->gid))
		return "names a gid that is not the owner's";
	return NULL;
}

static const char *
parse_seven(char *fields[7], struct record *record)
{
	struct account *account = &record->account;

	if (!parse_id(fields[2], &account->uid))
		return "the uid is not a number";
	if (!parse_id(fields[3], &account->gid))
		return "the gid is not a number";
	if (!text_copy(account->home, sizeof(account->home), fields[5]))
		return "the home directory is too long";
	text_copy(record->gecos, sizeof(record->gecos), fields[4]);
	text_copy(record->forward, sizeof(record->forward), fields[6]);
	return parse_secret(fields[1], false, record);
}

static const char *
parse_two(
    const struct passwd_file *file, char *fields[7], struct record *record)
{
	if (file->spool_uid == 0)
		return "a line of two fields needs a spool directory of the "
		       "domain that belongs to its user";
	record->account.uid = file->spool_uid;
	record->account.gid = file->spool_gid;
	return parse_secret(fields[1], true, record);
}

/* Done for every line: printf(3) would take longer than all the rest. */
static void
join_name(struct account *account)
{
	size_t length = strlen(account->user);

	memcpy(account->name, account->user, length);
	account->name[length] = '@';
	memcpy(account->name + length + 1, account->domain,
	    strlen(account->domain) + 1);
}

static const char *
parse_name(const struct passwd_file *file, char *name, struct account *account)
{
	text_lower(name);
	if (!account_is_user_name(name))
		return "the user name has characters that are not served";
	text_copy(account->user, sizeof(account->user), name);
	text_copy(account->domain, sizeof(account->domain), file->domain);
	join_name(account);
	return NULL;
}

const char *
passwd_parse(struct passwd_file *file, char *line, struct record *record)
{
	char *fields[7] = { NULL };
	const char *fault;
	char *rest = line;
	unsigned int count;

	memset(record, 0, sizeof(*record));
	for (count = 0; rest != NULL && count < 7; count++)
		fields[count] = text_field(&rest, ':');
	if (rest != NULL || (count != 2 && count != 7))
		return "has neither seven fields (name:password:uid:gid:gecos:"
		       "home:shell) nor two (name:hash)";
	fault = parse_name(file, fields[0], &record->account);
	if (fault == NULL && count == 7)
		fault = parse_seven(fields, record);
	else if (fault == NULL)
		fault = parse_two(file, fields, record);
	if (fault == NULL)
		fault = judge_ids(file, &record->account);
	return fault;
}

/* ---- all lines ---------------------------------------------------------- */

bool
passwd_read_line(FILE *stream, char line[PASSWD_LINE_SIZE], const char **fault)
{
	size_t length = 0;
	int c;

	*fault = NULL;
	while ((c = getc_unlocked(stream)) != EOF && c != '\n') {
		if (c == '\0')
			*fault = "contains a NUL";
		else if (length + 1 >= PASSWD_LINE_SIZE)
			*fault = "is too long";
		else
			line[length++] = (char)c;
	}
	if (length > 0 && line[length - 1] == '\r')
		length--;
	line[length] = '\0';
	return c != EOF || length > 0 || *fault != NULL;
}

static enum passwd_line
stop(struct passwd_file *file, const char *fault, int error)
{
	file->line_number = 0;
	(void)fail(file, fault, error);
	return PASSWD_TROUBLE;
}

enum passwd_line
passwd_next(struct passwd_file *file, struct record *record)
{
	char line[PASSWD_LINE_SIZE];
	bool is_read;

	do {
		is_read = passwd_read_line(file->stream, line, &file->fault);
		file->line_number++;
	} while (is_read && file->fault == NULL && !ferror(file->stream) &&
	    (line[0] == '\0' || line[0] == '#'));
	if (is_read && file->fault == NULL && !ferror(file->stream))
		file->fault = passwd_parse(file, line, record);
	explicit_bzero(line, sizeof(line));
	if (ferror(file->stream))
		return stop(file, "cannot be read", errno);
	if (file->owner_error != 0)
		return stop(
		    file, "its owner cannot be looked at", file->owner_error);
	if (!is_read)
		return PASSWD_END;
	return file->fault == NULL ? PASSWD_GOOD : PASSWD_BAD;
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
