/* Which system calls are struck, and how. */
#include "config.h"

#include "tracer.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>

/* Behind sys/ptrace.h, which it would hide. */
#include <linux/ptrace.h>

/* ---- which calls -------------------------------------------------------- */

/* What is mapped right after execve(2) is the program, which makes its calls in
 * libc, and the loader. */
void
strikes_note_loader(struct tracer *tracer, pid_t pid)
{
	char path[40], line[PATH_MAX + 100], kind[8];
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%ld/maps", (long)pid);
	maps = fopen(path, "re");
	if (maps == NULL)
		tracer_fail(path);
	tracer->range_count = 0;
	while (fgets(line, sizeof(line), maps) != NULL) {
		unsigned long long *range = tracer->ranges[tracer->range_count];

		if (tracer->range_count + 1 < TRACER_RANGES &&
		    sscanf(line, "%llx-%llx %7s", &range[0], &range[1], kind) ==
			3 &&
		    kind[2] == 'x')
			tracer->range_count++;
	}
	fclose(maps);
	tracer->is_counting = false;
}

static bool
is_loader(const struct tracer *tracer, unsigned long long address)
{
	size_t i;

	for (i = 0; i < tracer->range_count; i++)
		if (address >= tracer->ranges[i][0] &&
		    address < tracer->ranges[i][1])
			return true;
	return false;
}

static bool
is_on_file(pid_t pid, unsigned long long fd)
{
	struct stat status;
	char path[60];

	snprintf(path, sizeof(path), "/proc/%ld/fd/%d", (long)pid, (int)fd);
	return stat(path, &status) == -1 || S_ISREG(status.st_mode) ||
	    S_ISDIR(status.st_mode);
}

static bool
is_meant(const struct tracer *tracer, const struct process *process,
    const struct ptrace_syscall_info *info)
{
	const struct options *options = &tracer->options;

	if (!tracer->is_active ||
	    (options->times != 0 && tracer->strikes >= options->times) ||
	    (options->names != NULL &&
		!call_is_in((long)info->entry.nr, options->names)))
		return false;
	return !options->only_files ||
	    is_on_file(process->pid, info->entry.args[0]);
}

/* ---- what happens to them ----------------------------------------------- */

#ifdef __x86_64__

static void
get_registers(pid_t pid, struct user_regs_struct *registers)
{
	if (ptrace(PTRACE_GETREGS, pid, NULL, registers) == -1 &&
	    errno != ESRCH)
		tracer_fail("registers");
}

static void
set_registers(pid_t pid, struct user_regs_struct *registers)
{
	if (ptrace(PTRACE_SETREGS, pid, NULL, registers) == -1 &&
	    errno != ESRCH)
		tracer_fail("registers");
}

/* Makes no call, or one with a smaller third argument.  But close(2) closes
 * also when it fails. */
static void
change_call(const struct options *options, struct process *process)
{
	struct user_regs_struct registers;

	get_registers(process->pid, &registers);
	process->length = registers.rdx;
	process->is_struck = true;
	if (options->action == ACTION_FAIL) {
		if (registers.orig_rax != SYS_close)
			registers.orig_rax = (unsigned long long)-1;
	} else if (options->value == 0)
		registers.rdx -= registers.rdx / 2;
	else if (registers.rdx > (unsigned long long)options->value)
		registers.rdx = (unsigned long long)options->value;
	set_registers(process->pid, &registers);
}

/* The result of a call that was not made; the argument as it was. */
static void
change_result(const struct options *options, struct process *process)
{
	struct user_regs_struct registers;

	get_registers(process->pid, &registers);
	registers.rdx = process->length;
	process->is_struck = false;
	if (options->action == ACTION_FAIL)
		registers.rax = (unsigned long long)-options->value;
	set_registers(process->pid, &registers);
}

#else

static void
change_call(const struct options *options, struct process *process)
{
	(void)options;
	(void)process;
	errno = ENOSYS;
	tracer_fail("the registers of this machine are not known");
}

static void
change_result(const struct options *options, struct process *process)
{
	change_call(options, process);
}

#endif

static void
strike(struct tracer *tracer, struct process *process)
{
	const struct options *options = &tracer->options;

	if (tracer->strikes++ == 0)
		dprintf(options->report, "hit\n");
	switch (options->action) {
	case ACTION_NONE:
		break;
	case ACTION_KILL:
		kill(process->pid, SIGKILL);
		break;
	case ACTION_KILL_ALL:
		tracer_kill_all(tracer);
		break;
	case ACTION_FAIL:
	case ACTION_SHORTEN:
		change_call(options, process);
		break;
	case ACTION_SIGNAL:
		kill(process->pid, (int)options->value);
		break;
	}
}

static void
enter_call(struct tracer *tracer, struct process *process,
    const struct ptrace_syscall_info *info)
{
	const struct options *options = &tracer->options;
	unsigned long call;

	if (!tracer->is_counting &&
	    is_loader(tracer, info->instruction_pointer))
		return;
	tracer->is_counting = true;
	call = process->calls++;
	if (options->lists)
		dprintf(options->report, "call %lu %s\n", process->number,
		    call_name((long)info->entry.nr));
	if (process->number == options->process && call == options->call)
		tracer->is_active = true;
	if (is_meant(tracer, process, info))
		strike(tracer, process);
}

void
strikes_take_call(struct tracer *tracer, struct process *process)
{
	struct ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, process->pid, sizeof(info),
		&info) == -1)
		return; /* killed meanwhile */
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		enter_call(tracer, process, &info);
	else if (process->is_struck)
		change_result(&tracer->options, process);
}

bool
strikes_are_over(const struct tracer *tracer)
{
	const struct options *options = &tracer->options;

	if (options->lists)
		return false;
	return options->action == ACTION_NONE ||
	    (tracer->is_active && options->times != 0 &&
		tracer->strikes >= options->times);
}
