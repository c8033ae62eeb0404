/*
 * Preloaded into our programs: memory that cannot be had.  The allocations of
 * the command and its children are counted in the file that the environment
 * names, and those whose turn it is fail.
 *
 * But not within look-ups of users: glibc 2.36 crashes there itself.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <shadow.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The file, as the test writes and reads it. */
struct allocations {
	uint64_t count;
	uint64_t first; /* that fails, from 0 */
	uint64_t end;	/* behind the last one that does */
};

/* What the C library calls them for itself. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static int is_looking_up;
static struct allocations none;
static struct allocations *allocations = &none;

static void __attribute__((constructor)) begin(void)
{
	const char *path = getenv("ALLOCATIONS");
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *memory = mmap(NULL, sizeof(*allocations), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);

	if (memory != MAP_FAILED)
		allocations = memory;
	if (fd != -1)
		close(fd);
}

static int
may_have(void)
{
	uint64_t number;

	if (is_looking_up)
		return 1;
	number = __atomic_fetch_add(&allocations->count, 1, __ATOMIC_SEQ_CST);
	if (number < allocations->first || number >= allocations->end)
		return 1;
	errno = ENOMEM;
	return 0;
}

void *
malloc(size_t size)
{
	return may_have() ? __libc_malloc(size) : NULL;
}

void *
calloc(size_t count, size_t size)
{
	return may_have() ? __libc_calloc(count, size) : NULL;
}

void *
realloc(void *old, size_t size)
{
	return may_have() ? __libc_realloc(old, size) : NULL;
}

/* ---- users -------------------------------------------------------------- */

typedef struct passwd *find_name(const char *);
typedef struct passwd *find_number(uid_t);
typedef struct spwd *find_shadow(const char *);

static void
begin_look_up(const char *function, void *real, size_t size)
{
	void *symbol;

	is_looking_up = 1;
	symbol = dlsym(RTLD_NEXT, function);
	memcpy(real, &symbol, size);
}

struct passwd *
getpwnam(const char *name)
{
	struct passwd *result;
	find_name *real;

	begin_look_up("getpwnam", &real, sizeof(real));
	result = real(name);
	is_looking_up = 0;
	return result;
}

struct passwd *
getpwuid(uid_t uid)
{
	struct passwd *result;
	find_number *real;

	begin_look_up("getpwuid", &real, sizeof(real));
	result = real(uid);
	is_looking_up = 0;
	return result;
}

struct spwd *
getspnam(const char *name)
{
	struct spwd *result;
	find_shadow *real;

	begin_look_up("getspnam", &real, sizeof(real));
	result = real(name);
	is_looking_up = 0;
	return result;
}
