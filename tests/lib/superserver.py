"""Programs that stand between a client and gnu-pop3d: xinetd and stunnel.

    with Superserver(house, [program, option, ...], port):
        ...

starts the program in the foreground and waits until it listens on the port.
"""

import os
import pathlib
import subprocess

from house import DAEMON


def is_listening(port):
    table = pathlib.Path("/proc/net/tcp").read_text()
    return f":{port:04X} 00000000:0000 0A" in table


def logging_server(house):
    """A script that runs the daemon in inetd mode with its arguments, and its
    log in the house: under a superserver standard error is the client."""
    script = house.root / "gnu-pop3d-logged"
    options = " ".join(house.options())
    script.write_text(
        "#!/bin/sh\n"
        f"exec '{DAEMON.resolve()}' --inetd --debug=100 {options} \"$@\" "
        f"2>>'{house.log_path}'\n")
    script.chmod(0o755)
    return script


class Superserver:
    def __init__(self, house, command, port):
        self.house = house
        self.output = house.root / (os.path.basename(command[0]) + ".out")
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output)
        self.port = port

    def __enter__(self):
        try:
            self.house.wait_for(self.is_ready, "a superserver to listen")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(self.output.read_text())
        return is_listening(self.port)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
