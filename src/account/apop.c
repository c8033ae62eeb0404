/*
 * The APOP file of GNU pop3d 0.9.8: a second secret, in plain text, for users
 * of the system.  It proves, and is never compared with a password that was
 * sent: that is for the hash in shadow.
 *
 * Runs as root, or as the one user whose mail is served.
 */
#include "config.h"

#include "account/private.h"
#include "support/often.h"
#include "support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST_FILE ((off_t)1024 * 1024) /* it is read for every login */

struct apop_file {
	const char *path; /* borrowed */
	struct reader reader;
	unsigned long line_number;
};

/* ---- opening ------------------------------------------------------------ */

static const char *
find_fault(const struct stat *status)
{
	if (!S_ISREG(status->st_mode) || status->st_nlink != 1)
		return "is not a regular file with one link";
	if (status->st_uid != 0 && status->st_uid != geteuid())
		return "does not belong to root";
	if ((status->st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return "is open to group or others; chmod it to 600";
	if (status->st_size > LARGEST_FILE)
		return "is larger than 1 MB";
	return NULL;
}

static void
refuse(const struct apop_file *file, const char *fault, int error)
{
	often_log(LOG_ERR, "%s: %s%s%s; APOP for users of the system fails",
	    file->path, fault, error == 0 ? "" : ": ",
	    error == 0 ? "" : strerror(error));
}

/* A file that is not there is no trouble, nor one of root to others: they know
 * no users of the system but themselves. */
static bool
is_absent(int error)
{
	return error == ENOENT || error == ENOTDIR ||
	    (error == EACCES && geteuid() != 0);
}

/* False, after a log line if it is called for, if there are no secrets. */
static bool
open_file(struct apop_file *file, const char *path)
{
	struct stat status;
	const char *fault;
	int fd;

	memset(file, 0, sizeof(*file));
	file->path = path;
	if (path == NULL)
		return false;
	fd = open(
	    path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1) {
		if (!is_absent(errno))
			refuse(file, "cannot be opened", errno);
		return false;
	}
	fault = fstat(fd, &status) == -1 ? "cannot be examined"
					 : find_fault(&status);
	if (fault != NULL) {
		close(fd);
		refuse(file, fault, 0);
		return false;
	}
	reader_init(&file->reader, fd);
	return true;
}

/* ---- lines -------------------------------------------------------------- */

/* Cuts the line after the name.  Returns the secret, or NULL with a fault. */
static const char *
parse(char *line, const char **fault)
{
	char *secret = strchr(line, ':');

	if (secret == NULL) {
		*fault = "is not name:password";
		return NULL;
	}
	*secret++ = '\0';
	if (strlen(secret) >= SECRET_SIZE) {
		*fault = "the password is too long";
		return NULL;
	}
	text_lower(line);
	return secret;
}

/* Reads the next line that is good.  False at the end of the file. */
static bool
next_secret(struct apop_file *file, char **name, const char **secret)
{
	const char *fault;
	char *line;

	while ((line = reader_line(&file->reader, &fault)) != NULL) {
		file->line_number++;
		if (fault == NULL && (line[0] == '\0' || line[0] == '#'))
			continue;
		*secret = fault == NULL ? parse(line, &fault) : NULL;
		*name = line;
		if (*secret != NULL)
			return true;
		often_log(LOG_WARNING, "%s: line %lu skipped: %s", file->path,
		    file->line_number, fault);
	}
	if (file->reader.error != 0)
		refuse(file, "cannot be read", file->reader.error);
	return false;
}

/* ---- looking up --------------------------------------------------------- */

void
apop_find(const struct account_rules *rules, const char *user,
    char secret[SECRET_SIZE])
{
	char *name;
	const char *found;
	struct apop_file file;

	secret[0] = '\0';
	if (!open_file(&file, rules->apop_file))
		return;
	while (next_secret(&file, &name, &found))
		if (secret[0] == '\0' && strcmp(name, user) == 0)
			text_copy(secret, SECRET_SIZE, found);
	reader_close(&file.reader);
}

bool
apop_has_some(const struct account_rules *rules)
{
	char *name;
	const char *found;
	struct apop_file file;
	bool has_some = false;

	if (!open_file(&file, rules->apop_file))
		return false;
	while (!has_some && next_secret(&file, &name, &found))
		has_some = found[0] != '\0';
	reader_close(&file.reader);
	return has_some;
}
