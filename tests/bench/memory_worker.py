"""Memory after a warm-up and after many requests, in a process of its own: `python memory_worker.py adapter|asgi N`.

Prints both in KiB of resident memory.
"""

import asyncio
import gc
import sys
from pathlib import Path
from typing import Any

from cases import CALLS_ANSWER, LONG, SHORT, stream_events

from bedrock_adapter import Adapter, json_codec
from bedrock_adapter.testing.scripted import ScriptedTransport
from bedrock_adapter.types import Json

_EVENTS = stream_events(5)


class Alternating(ScriptedTransport):
    """A complete answer for `send`, a stream for `open_stream`."""

    async def open_stream(self, *args: Any, **kwargs: Any) -> Any:
        return await ScriptedTransport(_EVENTS).open_stream(*args, **kwargs)


REQUESTS = (SHORT, LONG, {**SHORT, "stream": True})


def resident() -> int:
    """KiB; only Linux tells."""
    gc.collect()
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


async def ask_adapter(adapter: Adapter, request: Json, number: int) -> None:
    if not request.get("stream"):
        await adapter.achat({**request, "user": f"user-{number}"})
        return
    async for _ in adapter.astream(request):
        pass


async def ask_app(app: Any, request: Json, number: int) -> None:
    body = json_codec.dumps({**request, "user": f"user-{number}"})
    inbox = [{"type": "http.request", "body": body, "more_body": False}]
    forever = asyncio.Event()

    async def receive() -> Any:
        if inbox:
            return inbox.pop()
        return await forever.wait()

    async def send(message: Any) -> None:
        assert message.get("status", 200) == 200

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/chat/completions",
        "raw_path": b"/v1/chat/completions",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"authorization", b"Bearer bench-key"), (b"content-type", b"application/json")],
    }
    await app(scope, receive, send)


async def main(through: str, count: int) -> None:
    transport = Alternating(CALLS_ANSWER)
    transport.requests = transport.requests.__class__(maxlen=10)
    adapter = Adapter(region="us-east-1", transport=transport)
    ask, subject = ask_adapter, adapter
    if through == "asgi":
        from bedrock_adapter.hosts.asgi import create_app

        ask, subject = ask_app, create_app(auth="bench-key", adapter=adapter)  # type: ignore[assignment]
    before = 0
    for number in range(count + 1000):
        if number == 1000:
            before = resident()
        await ask(subject, REQUESTS[number % len(REQUESTS)], number)
        await asyncio.sleep(0)  # nothing here waits: let the loop finish what was closed
    print(before, resident())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
