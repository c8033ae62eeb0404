/*
 * Memory that was needed once, in a process that lives long.
 */
#ifndef SUPPORT_MEMORY_H
#define SUPPORT_MEMORY_H

#include <stddef.h>

/* Gives back to the system what is free on the heap, and the stack below the
 * caller.  From then on the heap grows by no more than is asked for.  Nothing
 * that is in use changes; if it fails nothing does. */
void memory_release(void);

/* Wipes memory, and gives back the whole pages in it, which are zeros when they
 * are used again. */
void memory_forget(void *start, size_t length);

#endif
