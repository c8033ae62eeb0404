/* The system calls of our programs by name.  One that is missing here is
 * reported as "other"; add it. */
#include "config.h"

#include "tracer.h"

#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

/* clang-format off */
#define CALL(name) { SYS_##name, #name }

static const struct {
	long number;
	const char *name;
} calls[] = {
	CALL(read), CALL(write), CALL(pread64), CALL(pwrite64), CALL(sendto),
	CALL(recvfrom), CALL(sendmsg), CALL(recvmsg), CALL(ftruncate),
	CALL(fallocate), CALL(fsync), CALL(fdatasync), CALL(openat),
	CALL(close), CALL(close_range), CALL(statx), CALL(lseek),
	CALL(fcntl), CALL(flock), CALL(dup3), CALL(dup), CALL(linkat),
	CALL(unlinkat), CALL(renameat2), CALL(mkdirat), CALL(readlinkat),
	CALL(getdents64), CALL(utimensat), CALL(fstatfs), CALL(statfs),
	CALL(faccessat), CALL(faccessat2), CALL(fchown), CALL(fchmod),
	CALL(chdir), CALL(fchdir), CALL(chroot), CALL(ioctl), CALL(pipe2),
	CALL(mmap), CALL(mremap), CALL(munmap), CALL(mprotect),
	CALL(madvise), CALL(brk), CALL(clone), CALL(clone3), CALL(wait4),
	CALL(kill), CALL(exit_group), CALL(exit), CALL(socket),
	CALL(socketpair), CALL(connect), CALL(bind), CALL(listen),
	CALL(accept4), CALL(shutdown), CALL(getpeername), CALL(getsockname),
	CALL(setsockopt), CALL(getsockopt), CALL(ppoll), CALL(setgroups),
	CALL(getgroups), CALL(setresuid), CALL(setresgid), CALL(setuid),
	CALL(setgid), CALL(getresuid), CALL(getresgid), CALL(setsid),
	CALL(prctl), CALL(prlimit64), CALL(getrandom), CALL(uname),
	CALL(clock_nanosleep), CALL(nanosleep), CALL(clock_gettime),
	CALL(geteuid), CALL(getuid), CALL(getegid), CALL(getgid),
	CALL(getpid), CALL(getppid), CALL(gettid), CALL(umask), CALL(futex),
	CALL(rseq), CALL(set_robust_list), CALL(set_tid_address),
	CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn),
	CALL(rt_sigsuspend), CALL(restart_syscall), CALL(sigaltstack),
	CALL(fstat), CALL(newfstatat),
#ifdef SYS_open /* only old machines have these */
	CALL(open), CALL(stat), CALL(access), CALL(dup2), CALL(unlink),
	CALL(rename), CALL(renameat), CALL(mkdir), CALL(readlink),
	CALL(fork), CALL(vfork), CALL(poll),
#endif
};
/* clang-format on */

#define CALL_COUNT (sizeof(calls) / sizeof(*calls))

const char *
call_name(long number)
{
	size_t i;

	for (i = 0; i < CALL_COUNT; i++)
		if (calls[i].number == number)
			return calls[i].name;
	return "other";
}

bool
call_is_in(long number, const char *list)
{
	const char *name = call_name(number);
	size_t length = strlen(name);
	const char *p = list;

	while ((p = strstr(p, name)) != NULL) {
		if ((p == list || p[-1] == ',') &&
		    (p[length] == ',' || p[length] == '\0'))
			return true;
		p += length;
	}
	return false;
}
