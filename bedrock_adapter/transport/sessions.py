"""One aiohttp session per running event loop."""

import asyncio
import os
import threading
import weakref
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

import aiohttp

from bedrock_adapter.transport.base import Timeouts

_KEEPALIVE = 30.0


_Keeper = AsyncGenerator[aiohttp.ClientSession, None]


async def _session(timeouts: Timeouts) -> _Keeper:
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE),
        # `connect` includes the name's resolution; there is no pool to wait for.
        timeout=aiohttp.ClientTimeout(total=None, connect=timeouts.connect, sock_connect=timeouts.connect),
        # Bodies come as Bedrock sent them; a Converse answer is never compressed.
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        requote_redirect_url=False,
        # Proxies are given per request, from the target's own configuration.
        trust_env=False,
        skip_auto_headers=("User-Agent",),
    )
    try:
        yield session
    finally:
        await session.close()


class Closable(Protocol):
    """What is closed before the session that it uses."""

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class LoopSession:
    """One loop's session, the generator that keeps it, and the streams being read from it."""

    session: aiohttp.ClientSession
    keeper: _Keeper
    streams: "weakref.WeakSet[Closable]"


class Sessions:
    """Opens sessions on first use and closes each with its loop.

    A session is kept by an async generator: `asyncio.run` ends with `loop.shutdown_asyncgens()`, whose `finally` clause
    closes it, so nobody has to.
    """

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._open: dict[asyncio.AbstractEventLoop, LoopSession] = {}
        self._inherited: list[object] = []

    async def get(self) -> LoopSession:
        """The running loop's session."""
        if os.getpid() != self._pid:
            self._forget_parent()
        loop = asyncio.get_running_loop()
        held = self._open.get(loop)
        if held is not None and not held.session.closed:
            return held
        keeper = _session(self._timeouts)
        # The generator does not suspend before its yield, so no other task of this loop can come between.
        held = LoopSession(await anext(keeper), keeper, weakref.WeakSet())
        with self._lock:
            self._open = {other: entry for other, entry in self._open.items() if not other.is_closed()}
            self._open[loop] = held
        return held

    async def aclose(self) -> None:
        """Close the running loop's session and streams, if it has any."""
        if os.getpid() != self._pid:
            self._forget_parent()
        with self._lock:
            held = self._open.pop(asyncio.get_running_loop(), None)
        if held is not None:
            for stream in list(held.streams):
                await stream.aclose()
            await held.keeper.aclose()

    def _forget_parent(self) -> None:
        """After a fork: the sessions are the parent's. Kept, as dropping them would touch its sockets."""
        self._inherited.append(self._open)
        self._open, self._lock, self._pid = {}, threading.Lock(), os.getpid()
