"""System calls that fail or kill where a test wants it, by strace."""

import os
import shutil

from tap import Skip

# The leak checker of a sanitizer build cannot work under strace.
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}


def injecting(fault, calls, *command):
    """The command line that runs command with a fault, as in
    strace(1) --inject: "signal=KILL:when=3"."""
    if shutil.which("strace") is None:
        raise Skip("strace is not installed")
    return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}",
            "-e", f"inject={calls}:{fault}", *command]
