/*
 * The lists of system calls, and when they begin to hold.  Runs as the login
 * user, as the mailbox owner, or in the lock keeper.
 *
 * A call that is not in the list kills.  To see which one it was, look for
 * "type=1326" in the kernel's log: its syscall= is the number.  Before a row is
 * added, think of what somebody could do with it who has taken the process
 * over.
 */
#include "config.h"

#include "daemon/paths.h"
#include "daemon/privilege.h"
#include "daemon/sandbox.h"
#include "support/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#define MAY(call, why)                                       \
	{                                                    \
		.number = FILTER_NUMBER(call), .reason = why \
	}
/* ... if its argument, counted from 0, is value in the bits of mask. */
#define MAY_IF(call, nth, bits, wanted, why)                                   \
	{                                                                      \
		.number = FILTER_NUMBER(call), .reason = why, .argument = nth, \
		.mask = bits, .value = wanted                                  \
	}
#define FAILS(call, with, why)                                              \
	{                                                                   \
		.number = FILTER_NUMBER(call), .reason = why, .error = with \
	}

/* ---- login child -------------------------------------------------------- */

static const struct filter_row login_calls[] = {
	MAY(read, "the client; the verdict of the connection process"),
	MAY(write, "credentials, unread input; client on a pipe; stderr"),
	MAY(sendto, "replies"),
	MAY(ppoll, "to wait for the client, with a limit"),
	MAY(clock_gettime, "limits, where the kernel must be asked"),
	MAY(getrandom, "the nonce of SCRAM"),
	MAY(getpid, "the process id in a line of --debug"),
	MAY(exit_group, "the end"),
};

/* ---- session ------------------------------------------------------------ */

/* What a path leads to is for landlock and the file system to decide. */
static const struct filter_row session_calls[] = {
	/* the client */
	MAY(read, "the client; the lock keeper; the process id in a dotlock"),
	MAY(write, "the lock keeper; a dotlock; client on a pipe; stderr"),
	MAY(sendto, "replies; log lines"),
	MAY(ppoll, "to wait for the client or for a lock, with a limit"),
	MAY(rt_sigreturn, "the end of a signal handler"),
	/* the mailbox and the files of its session */
	MAY(openat, "the mailbox and its directory; a dotlock"),
	MAY(close, "the same"),
	MAY(fstat, "size and identity of what is open"),
	MAY(newfstatat, "the same by path; fstat(3) of some versions"),
	MAY(pread64, "mail, journal, what is remembered of ids"),
	MAY(pwrite64, "the same"),
	MAY(ftruncate, "the cut at QUIT; the journal"),
	MAY(fallocate, "room before the first change"),
	MAY(fstatfs, "may others use it; posix_fallocate(3) without help"),
	MAY(fsync, "mail is on the disk before +OK"),
	MAY(fadvise64, "Btrfs: forget what a failed cut has cleared"),
	MAY(utimensat, "no news in an updated mailbox; a dotlock lives"),
	/* locks */
	MAY_IF(fcntl, 1, UINT32_MAX, F_OFD_SETLK, "lock the mailbox"),
	MAY_IF(
	    fcntl, 1, UINT32_MAX, F_GETFL, "posix_fallocate(3) without help"),
	MAY(flock, "--lock=flock"),
	MAY(linkat, "a dotlock is made"),
	MAY(unlinkat, "... and removed"),
	MAY(renameat, "... and broken if it is stale"),
	MAY_IF(kill, 1, UINT32_MAX, 0, "does its holder live: only signal 0"),
	/* the process */
	MAY(brk, "memory"),
	MAY_IF(mmap, 2, PROT_EXEC, 0, "memory, but none for code"),
	MAY(munmap, "the same"),
	MAY(clock_gettime, "limits, where the kernel must be asked"),
	MAY(getrandom, "names, pauses, the mark in an update"),
	MAY(getpid, "in a dotlock; in log lines"),
	MAY(exit_group, "the end"),
	/* what libc can do without */
	FAILS(mremap, ENOMEM, "realloc(3) copies then"),
	FAILS(socket, EACCES,
	    "syslog(3) when the logger was started anew: the line is lost"),
	FAILS(connect, EACCES, "the same in other C libraries"),
};

