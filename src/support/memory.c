/* Memory is given back.  Runs before a process enters its sandbox. */
#include "config.h"

#include "support/memory.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef HAVE_MALLOC_TRIM
#include <malloc.h>
#endif

/* So deep, at most, was the stack before. */
#define STACK_DEPTH ((uintptr_t)256 * 1024)

/* The page of the stack pointer stays, and so does the one below it, which
 * signals and the calls from here use. */
static void
release_stack(uintptr_t here)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t end = here / page * page - page;

	if (end > STACK_DEPTH)
		(void)madvise(
		    (void *)(end - STACK_DEPTH), STACK_DEPTH, MADV_DONTNEED);
}

void
memory_release(void)
{
#ifdef HAVE_MALLOC_TRIM
	(void)malloc_trim(0);
#endif
	release_stack((uintptr_t)__builtin_frame_address(0));
}
