"""One aiohttp session per running event loop."""

import asyncio
import os
import threading
from collections.abc import AsyncGenerator

import aiohttp

from bedrock_adapter.transport.base import Timeouts

_KEEPALIVE = 30.0


_Keeper = AsyncGenerator[aiohttp.ClientSession, None]


async def _session(timeouts: Timeouts) -> _Keeper:
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=timeouts.connect),
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


class Sessions:
    """Opens sessions on first use and closes each with its loop.

    A session is kept by an async generator: `asyncio.run` ends with `loop.shutdown_asyncgens()`, whose `finally` clause
    closes it, so nobody has to.
    """

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._open: dict[asyncio.AbstractEventLoop, tuple[_Keeper, aiohttp.ClientSession]] = {}
        self._inherited: list[object] = []

    async def get(self) -> aiohttp.ClientSession:
        """The running loop's session."""
        if os.getpid() != self._pid:
            self._forget_parent()
        loop = asyncio.get_running_loop()
        held = self._open.get(loop)
        if held is not None and not held[1].closed:
            return held[1]
        keeper = _session(self._timeouts)
        # The generator does not suspend before its yield, so no other task of this loop can come between.
        session = await anext(keeper)
        with self._lock:
            self._open = {other: entry for other, entry in self._open.items() if not other.is_closed()}
            self._open[loop] = (keeper, session)
        return session

    async def aclose(self) -> None:
        """Close the running loop's session, if it has one."""
        if os.getpid() != self._pid:
            self._forget_parent()
        with self._lock:
            held = self._open.pop(asyncio.get_running_loop(), None)
        if held is not None:
            await held[0].aclose()

    def _forget_parent(self) -> None:
        """After a fork: the sessions are the parent's. Kept, as dropping them would touch its sockets."""
        self._inherited.append(self._open)
        self._open, self._lock, self._pid = {}, threading.Lock(), os.getpid()
