"""A transport that closes our Redis store with itself: connections belong to an event loop, and end with the transport's."""

from collections.abc import Callable

from bedrock_adapter import Target, Transport, TransportStream, WireRequest, WireResponse

from .redis_store import RedisStore


def closing_with(store: RedisStore) -> Callable[[Transport], Transport]:
    """A wrapper of transports that also closes `store`."""
    return lambda inner: _Closing(inner, store)


class _Closing:
    def __init__(self, inner: Transport, store: RedisStore) -> None:
        self._inner, self._store = inner, store

    async def send(self, request: WireRequest, target: Target, timeout: float | None = None) -> WireResponse:
        return await self._inner.send(request, target, timeout)

    async def open_stream(self, request: WireRequest, target: Target, timeout: float | None = None) -> TransportStream:
        return await self._inner.open_stream(request, target, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()
        await self._store.aclose()
