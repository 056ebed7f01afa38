"""Ports of this machine, for servers in processes of their own."""

import socket
import subprocess
import time
from typing import Any


def free_port() -> int:
    """A port that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listening(port: int) -> bool:
    """Whether something accepts connections on a port of 127.0.0.1."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until_listening(port: int, process: "subprocess.Popen[Any]", patience: float = 120.0) -> None:
    """Return once `process` listens on `port`.

    Raises:
        AssertionError: the process ended, or `patience` seconds went by.
    """
    deadline = time.monotonic() + patience
    while not listening(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"nothing listens on port {port}: {process.args!r} {process.poll()}")
        time.sleep(0.05)  # another process: there is nothing to wait on
