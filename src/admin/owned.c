/* Which domain is meant by an owner who names none: his only one. */
#include "config.h"

#include "admin/private.h"
#include "support/text.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* 1 if its passwd file is this user's, 0 if not, -1 with errno. */
static int
is_owned(const struct admin *admin, const char *domain)
{
	char path[2 * ADMIN_PATH_SIZE];
	struct stat status;

	if (!account_is_domain_name(domain) ||
	    !text_format(path, sizeof(path), "%s/%s/passwd",
		admin->virtual_directory, domain))
		return 0;
	if (lstat(path, &status) == 0)
		return S_ISREG(status.st_mode) && status.st_uid == geteuid();
	return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -1;
}

static int
count(const struct admin *admin, DIR *directory, char *found)
{
	const struct dirent *entry;
	int owned = 0;

	while (owned < 2 && (errno = 0, entry = readdir(directory)) != NULL) {
		int result = is_owned(admin, entry->d_name);

		if (result == -1)
			return -1;
		if (result == 1)
			text_copy(found, ACCOUNT_DOMAIN_SIZE, entry->d_name);
		owned += result;
	}
	return owned < 2 && errno != 0 ? -1 : owned;
}

int
owned_domains(const struct admin *admin, char found[ACCOUNT_DOMAIN_SIZE])
{
	DIR *directory = opendir(admin->virtual_directory);
	int result, error;

	if (directory == NULL)
		return -1;
	result = count(admin, directory, found);
	error = errno;
	closedir(directory);
	errno = error;
	return result;
}
