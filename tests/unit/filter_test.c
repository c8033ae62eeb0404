/* daemon/filter: a list decides on each number that a call can have. */
#include "config.h"

#include "box.h"
#include "daemon/filter.h"
#include "daemon/sandbox.h"
#include "tap.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NUMBERS 512 /* more than there are */

struct list {
	const struct filter_row *rows;
	size_t count;
};

/* What becomes of a call with that argument in all places: the errno, or the
 * signal that killed as a negative number. */
static int
attempt(const struct list *list, int number, long argument)
{
	int status;
	pid_t pid = box_fork();

	if (pid == 0) {
		if (prctl(PR_SET_DUMPABLE, 0) == -1 ||
		    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
		    filter_load(list->rows, list->count) == -1)
			syscall(SYS_exit_group, 255);
		errno = 0;
		(void)syscall(number, argument, argument, argument, argument,
		    argument, argument);
		syscall(SYS_exit_group, errno);
	}
	if (waitpid(pid, &status, 0) == -1)
		bail_out("waitpid");
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static const struct filter_row *
find(const struct list *list, int number)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (list->rows[i].number == number)
			return &list->rows[i];
	return NULL;
}

/* ---- our lists ---------------------------------------------------------- */

/* What the kernel decides itself, before it looks at the list. */
static bool
is_kernels_own(int number)
{
#ifdef __x86_64__
	return number == 335 || number == 336; /* uretprobe(2), uprobe(2) */
#else
	(void)number;
	return false;
#endif
}

static void
check_list(enum sandbox_kind kind, const char *who)
{
	struct list list;
	unsigned int alive = 0, dead = 0;
	int number;

	list.rows = sandbox_calls(kind, &list.count);
	for (number = 0; number < NUMBERS; number++) {
		const struct filter_row *row = find(&list, number);

		if (row == NULL && !is_kernels_own(number))
			alive += attempt(&list, number, -1) >= 0;
		else if (row != NULL && row->mask == 0)
			dead += attempt(&list, number, -1) == -SIGSYS;
	}
	is_number(alive, 0, "every call that is not listed kills the %s", who);
	is_number(dead, 0, "and none that is");
}

/* ---- lists of other shapes ---------------------------------------------- */

#define ALWAYS(call)                                        \
	{                                                   \
		.number = FILTER_NUMBER(call), .reason = "" \
	}
#define WITH(call, wanted, with)                                              \
	{                                                                     \
		.number = FILTER_NUMBER(call), .reason = "", .mask = 0xffffU, \
		.value = wanted, .error = with                                \
	}

static void
check_shapes(void)
{
	static const struct filter_row rows[] = { ALWAYS(exit_group),
		WITH(umask, 1, EPERM), WITH(umask, 2, ENOENT),
		WITH(umask, 3, EIO), WITH(umask, 4, ENOMEM),
		WITH(umask, 5, EACCES), WITH(sched_yield, 7, EBUSY),
		ALWAYS(sched_yield), WITH(sched_yield, 8, ENXIO) };
	const struct list all = { rows, sizeof(rows) / sizeof(*rows) };
	const struct list none = { rows, 1 };
	static const int expected[] = { -SIGSYS, EPERM, ENOENT, EIO, ENOMEM,
		EACCES, -SIGSYS };
	long i;

	for (i = 0; i < 7; i++)
		is_number(attempt(&all, SYS_umask, i), expected[i],
		    "of six rows for one call the one for %ld decides", i);
	is_number(attempt(&all, SYS_umask, 0x10001), EPERM,
	    "other bits of the argument do not matter");
	is_number(
	    attempt(&all, SYS_sched_yield, 7), EBUSY, "a row decides first");
	is_number(attempt(&all, SYS_sched_yield, 8), 0,
	    "a row without condition takes the rest");
	is_number(attempt(&all, SYS_getppid, 0), -SIGSYS, "others kill");
	is_number(
	    attempt(&none, SYS_umask, 1), -SIGSYS, "one row is a list too");
}

static void
check_size(void)
{
	struct filter_row rows[FILTER_ROWS + 1];
	size_t i;

	for (i = 0; i < FILTER_ROWS + 1; i++)
		rows[i] = (struct filter_row){ .number = (int)i, .reason = "" };
	errno = 0;
	is_number(filter_load(rows, FILTER_ROWS + 1), -1, "a list has an end");
	is_number(errno, E2BIG, "and that is told");
	for (i = 0; i < FILTER_ROWS; i++)
		rows[i] = (struct filter_row){
			.number = FILTER_NUMBER(umask), .reason = "", .mask = 1
		};
	errno = 0;
	is_number(filter_load(rows, FILTER_ROWS), -1,
	    "so many rows for one call are too many to jump over");
	is_number(errno, E2BIG, "and that is told too");
}

int
main(void)
{
	box_open();
	if (!filter_is_available()) {
		skip("no filter of system calls here", "the filters");
		return done();
	}
	check_list(SANDBOX_LOGIN, "login child");
	check_list(SANDBOX_SESSION, "session");
	check_list(SANDBOX_KEEPER, "lock keeper");
	check_shapes();
	check_size();
	return done();
}
