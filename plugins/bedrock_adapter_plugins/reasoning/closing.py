"""A transport that closes a store with itself: connections belong to an event loop, and end with the transport's."""

from collections.abc import Callable

from bedrock_adapter import Target, Transport, TransportStream, WireRequest, WireResponse

from .store import Kept


def closing_with(kept: Kept) -> Callable[[Transport], Transport]:
    """A wrapper of transports that also closes `kept`."""
    return lambda inner: _Closing(inner, kept)


class _Closing:
    def __init__(self, inner: Transport, kept: Kept) -> None:
        self._inner, self._kept = inner, kept

    async def send(self, request: WireRequest, target: Target, timeout: float | None = None) -> WireResponse:
        return await self._inner.send(request, target, timeout)

    async def open_stream(self, request: WireRequest, target: Target, timeout: float | None = None) -> TransportStream:
        return await self._inner.open_stream(request, target, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()
        await self._kept.aclose()
