"""The ASGI host against a bare reverse proxy made of the same server, HTTP client and signer; both are processes of their own."""

import asyncio
import statistics
from dataclasses import dataclass

import aiohttp
from cases import LONG, MODEL, SHORT, STREAM_EVENTS
from measure import Row
from processes import line, script, upstream

from bedrock_adapter import json_codec
from bedrock_adapter.types import Json

BUDGET = 1.5
_CONCURRENCY = 8
_CHAT = "/v1/chat/completions"


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of request: what the adapter is sent, and what the proxy relays (already in Bedrock's form)."""

    name: str
    request: Json
    requests: int

    def body(self) -> bytes:
        return json_codec.dumps(self.request)


def measure(*, quick: bool) -> list[Row]:
    streamed = {**SHORT, "stream": True}
    cases = [
        Case("ASGI host / bare proxy: unary, short text", SHORT, 200),
        Case("ASGI host / bare proxy: unary, 26 messages + 5 tools", LONG, 200),
        Case(f"ASGI host / bare proxy: stream of {STREAM_EVENTS} events", streamed, 24),
    ]
    with upstream(), script("server.py", "adapter") as adapter, script("server.py", "proxy") as proxy:
        ports = line(adapter), line(proxy)
        return asyncio.run(_measure([f"http://127.0.0.1:{port}" for port in ports], cases, 3 if quick else 9))


async def _measure(servers: list[str], cases: list[Case], rounds: int) -> list[Row]:
    rows = []
    async with aiohttp.ClientSession(headers={"authorization": "Bearer bench-key"}) as session:
        await asyncio.gather(*(_ready(session, server) for server in servers))
        for case in cases:
            operation = "converse-stream" if case.request.get("stream") else "converse"
            urls = servers[0] + _CHAT, f"{servers[1]}/model/{MODEL}/{operation}"
            used: tuple[list[float], list[float]] = ([], [])
            for number in range(rounds + 1):
                for url, server, times in zip(urls, servers, used, strict=True):
                    seconds = await _round(session, url, server, case)
                    if number:  # the first one warms
                        times.append(seconds / case.requests * 1e6)
            rows.append(Row(case.name, statistics.median(used[0]), statistics.median(used[1]), BUDGET))
    return rows


async def _ready(session: aiohttp.ClientSession, server: str) -> None:
    for _ in range(300):
        try:
            await _cpu(session, server)
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{server} did not start")


async def _cpu(session: aiohttp.ClientSession, server: str) -> float:
    async with session.get(f"{server}/cpu") as response:
        return float(await response.text())


async def _round(session: aiohttp.ClientSession, url: str, server: str, case: Case) -> float:
    """CPU seconds that the server uses for the case's requests, a few at a time."""
    body = case.body()

    async def client() -> None:
        for _ in range(case.requests // _CONCURRENCY):
            async with session.post(url, data=body, headers={"content-type": "application/json"}) as response:
                content = await response.read()
                if response.status != 200 or (b"data:" in content and b"[DONE]" not in content):
                    raise RuntimeError(f"{url}: {response.status} {content[:300]!r}")

    before = await _cpu(session, server)
    await asyncio.gather(*(client() for _ in range(_CONCURRENCY)))
    return await _cpu(session, server) - before
