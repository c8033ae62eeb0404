/* Memory is given back.  Runs before a process enters its sandbox. */
#include "config.h"

#include "support/memory.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(HAVE_MALLOPT) || defined(HAVE_MALLOC_TRIM)
#include <malloc.h>
#endif

/* So deep, at most, was the stack before. */
#define STACK_DEPTH ((uintptr_t)256 * 1024)

/* What the calls from release_stack() use. */
#define STACK_USED ((uintptr_t)512)

static uintptr_t
page_size(void)
{
	return (uintptr_t)sysconf(_SC_PAGESIZE);
}

static void
release_stack(uintptr_t here)
{
	uintptr_t page = page_size();
	uintptr_t end = (here - STACK_USED) / page * page;

	if (end > STACK_DEPTH)
		(void)madvise(
		    (void *)(end - STACK_DEPTH), STACK_DEPTH, MADV_DONTNEED);
}

/* With no pad above what is asked for, pieces of 128 KB and more are never part
 * of the heap, and go back to the system when they are freed. */
void
memory_release(void)
{
#ifdef HAVE_MALLOPT
	(void)mallopt(M_TOP_PAD, 0);
#endif
#ifdef HAVE_MALLOC_TRIM
	(void)malloc_trim(0);
#endif
	release_stack((uintptr_t)__builtin_frame_address(0));
}

void
memory_forget(void *start, size_t length)
{
	uintptr_t page = page_size();
	uintptr_t first = ((uintptr_t)start + page - 1) / page * page;
	uintptr_t end = ((uintptr_t)start + length) / page * page;

	explicit_bzero(start, length);
	if (first < end)
		(void)madvise((void *)first, end - first, MADV_DONTNEED);
}