/* ---- lock keeper -------------------------------------------------------- */

static const struct filter_row keeper_calls[] = {
	MAY(read, "requests; the process id in a dotlock"),
	MAY(write, "answers; a dotlock"),
	MAY(openat, "a dotlock"),
	MAY(close, "the same"),
	MAY(fstat, "whose is it, and how old"),
	MAY(newfstatat, "the same by path; fstat(3) of some versions"),
	MAY(fstatfs, "may other machines use it"),
	MAY(utimensat, "it lives"),
	MAY(linkat, "it is made"),
	MAY(unlinkat, "... and removed"),
	MAY(renameat, "... and broken if it is stale"),
	MAY_IF(kill, 1, UINT32_MAX, 0, "does its holder live: only signal 0"),
	MAY(clock_gettime, "for how long has the system been up"),
	MAY(getrandom, "names of temporary files"),
	MAY(getpid, "in a dotlock"),
	MAY(exit_group, "the end"),
};

const struct filter_row *
sandbox_calls(enum sandbox_kind kind, size_t *count)
{
	switch (kind) {
	case SANDBOX_LOGIN:
		*count = COUNT(login_calls);
		return login_calls;
	case SANDBOX_SESSION:
		*count = COUNT(session_calls);
		return session_calls;
	case SANDBOX_KEEPER:
		break;
	}
	*count = COUNT(keeper_calls);
	return keeper_calls;
}

/* ---- entering ----------------------------------------------------------- */

static int
forbid_rights(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int
sandbox_begin(bool runs_programs)
{
	if ((runs_programs || forbid_rights() == 0) &&
	    privilege_reduce(!runs_programs) == 0)
		return 0;
	log_event(LOG_ERR, "sandbox: %s", strerror(errno));
	return -1;
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, 1);
}

/* What libc looks up once and remembers: the time zone for syslog(3), and for
 * qsort(3), when there is more than a kilobyte to sort, how much memory there
 * is. */
void
sandbox_prepare(void)
{
	char two[2][2048] = { "", "" };

	tzset();
	qsort(two, 2, sizeof(*two), compare);
}

void
sandbox_complain(bool is_wanted)
{
	if (!is_wanted) {
		log_event(LOG_WARNING,
		    "sandbox: none, by --sandbox=no or by this build");
		return;
	}
	if (!filter_is_available())
		log_event(LOG_NOTICE,
		    "sandbox: no filter of system calls, by this kernel, "
		    "processor or C library");
	if (!paths_are_restrictable())
		log_event(LOG_NOTICE,
		    "sandbox: this kernel has no landlock, or it is switched "
		    "off");
}

static int
enter(enum sandbox_kind kind, int directory, enum paths_right right)
{
	size_t count;
	const struct filter_row *rows = sandbox_calls(kind, &count);

	if (forbid_rights() == -1 || paths_restrict(directory, right) == -1)
		return -1;
	return filter_load(rows, count);
}

int
sandbox_login(void)
{
	return enter(SANDBOX_LOGIN, -1, PATHS_NOTHING);
}

static enum paths_right
find_right(const struct mbox_place *place)
{
	bool makes_dotlock =
	    place->keeper == -1 && (place->methods & MBOX_LOCK_DOTLOCK) != 0;

	return makes_dotlock || place->makes_files ? PATHS_LOCK : PATHS_CHANGE;
}

/* A directory that is not there, or that the owner cannot reach, is none. */
static bool
is_no_directory(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EACCES ||
	    error == ELOOP || error == ENAMETOOLONG;
}

int
sandbox_session(const struct mbox_place *place)
{
	int directory =
	    open(place->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result;

	if (directory == -1 && !is_no_directory(errno))
		return -1;
	result = enter(SANDBOX_SESSION, directory,
	    directory == -1 ? PATHS_NOTHING : find_right(place));
	if (directory != -1)
		close(directory);
	return result;
}

int
sandbox_keeper(int directory)
{
	return enter(SANDBOX_KEEPER, directory, PATHS_LOCK);
}
