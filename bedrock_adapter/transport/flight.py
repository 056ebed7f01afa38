"""Blocking work for asynchronous callers."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Flight(Generic[T]):
    """Runs a blocking function in a thread, never twice at a time, for callers on any number of event loops.

    A daemon thread of its own rather than the loop's executor: a hanging credential helper then neither holds up other
    work nor the end of the process, and a caller that gives up leaves the others' result alone.
    """

    def __init__(self, work: Callable[[], T], name: str) -> None:
        self._work = work
        self._name = name
        self._lock = threading.Lock()
        self._running: Future[T] | None = None

    def start(self) -> "Future[T]":
        """The run under way, else a new one."""
        with self._lock:
            if self._running is None:
                self._running = Future()
                threading.Thread(target=self._run, args=(self._running,), name=self._name, daemon=True).start()
            return self._running

    async def result(self) -> T:
        """What the function returns or raises."""
        return await landed(self.start())

    def _run(self, running: "Future[T]") -> None:
        try:
            value = self._work()
        except BaseException as error:  # noqa: BLE001 - handed to the waiting callers
            self._land()
            running.set_exception(error)
        else:
            self._land()
            running.set_result(value)

    def _land(self) -> None:
        with self._lock:
            self._running = None


async def landed(running: "Future[T]") -> T:
    """What the run returns or raises. Unlike with `asyncio.wrap_future`, giving up leaves the run alone."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def wake(_: "Future[T]") -> None:
        with contextlib.suppress(RuntimeError):  # the caller's loop is closed: nobody waits any more
            loop.call_soon_threadsafe(done.set)

    running.add_done_callback(wake)
    await done.wait()
    return running.result()
