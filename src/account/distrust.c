/*
 * Which passwd file is not read at all, because of where it lies and who may
 * write it.  Runs as root for every login.
 */
#include "config.h"

#include "account/private.h"

#include <fcntl.h>
#include <sys/stat.h>

/* Rows of faults[]. */
enum fault {
	NOT_EXAMINED,
	NOT_REGULAR,
	TOO_LARGE,
	WRITABLE,
	DIRECTORY_WRITABLE,
	DIRECTORY_FOREIGN,
	LINK_TO_ROOT,
	SOUND
};

static const struct account_fault faults[] = {
	[NOT_EXAMINED] = { "cannot be examined", NULL, false },
	[NOT_REGULAR] = { "is not a regular file", NULL, false },
	[TOO_LARGE] = { "is larger than 16 MB", NULL, false },
	[WRITABLE] = { "is writable for group or others; chmod go-w",
	    "chmod go-w", false },
	[DIRECTORY_WRITABLE] = { "lies in a directory that group or others "
				 "can write",
	    "chmod go-w", true },
	[DIRECTORY_FOREIGN] = { "lies in a directory of another user",
	    "chown root", true },
	[LINK_TO_ROOT] = { "is a link to a file of root; link the directory "
			   "of the domain instead",
	    NULL, false },
};

static enum fault
find_fault(const struct stat *directory, const struct stat *file)
{
	const mode_t others = S_IWGRP | S_IWOTH;

	if (!S_ISREG(file->st_mode))
		return NOT_REGULAR;
	if (file->st_size > (off_t)PASSWD_LARGEST)
		return TOO_LARGE;
	if ((file->st_mode & others) != 0)
		return WRITABLE;
	if ((directory->st_mode & others) != 0)
		return DIRECTORY_WRITABLE;
	if (directory->st_uid != 0 && directory->st_uid != file->st_uid)
		return DIRECTORY_FOREIGN;
	return SOUND;
}

/* True for a link to a file of root.  Root has made the link, but in the home
 * that it leads to, its owner may have put a link in the file's place: to a
 * file of root in which he can make lines appear, and with them any uid. */
static bool
is_link_to_root(int directory, const struct stat *file)
{
	struct stat link;

	if (fstatat(directory, "passwd", &link, AT_SYMLINK_NOFOLLOW) == -1)
		return true;
	return S_ISLNK(link.st_mode) && file->st_uid == 0;
}

const struct account_fault *
passwd_distrust(int directory, int fd, struct stat *status)
{
	struct stat directory_status;
	enum fault fault;

	if (fstat(fd, status) == -1 ||
	    fstat(directory, &directory_status) == -1)
		return &faults[NOT_EXAMINED];
	fault = find_fault(&directory_status, status);
	if (fault == SOUND && is_link_to_root(directory, status))
		fault = LINK_TO_ROOT;
	return fault == SOUND ? NULL : &faults[fault];
}
