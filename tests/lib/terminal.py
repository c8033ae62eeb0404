"""Programs that do nothing without a terminal."""

import os
import pty
import select
import time

from tap import equal


def run_in_terminal(command, environment, seconds=40, become=lambda: None,
                    urge=b""):
    """Runs a program on a terminal of its own, as whom become() makes it;
    returns what it has shown.  urge is typed whenever it shows nothing new for
    a second."""
    pid, terminal = pty.fork()
    if pid == 0:
        try:
            become()
            os.execvpe(command[0], command, environment)
        finally:
            os._exit(127)
    shown, deadline = b"", time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            os.write(terminal, urge)
            continue
        try:
            shown += os.read(terminal, 65536)
        except OSError:  # the program has ended
            break
    else:
        os.kill(pid, 9)
    os.close(terminal)
    equal(os.waitpid(pid, 0)[1], 0, f"{command[0]}: {shown!r:.3000}")
    return shown
