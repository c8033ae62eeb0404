/* daemon/sandbox: what each process can no longer do, and what it still can. */
#include "config.h"

#include "box.h"
#include "daemon/paths.h"
#include "daemon/sandbox.h"
#include "support/text.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const kind_names[] = { "login child", "session",
	"lock keeper" };
static struct mbox_place place; /* of spool/mailbox */

/* ---- in the sandbox ----------------------------------------------------- */

/* In a child: 0 is what the system has let happen; else an errno. */
typedef int act_fn(void);

static int
outcome(long result)
{
	return result == -1 ? errno : 0;
}

static int
nothing(void)
{
	return 0;
}

static int
execute(void)
{
	char *const none[] = { NULL };

	return outcome(syscall(SYS_execve, "elsewhere", none, none));
}

static int
start_process(void)
{
	return outcome(fork());
}

static int
open_network(void)
{
	return outcome(socket(AF_INET, SOCK_STREAM, 0));
}

static int
open_elsewhere(void)
{
	return outcome(open("elsewhere", O_RDONLY | O_CLOEXEC));
}

static int
trace(void)
{
	return outcome(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int
become_another(void)
{
	return outcome(syscall(SYS_setresuid, 1, 1, 1));
}

static int
take_code(void)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? errno : 0;
}

static int
make_code(void)
{
	static char page[8192] __attribute__((aligned(4096)));

	return outcome(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static int
send_signal(void)
{
	return outcome(kill(getppid(), SIGURG));
}

static int
change_mode(void)
{
	return outcome(chmod("spool", 0777));
}

static int
take_ownership(void)
{
	return outcome(fcntl(0, F_SETOWN, getpid()));
}

static int
call_as_32_bit(void)
{
	return outcome(syscall(0x40000000 + SYS_getpid));
}

/* A tracer that lets a call fail puts this in its place. */
static int
call_nothing(void)
{
	return syscall(-1) == -1 && errno == ENOSYS ? 0 : errno;
}

static int
enter(enum sandbox_kind kind)
{
	switch (kind) {
	case SANDBOX_LOGIN:
		return sandbox_login();
	case SANDBOX_SESSION:
		return sandbox_session(&place);
	case SANDBOX_KEEPER:
		break;
	}
	return sandbox_keeper(open("spool", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/* The signal that killed, as a negative number; or the errno. */
static int
attempt(enum sandbox_kind kind, act_fn *act)
{
	int status;
	pid_t pid = box_fork();

	if (pid == 0) {
		if (prctl(PR_SET_DUMPABLE, 0) == -1 || enter(kind) == -1)
			syscall(SYS_exit_group, 255);
		syscall(SYS_exit_group, act());
	}
	if (waitpid(pid, &status, 0) == -1)
		bail_out("waitpid");
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- what kills --------------------------------------------------------- */

static const struct {
	act_fn *act;
	const char *name;
} crimes[] = {
	{ execute, "executing a program" },
	{ start_process, "starting a process" },
	{ trace, "tracing another process" },
	{ become_another, "becoming another user" },
	{ take_code, "memory for code" },
	{ make_code, "making code of memory" },
	{ send_signal, "a signal" },
	{ change_mode, "changing a mode" },
	{ take_ownership, "an fcntl that is no lock" },
	{ call_as_32_bit, "the same call by its other number" },
};

static void
check_crimes(enum sandbox_kind kind)
{
	size_t i;

	for (i = 0; i < sizeof(crimes) / sizeof(*crimes); i++) {
		if (!filter_is_available()) {
			skip("no filter of system calls here",
			    "%s kills the %s", crimes[i].name,
			    kind_names[kind]);
			continue;
		}
		is_number(attempt(kind, crimes[i].act), -SIGSYS,
		    "%s kills the %s", crimes[i].name, kind_names[kind]);
	}
}

static void
check_filter(
    enum sandbox_kind kind, act_fn *act, int expected, const char *what)
{
	if (filter_is_available())
		is_number(attempt(kind, act), expected, "%s", what);
	else
		skip("no filter of system calls here", "%s", what);
}

static void
check_kinds(void)
{
	int kind;

	for (kind = SANDBOX_LOGIN; kind <= SANDBOX_KEEPER; kind++) {
		is_number(attempt((enum sandbox_kind)kind, nothing), 0,
		    "the %s lives as long as it does nothing else",
		    kind_names[kind]);
		is_number(attempt((enum sandbox_kind)kind, call_nothing), 0,
		    "the %s lives where a tracer lets a call fail",
		    kind_names[kind]);
		check_crimes((enum sandbox_kind)kind);
	}
	check_filter(SANDBOX_LOGIN, open_network, -SIGSYS,
	    "a socket kills the login child");
	check_filter(SANDBOX_KEEPER, open_network, -SIGSYS,
	    "a socket kills the lock keeper");
	check_filter(SANDBOX_SESSION, open_network, EACCES,
	    "a session gets no socket, and lives without the system logger");
	check_filter(SANDBOX_LOGIN, open_elsewhere, -SIGSYS,
	    "opening a file kills the login child");
}

/* ---- paths -------------------------------------------------------------- */

static int
change_mailbox(void)
{
	int fd = open("spool/mailbox", O_RDWR | O_CLOEXEC);

	return fd == -1 ? errno : outcome(ftruncate(fd, 0));
}

static int
make_file(void)
{
	return outcome(
	    open("spool/new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
}

static int
remove_file(void)
{
	return outcome(unlinkat(AT_FDCWD, "spool/new", 0));
}

/* Kernels differ in the error. */
static int
move_away(void)
{
	int error =
	    outcome(renameat(AT_FDCWD, "spool/mailbox", AT_FDCWD, "mailbox"));

	return error == EXDEV ? EACCES : error;
}

static int
list_directory(void)
{
	return outcome(open("spool", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static void
check_path(enum sandbox_kind kind, act_fn *act, int expected, const char *what)
{
	if (paths_are_restrictable())
		is_number(attempt(kind, act), expected, "%s", what);
	else
		skip("the kernel has no landlock", "%s", what);
}

static void
check_paths(void)
{
	check_path(SANDBOX_SESSION, change_mailbox, 0,
	    "a session opens, writes and cuts the mailbox");
	check_path(SANDBOX_SESSION, make_file, 0,
	    "it makes a file beside it, for it makes the dotlock");
	check_path(SANDBOX_SESSION, remove_file, 0, "it removes it again");
	check_path(SANDBOX_SESSION, open_elsewhere, EACCES,
	    "it opens no file elsewhere");
	check_path(SANDBOX_SESSION, move_away, EACCES,
	    "it moves no file out of its directory");
	check_path(SANDBOX_SESSION, list_directory, EACCES,
	    "it cannot see which files there are");
	check_path(SANDBOX_KEEPER, make_file, 0,
	    "the lock keeper makes files in its directory");
	check_path(
	    SANDBOX_KEEPER, remove_file, 0, "the lock keeper removes them");
	check_path(SANDBOX_KEEPER, open_elsewhere, EACCES,
	    "the lock keeper opens no file elsewhere");
	place.keeper = 0;
	check_path(SANDBOX_SESSION, change_mailbox, 0,
	    "a session with a lock keeper opens its mailbox");
	check_path(SANDBOX_SESSION, make_file, EACCES, "... but makes no file");
	place.keeper = -1;
	text_copy(place.directory, sizeof(place.directory), "/nonexistent");
	check_path(SANDBOX_SESSION, change_mailbox, EACCES,
	    "a session whose directory is missing opens nothing");
}

/* ---- the lists ---------------------------------------------------------- */

static void
check_list(enum sandbox_kind kind, size_t most)
{
	size_t i, j, count, permitted = 0;
	const struct filter_row *rows = sandbox_calls(kind, &count);
	bool have_reasons = true;

	for (i = 0; i < count; i++) {
		for (j = 0; j < i; j++)
			if (rows[j].number == rows[i].number)
				break;
		permitted += j == i && rows[i].error == 0;
		have_reasons = have_reasons && strlen(rows[i].reason) > 5;
	}
	ok(permitted > 0 && permitted <= most,
	    "the %s may make %zu calls, at most %zu", kind_names[kind],
	    permitted, most);
	ok(have_reasons, "each with a reason");
	ok(count <= FILTER_ROWS, "and they fit");
}

static void
check_descriptors(void)
{
	const struct rlimit none = { 0, 0 };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_NOFILE, &none);
		_exit(sandbox_session(&place) == -1 ? errno : 0);
	}
	waitpid(pid, &status, 0);
	is_number(WEXITSTATUS(status), EMFILE,
	    "a session that cannot open the directory now does not begin "
	    "without it");
}

int
main(void)
{
	box_open();
	sandbox_prepare();
	box_directory("spool", 0700);
	box_write_text("spool/mailbox", "From x Sun Nov 22 07:00:00 2026\n");
	box_write_text("elsewhere", "");
	place = box_place("spool/mailbox");
	text_format(
	    place.directory, sizeof(place.directory), "%s/spool", box_path());
	check_list(SANDBOX_LOGIN, 15);
	check_list(SANDBOX_SESSION, 30);
	check_list(SANDBOX_KEEPER, 20);
	check_kinds();
	check_descriptors();
	check_paths();
	return done();
}
