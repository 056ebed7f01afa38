"""Sending a stream frame by frame: waits, early ends, and noticing that the client has left."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .script import Plan

POLL = 0.02


class Stream:
    """Frames sent one by one. ``complete`` is false when the client left before the last."""

    def __init__(self, frames: Iterable[bytes], plan: Plan, left: Callable[[], bool], closing: threading.Event) -> None:
        self._frames = frames
        self._plan = plan
        self._left = left
        self.closing = closing
        self.complete = False

    def __iter__(self) -> Iterator[bytes]:
        for index, data in enumerate(self._frames):
            if index and not self._wait():
                return
            yield data
        self.complete = True

    def _wait(self) -> bool:
        """Wait for the plan's gate and delay; False if nobody is there to receive the next frame."""
        until = time.monotonic() + self._plan.delay
        gate = self._plan.gate
        while (gate is not None and not gate.is_set()) or time.monotonic() < until:
            if self.closing.wait(POLL) or self._left():
                return False
        return True


def client_left(environ: Mapping[str, Any]) -> bool:
    """Whether the connection behind a request has been closed by its client."""
    connection: socket.socket | None = environ.get("werkzeug.socket")
    if connection is None:
        return False
    try:
        readable, _, _ = select.select([connection], [], [], 0)
        return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""
    except (OSError, ValueError):
        return True
