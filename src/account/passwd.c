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

/* 0, or -1 with errno: whose file it is cannot be found out now. */
static int
note_owner(struct passwd_file *file, const struct stat *status)
{
	struct passwd *owner;

	file->owner = status->st_uid;
	file->file_gid = status->st_gid;
	file->owner_gid = status->st_gid;
	if (file->owner == 0)
		return 0;
	errno = 0;
	owner = getpwuid(file->owner);
	if (owner == NULL && is_trouble(errno))
		return -1;
	if (owner != NULL)
		file->owner_gid = owner->pw_gid;
	return 0;
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
	if (note_owner(file, &status) == 0 && note_spool(file) == 0)
		return ACCOUNT_FOUND;
	(void)fail(file, "its owner or its spool cannot be looked at", errno);
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

/* Whether this file may hand out these ids. */
static const char *
judge_ids(const struct passwd_file *file, const struct account *account)
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
	if (account->gid != file->owner_gid && account->gid != file->file_gid)
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

static const char *
parse_name(const struct passwd_file *file, char *name, struct account *account)
{
	text_lower(name);
	if (!account_is_user_name(name))
		return "the user name has characters that are not served";
	text_copy(account->user, sizeof(account->user), name);
	text_copy(account->domain, sizeof(account->domain), file->domain);
	text_format(
	    account->name, sizeof(account->name), "%s@%s", name, file->domain);
	return NULL;
}

const char *
passwd_parse(const struct passwd_file *file, char *line, struct record *record)
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

/* Reads a line without its end.  Returns false at the end of the file.  Sets
 * fault for a line that cannot be right; the rest of it is passed over. */
static bool
read_line(FILE *stream, char line[PASSWD_LINE_SIZE], const char **fault)
{
	size_t length = 0;
	int c;

	*fault = NULL;
	while ((c = getc(stream)) != EOF && c != '\n') {
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

enum passwd_line
passwd_next(struct passwd_file *file, struct record *record)
{
	char line[PASSWD_LINE_SIZE];
	bool is_read;

	do {
		is_read = read_line(file->stream, line, &file->fault);
		file->line_number++;
	} while (is_read && file->fault == NULL && !ferror(file->stream) &&
	    (line[0] == '\0' || line[0] == '#'));
	if (is_read && file->fault == NULL && !ferror(file->stream))
		file->fault = passwd_parse(file, line, record);
	explicit_bzero(line, sizeof(line));
	if (ferror(file->stream)) {
		file->line_number = 0;
		(void)fail(file, "cannot be read", errno);
		return PASSWD_TROUBLE;
	}
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
