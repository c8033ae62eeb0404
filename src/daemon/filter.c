/* A list of system calls as a program for the kernel.  Runs without root, but
 * in a lock keeper that had to stay root. */
#include "config.h"

#include "daemon/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Sanitizers make calls of their own, and other C libraries others. */
#if defined(WITH_SANDBOX) && defined(__GLIBC__)
static const bool filter_is_built = FILTER_ARCHITECTURE != 0;
#else
static const bool filter_is_built = false;
#endif

/* What is before the rows, for each row, and behind them. */
#define PROGRAM_SIZE (6 + 6 * FILTER_ROWS + 1)

/* The number of a call that a tracer has skipped: the kernel does nothing. */
#define NUMBER_SKIPPED 0xffffffffU

struct program {
	struct sock_filter code[PROGRAM_SIZE];
	unsigned short length;
};

static void
add(struct program *program, struct sock_filter instruction)
{
	program->code[program->length++] = instruction;
}

static void
load(struct program *program, size_t offset)
{
	add(program,
	    (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* Where the loaded value is not the one that is meant, skips instructions. */
static void
expect(struct program *program, uint32_t value, unsigned char skipped)
{
	add(program,
	    (struct sock_filter)BPF_JUMP(
		BPF_JMP | BPF_JEQ | BPF_K, value, 0, skipped));
}

static void
decide(struct program *program, uint32_t action)
{
	add(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static void
load_argument(struct program *program, unsigned int argument)
{
	size_t offset =
	    offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t);

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	offset += sizeof(uint32_t);
#endif
	load(program, offset);
}

static void
add_row(struct program *program, const struct filter_row *row)
{
	load(program, offsetof(struct seccomp_data, nr));
	if (row->mask == 0) {
		expect(program, (uint32_t)row->number, 1);
	} else {
		expect(program, (uint32_t)row->number, 4);
		load_argument(program, row->argument);
		add(program,
		    (struct sock_filter)BPF_STMT(
			BPF_ALU | BPF_AND | BPF_K, row->mask));
		expect(program, row->value, 1);
	}
	decide(program,
	    row->error == 0 ? SECCOMP_RET_ALLOW
			    : SECCOMP_RET_ERRNO | (uint32_t)row->error);
}

static void
add_rows(struct program *program, const struct filter_row *rows, size_t count)
{
	size_t i;

	load(program, offsetof(struct seccomp_data, arch));
	expect(program, FILTER_ARCHITECTURE, 3);
	load(program, offsetof(struct seccomp_data, nr));
	expect(program, NUMBER_SKIPPED, 2);
	decide(program, SECCOMP_RET_ALLOW);
	decide(program, SECCOMP_RET_KILL_PROCESS);
	for (i = 0; i < count; i++)
		add_row(program, &rows[i]);
	decide(program, SECCOMP_RET_KILL_PROCESS);
}

/* Asked for a filter at no address, a kernel that has filters tells so. */
bool
filter_is_available(void)
{
	return filter_is_built &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) == -1 &&
	    errno == EFAULT;
}

int
filter_load(const struct filter_row *rows, size_t count)
{
	struct program program = { .length = 0 };
	struct sock_fprog argument = { .filter = program.code };

	if (!filter_is_available())
		return 0;
	if (count > FILTER_ROWS) {
		errno = E2BIG;
		return -1;
	}
	add_rows(&program, rows, count);
	argument.len = program.length;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &argument);
}
