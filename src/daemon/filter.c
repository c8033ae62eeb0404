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

/* What is before the rows, and for each row with its share of the branches. */
#define PROGRAM_SIZE (6 + 8 * FILTER_ROWS)

/* Calls that are compared one after the other at the end of a branch. */
#define LEAF_ROWS 3

/* The number of a call that a tracer has skipped: the kernel does nothing. */
#define NUMBER_SKIPPED 0xffffffffU

struct program {
	struct sock_filter code[PROGRAM_SIZE];
	unsigned short length;
	bool is_too_long; /* a jump reaches 255 instructions */
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

/* How far the instruction at place must jump to get to the end. */
static unsigned char
distance(struct program *program, unsigned short place)
{
	int skipped = program->length - place - 1;

	if (skipped > UINT8_MAX)
		program->is_too_long = true;
	return (unsigned char)skipped;
}

static void
decide_row(struct program *program, const struct filter_row *row)
{
	decide(program,
	    row->error == 0 ? SECCOMP_RET_ALLOW
			    : SECCOMP_RET_ERRNO | (uint32_t)row->error);
}

/* ---- the rows ----------------------------------------------------------- */

/* How many rows, of count, are for the same call as the first. */
static size_t
same_call(const struct filter_row *const *rows, size_t count)
{
	size_t i = 1;

	while (i < count && rows[i]->number == rows[0]->number)
		i++;
	return i;
}

/* All rows for one call.  The number is loaded; it is not for other calls. */
static void
add_call(
    struct program *program, const struct filter_row *const *rows, size_t count)
{
	unsigned short test = program->length;
	size_t i;

	expect(program, (uint32_t)rows[0]->number, 0);
	for (i = 0; i < count && rows[i]->mask != 0; i++) {
		load_argument(program, rows[i]->argument);
		add(program,
		    (struct sock_filter)BPF_STMT(
			BPF_ALU | BPF_AND | BPF_K, rows[i]->mask));
		expect(program, rows[i]->value, 1);
		decide_row(program, rows[i]);
	}
	if (i < count)
		decide_row(program, rows[i]);
	else
		decide(program, SECCOMP_RET_KILL_PROCESS);
	program->code[test].jf = distance(program, test);
}

static void
add_leaf(
    struct program *program, const struct filter_row *const *rows, size_t count)
{
	while (count > 0) {
		size_t same = same_call(rows, count);

		add_call(program, rows, same);
		rows += same;
		count -= same;
	}
	decide(program, SECCOMP_RET_KILL_PROCESS);
}

/* Where the rows can be parted between two calls, or 0. */
static size_t
find_middle(const struct filter_row *const *rows, size_t count)
{
	size_t middle = count / 2;

	if (count <= LEAF_ROWS)
		return 0;
	while (middle > 0 && rows[middle]->number == rows[middle - 1]->number)
		middle--;
	return middle;
}

/* A tree, and not a list: when it takes a filter, the kernel goes through it
 * for each number of a call that there is. */
static void
add_branch(
    struct program *program, const struct filter_row *const *rows, size_t count)
{
	size_t middle = find_middle(rows, count);
	unsigned short test = program->length;

	if (middle == 0) {
		add_leaf(program, rows, count);
		return;
	}
	add(program,
	    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K,
		(uint32_t)rows[middle]->number, 0, 0));
	add_branch(program, rows, middle);
	program->code[test].jt = distance(program, test);
	add_branch(program, rows + middle, count - middle);
}

/* By number; those for one call stay in their order. */
static void
sort(const struct filter_row *rows, size_t count,
    const struct filter_row *sorted[FILTER_ROWS])
{
	size_t i, j;

	for (i = 0; i < count; i++) {
		for (j = i; j > 0 && sorted[j - 1]->number > rows[i].number;
		     j--)
			sorted[j] = sorted[j - 1];
		sorted[j] = &rows[i];
	}
}

static void
add_rows(struct program *program, const struct filter_row *rows, size_t count)
{
	const struct filter_row *sorted[FILTER_ROWS];

	load(program, offsetof(struct seccomp_data, arch));
	expect(program, FILTER_ARCHITECTURE, 3);
	load(program, offsetof(struct seccomp_data, nr));
	expect(program, NUMBER_SKIPPED, 2);
	decide(program, SECCOMP_RET_ALLOW);
	decide(program, SECCOMP_RET_KILL_PROCESS);
	sort(rows, count, sorted);
	add_branch(program, sorted, count);
}

/* ---- loading ------------------------------------------------------------ */

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
	if (program.is_too_long) {
		errno = E2BIG;
		return -1;
	}
	argument.len = program.length;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &argument);
}
