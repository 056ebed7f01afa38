"""A boto3 event stream, read by a thread of its own and handed to an event loop in batches."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from bedrock_adapter.errors import AdapterError
from bedrock_adapter.transport.boto_shapes import to_wire
from bedrock_adapter.transport.sdk_errors import sdk_error
from bedrock_adapter.types import Event

_QUEUED = 256


class BotoStream:
    """See `TransportStream`. boto3 ends a stream that was cut without an error: only the missing `messageStop` tells.

    The thread fills a bounded queue and wakes the loop once per wait, not once per event: while events come faster than
    they are taken, no thread switch is paid for.
    """

    def __init__(self, events: Any, shape: Any, headers: Mapping[str, str]) -> None:
        """
        Args:
            events: botocore's `EventStream`.
            shape: its shape in the service model.
            headers: response headers, lower-case.
        """
        self.headers = headers
        self._events = events
        self._shape = shape
        self._loop = asyncio.get_running_loop()
        self._changed = threading.Condition()
        self._queue: list[Event] = []
        self._waiter: asyncio.Future[None] | None = None
        self._failure: AdapterError | None = None
        self._ended = False
        self._closed = False
        threading.Thread(target=self._read, name="Bedrock stream", daemon=True).start()

    def __aiter__(self) -> AsyncIterator[list[Event]]:
        return self

    async def __anext__(self) -> list[Event]:
        try:
            while True:
                with self._changed:
                    if self._closed:
                        raise StopAsyncIteration
                    if self._queue:
                        batch, self._queue = self._queue, []
                        self._changed.notify()
                        return batch
                    if self._failure is not None:
                        raise self._failure
                    if self._ended:
                        raise StopAsyncIteration
                    self._waiter = self._loop.create_future()
                await self._waiter
        except StopAsyncIteration:
            raise
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """See `TransportStream.aclose`. The reader, woken by the closing socket, closes the rest."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._queue.clear()
            self._changed.notify()
        if not self._ended:
            _shut_down(self._events)

    def _read(self) -> None:
        try:
            for event in self._converted():
                if not self._put(event):
                    break
        except Exception as error:  # noqa: BLE001 - handed to the reader
            self._failure = sdk_error(error)
            self._failure.request_id = self._failure.request_id or self.headers.get("x-amzn-requestid")
        finally:
            with contextlib.suppress(Exception):
                self._events.close()
            with self._changed:
                self._ended = True
                self._wake()

    def _converted(self) -> Iterator[Event]:
        members = self._shape.members
        for event in self._events:
            for name, payload in event.items():
                yield name, to_wire(payload, members[name]) if name in members else payload

    def _put(self, event: Event) -> bool:
        """Queue an event, waiting while the queue is full; False where nobody wants it any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._queue) < _QUEUED)
            if self._closed:
                return False
            self._queue.append(event)
            self._wake()
            return True

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(_resolve, waiter)


def _resolve(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)


def _shut_down(events: Any) -> None:
    """Shut the socket down, which wakes the thread that is blocked reading it; closing alone would not.

    botocore keeps urllib3's response in a private attribute. Where that fails, the reader closes after the next event.
    """
    with contextlib.suppress(Exception):
        events._raw_stream.shutdown()  # noqa: SLF001
