/* A sandbox for one test program. */
#include "config.h"

#include "box.h"
#include "support/clock.h"
#include "support/fileio.h"
#include "support/log.h"
#include "support/text.h"
#include "tap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char root[PATH_MAX];
static char source[PATH_MAX];
static pid_t owner;

/* ---- beginning and end -------------------------------------------------- */

static int
remove_entry(
    const char *path, const struct stat *status, int kind, struct FTW *position)
{
	(void)status;
	(void)kind;
	(void)position;
	return remove(path);
}

static void
remove_all(void)
{
	if (getpid() == owner && chdir("/") == 0)
		(void)nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* "make check" tells where the source is, in one variable or another. */
static void
find_source(void)
{
	const char *given = getenv("POP3D_SOURCE");

	if (given == NULL)
		given = getenv("srcdir");
	if (realpath(given != NULL ? given : ".", source) == NULL)
		bail_out("POP3D_SOURCE");
}

void
box_open(void)
{
	find_source();
	text_copy(root, sizeof(root), "/tmp/gnu-pop3d-unit.XXXXXX");
	owner = getpid();
	if (mkdtemp(root) == NULL || chmod(root, 0755) == -1 ||
	    chdir(root) == -1)
		bail_out("temporary directory");
	atexit(remove_all);
	umask(022);
}

const char *
box_path(void)
{
	return root;
}

const char *
box_source(void)
{
	return source;
}

/* ---- files -------------------------------------------------------------- */

static void
put(const char *name, int flags, const void *data, size_t length)
{
	int fd = open(name, O_WRONLY | O_CREAT | flags, 0600);

	if (fd == -1 || fileio_write(fd, data, length) == -1 || close(fd) == -1)
		bail_out(name);
}

void
box_write(const char *name, const struct bytes *content)
{
	put(name, O_TRUNC, content->length == 0 ? "" : content->data,
	    content->length);
}

void
box_write_text(const char *name, const char *text)
{
	put(name, O_TRUNC, text, strlen(text));
}

void
box_append_text(const char *name, const char *text)
{
	put(name, O_APPEND, text, strlen(text));
}

void
box_read(const char *name, struct bytes *content)
{
	char piece[65536];
	int fd = open(name, O_RDONLY);
	ssize_t n;

	bytes_free(content);
	if (fd == -1)
		bail_out(name);
	while ((n = fileio_read(fd, piece, sizeof(piece))) > 0)
		bytes_add(content, piece, (size_t)n);
	if (n == -1)
		bail_out(name);
	close(fd);
}

void
box_directory(const char *name, mode_t mode)
{
	if (mkdir(name, mode) == -1 || chmod(name, mode) == -1)
		bail_out(name);
}

struct stat
box_stat(const char *name)
{
	struct stat status;

	if (lstat(name, &status) == -1)
		bail_out(name);
	return status;
}

bool
box_has(const char *name)
{
	struct stat status;

	return lstat(name, &status) == 0;
}

void
box_age(const char *name, long seconds)
{
	struct timespec times[2];

	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= seconds;
	times[1] = times[0];
	if (utimensat(AT_FDCWD, name, times, AT_SYMLINK_NOFOLLOW) == -1)
		bail_out(name);
}

int
box_entries(const char *directory)
{
	DIR *opened = opendir(directory);
	const struct dirent *entry;
	int count = 0;

	if (opened == NULL)
		bail_out(directory);
	while ((entry = readdir(opened)) != NULL)
		count += strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0;
	closedir(opened);
	return count;
}

/* A journal in memory, the same for all mailboxes of the program. */
static int
journal(int i)
{
	static int files[2];

	if (files[i] == 0)
		files[i] = memfd_create("journal", MFD_CLOEXEC);
	return files[i];
}

struct mbox_place
box_place(const char *name)
{
	struct mbox_place place = { .owner = geteuid(),
		.group = getegid(),
		.methods = MBOX_LOCK_DEFAULT,
		.needs_dotlock = true,
		.syncs = true,
		.leaves_status = true,
		.keeper = -1,
		.journal = { journal(0), journal(1) },
		.ids = -1,
		.index = -1,
		.journal_size = (off_t)1024 * 1024 };

	text_copy(place.directory, sizeof(place.directory), root);
	text_copy(place.name, sizeof(place.name), name);
	return place;
}

int64_t
in_ms(int64_t duration)
{
	return clock_now() + duration;
}

void
box_log_to(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);

	if (fd == -1 || dup2(fd, STDERR_FILENO) == -1)
		bail_out(name);
	close(fd);
	log_to_stderr();
}

/* ---- processes ---------------------------------------------------------- */

bool
is_root(void)
{
	return geteuid() == 0;
}

void
become_stranger(void)
{
	if (is_root() &&
	    (setgroups(0, NULL) == -1 || setgid(STRANGER) == -1 ||
		setuid(STRANGER) == -1))
		_exit(125);
}

pid_t
box_fork(void)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == -1)
		bail_out("fork");
	return pid;
}

int
box_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			bail_out("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
