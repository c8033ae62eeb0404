/* The secret that the owner of a domain shares with its pages. */
#include "config.h"

#include "admin/private.h"
#include "support/fileio.h"
#include "support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGITS (2 * DOMAIN_SECRET_SIZE)

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
secret_parse(const char *text, unsigned char *octets, size_t length)
{
	size_t i;
	int high, low;

	for (i = 0; i < length; i++) {
		high = digit(text[2 * i]);
		low = high == -1 ? -1 : digit(text[2 * i + 1]);
		if (low == -1)
			return false;
		octets[i] = (unsigned char)(high << 4 | low);
	}
	return text[2 * length] == '\0';
}

/* Only who owns the passwd file, or root, says what the secret is. */
static bool
is_safe(int directory, int fd)
{
	struct stat passwd, status;

	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    (status.st_mode & (S_IWGRP | S_IRWXO)) == 0 &&
	    fstatat(directory, "passwd", &passwd, 0) == 0 &&
	    (status.st_uid == 0 || status.st_uid == passwd.st_uid);
}

static int
read_secret(int directory, unsigned char secret[DOMAIN_SECRET_SIZE])
{
	char text[DIGITS + 2] = "";
	ssize_t length = -1;
	bool is_whole;
	int fd = openat(directory, SECRET_FILE,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd == -1)
		return -1;
	errno = EPERM;
	if (is_safe(directory, fd))
		length = fileio_read(fd, text, sizeof(text) - 1);
	close(fd);
	if (length == -1)
		return -1;
	is_whole = length == DIGITS + 1 && text[DIGITS] == '\n';
	text[DIGITS] = '\0';
	if (is_whole)
		is_whole = secret_parse(text, secret, DOMAIN_SECRET_SIZE);
	explicit_bzero(text, sizeof(text));
	errno = EBADMSG;
	return is_whole ? 0 : -1;
}

int
domain_secret(const struct admin *admin, const char *domain,
    unsigned char secret[DOMAIN_SECRET_SIZE])
{
	char path[2 * ADMIN_PATH_SIZE];
	int directory, result, error;

	errno = EINVAL;
	if (!account_is_domain_name(domain) ||
	    !text_format(
		path, sizeof(path), "%s/%s", admin->virtual_directory, domain))
		return -1;
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory == -1)
		return -1;
	result = read_secret(directory, secret);
	error = errno;
	close(directory);
	errno = error;
	return result;
}
