"""A program, and all that it starts, stopped at each of its system calls, by
ptrace(2)."""

import ctypes
import os
import signal
import subprocess

_LIBC = ctypes.CDLL(None, use_errno=True)

# <sys/ptrace.h>, <bits/waitflags.h>
_TRACEME, _SYSCALL, _SETOPTIONS = 0, 24, 0x4200
_TRACESYSGOOD, _TRACEFORK, _TRACEVFORK, _TRACECLONE = 1, 2, 4, 8
_EXITKILL = 0x100000
_OPTIONS = (_TRACESYSGOOD | _TRACEFORK | _TRACEVFORK | _TRACECLONE |
            _EXITKILL)
_SYSCALL_STOP = signal.SIGTRAP | 0x80
_WALL = 0x40000000


def _ptrace(request, pid, data=0):
    return _LIBC.ptrace(ctypes.c_long(request), ctypes.c_long(pid),
                        ctypes.c_void_p(0), ctypes.c_void_p(data))


def _resume(pid, number=0):
    _ptrace(_SYSCALL, pid, number)  # one that was killed meanwhile is gone


def _signal_to_pass_on(status, is_new):
    number = os.WSTOPSIG(status)
    is_ours = number in (signal.SIGTRAP, _SYSCALL_STOP)
    return 0 if is_ours or is_new and number == signal.SIGSTOP else number


def _follow(first, at_stop):
    """Until all are gone.  The wait status of the first."""
    living, result = {first}, None
    while living:
        pid, status = os.waitpid(-1, _WALL)
        if not os.WIFSTOPPED(status):
            living.discard(pid)
            result = status if pid == first else result
            continue
        is_new = pid not in living
        living.add(pid)
        if os.WSTOPSIG(status) == _SYSCALL_STOP:
            at_stop()
        _resume(pid, _signal_to_pass_on(status, is_new))
    return result


def _give_up(*_):
    raise TimeoutError("the traced program does not end")


def run(command, at_stop, preexec_fn=None, seconds=120, **options):
    """Runs command to its end; at_stop() is called whenever it, or a process
    that it has started, enters or leaves a system call.  Returns its exit
    status as subprocess does."""
    def begin():
        _ptrace(_TRACEME, 0)
        if preexec_fn is not None:
            preexec_fn()

    before = signal.signal(signal.SIGALRM, _give_up)
    signal.alarm(seconds)
    process = subprocess.Popen(command, preexec_fn=begin, **options)
    try:
        os.waitpid(process.pid, _WALL)  # stopped behind its execve(2)
        _ptrace(_SETOPTIONS, process.pid, _OPTIONS)
        _resume(process.pid)
        status = _follow(process.pid, at_stop)
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        if process.returncode is None:
            process.kill()
            process.wait()
    return process.returncode
