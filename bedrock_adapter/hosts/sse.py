"""Server-sent events of a chat stream, and what to do when the client leaves."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bedrock_adapter import json_codec
from bedrock_adapter.call import Note
from bedrock_adapter.engine import ChatStream
from bedrock_adapter.types import Chunk

KEEP_ALIVE_SECONDS = 15.0
_KEEP_ALIVE = b": keep-alive\n\n"
_DONE = b"data: [DONE]\n\n"
_T = TypeVar("_T")


async def or_disconnect(receive: Receive, work: Awaitable[_T]) -> _T | None:
    """The result of `work`, or None after cancelling it because the client has left."""
    task = asyncio.current_task()
    assert task is not None  # this is a coroutine
    left = False

    async def watch() -> None:
        nonlocal left
        await _disconnected(receive)
        left = True
        task.cancel()

    watching = asyncio.ensure_future(watch())
    try:
        return await work
    except (asyncio.CancelledError, Exception):
        if left and task.cancelling() == 1:
            return None
        raise
    finally:
        watching.cancel()
        if left:
            task.uncancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class EventStreamResponse:
    """Opens a chat stream and sends it.

    While nothing has come for 15 s, a comment keeps the connection alive. Until then, failures have their real HTTP status;
    afterwards they are an error event. Only a complete stream ends with `[DONE]`.

    Args:
        opening: opens the stream.
        headers: response headers from notes and Bedrock's request id.
        error: the answer for a failure before the first byte.
    """

    def __init__(
        self,
        opening: Callable[[], Awaitable[ChatStream]],
        *,
        headers: Callable[[Sequence[Note], str], Mapping[str, str]],
        error: Callable[[Exception], Response],
    ) -> None:
        self._opening = opening
        self._headers = headers
        self._error = error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await or_disconnect(receive, self._run(scope, receive, send))

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        wire = _Wire(send)
        keeping = asyncio.ensure_future(wire.keep_alive())
        stream: ChatStream | None = None
        try:
            stream = await self._opening()
            await wire.start(self._headers(stream.notes, stream.request_id))
            async for batch in stream:
                await wire.write(b"".join([_event(chunk) for chunk in batch]))
            await wire.write(_DONE)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client is told in OpenAI's form
            keeping.cancel()
            answer = self._error(error)
            if not wire.started:
                await answer(scope, receive, send)
                return
            await wire.write(b"data: " + bytes(answer.body) + b"\n\n")
        finally:
            keeping.cancel()
            if stream is not None:
                await stream.aclose()
        await wire.end()


class _Wire:
    """The response under way; the stream and the keep-alive take turns at it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._lock = asyncio.Lock()
        self._clock = asyncio.get_running_loop().time
        self._last = self._clock()
        self.started = False

    async def start(self, headers: Mapping[str, str]) -> None:
        if self.started:
            return
        self.started = True
        fixed = {
            "content-type": "text/event-stream; charset=utf-8",
            "cache-control": "no-cache",
            "x-accel-buffering": "no",
        }
        raw = [(name.encode(), value.encode("latin-1")) for name, value in {**fixed, **headers}.items()]
        async with self._lock:
            await self._send({"type": "http.response.start", "status": 200, "headers": raw})

    async def write(self, data: bytes) -> None:
        async with self._lock:
            self._last = self._clock()
            await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self) -> None:
        await self._send({"type": "http.response.body", "body": b""})

    async def keep_alive(self) -> None:
        while True:
            wait = self._last + KEEP_ALIVE_SECONDS - self._clock()
            if wait > 0:
                await asyncio.sleep(wait)
            else:
                await self.start({})
                await self.write(_KEEP_ALIVE)


def _event(chunk: Chunk) -> bytes:
    return b"data: " + json_codec.dumps(chunk) + b"\n\n"
