/*
 * Which system calls a process may still make: seccomp(2), with a list.
 */
#ifndef DAEMON_FILTER_H
#define DAEMON_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Processors whose calls the lists name: where there are 64 bits, a call has
 * one form only. */
#if defined(__x86_64__) && !defined(__ILP32__)
#define FILTER_ARCHITECTURE AUDIT_ARCH_X86_64
#define FILTER_NUMBER(call) __NR_##call
#elif defined(__aarch64__) && defined(__LP64__) && defined(__AARCH64EL__)
#define FILTER_ARCHITECTURE AUDIT_ARCH_AARCH64
#define FILTER_NUMBER(call) __NR_##call
#else
#define FILTER_ARCHITECTURE 0
#define FILTER_NUMBER(call) (-1)
#endif

/* One call that is permitted, or refused with an error; or, if mask is not 0,
 * only if its argument (from 0) is value in the bits of mask.  Of each argument
 * the lower 32 bits are seen.  A call may have several rows: the first that
 * fits decides. */
struct filter_row {
	int number; /* FILTER_NUMBER(read), ... */
	const char *reason;
	unsigned int argument;
	uint32_t mask;
	uint32_t value;
	int error; /* 0: permitted; else errno of the refusal */
};

/* Rows that a list may have. */
#define FILTER_ROWS 64

/* True if the kernel has filters, and this program was built for a processor
 * and a C library whose calls are known. */
bool filter_is_available(void);

/*
 * From now on a call that no row permits kills this process.  For good.  Needs
 * no_new_privs.  Does nothing where filters are not available.  0, or -1 with
 * errno.
 */
int filter_load(const struct filter_row *rows, size_t count);

#endif
