"""What carries requests to Bedrock: the contract, and the onion of wrappers around it."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from bedrock_adapter.types import Event
from bedrock_adapter.wire import Target, WireRequest, WireResponse

if TYPE_CHECKING:
    from bedrock_adapter.routes import Stage


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Limits in seconds; there is none on the length of a whole stream.

    Attributes:
        connect: until a TCP and TLS connection stands.
        first_byte: until the answer starts, retries included. Bedrock may think for an hour.
        idle: between two reads of an answer.
    """

    connect: float = 5.0
    first_byte: float = 3600.0
    idle: float = 300.0


class TransportStream(Protocol):
    """An open event stream. Iterate once; the iteration is over when Bedrock has closed the stream.

    Iterating raises ServiceError for an exception within the stream, damage (`StreamError`), a broken connection
    (`StreamTruncatedError`) or silence (`ModelTimeoutError`), always after the events before it have been delivered.
    Whether the stream ended with `messageStop` is the reader's to check.
    """

    @property
    def headers(self) -> Mapping[str, str]:
        """Response headers, names in lower case."""

    def __aiter__(self) -> AsyncIterator[list[Event]]:
        """Batches of events: what one read from the network brought, never empty."""

    async def aclose(self) -> None:
        """End the stream; unless it has ended by itself, Bedrock's connection is closed at once. May be repeated."""


@runtime_checkable
class Transport(Protocol):
    """Sends requests. Used from any event loop and thread."""

    async def send(self, request: WireRequest, target: Target, timeout: float | None = None) -> WireResponse:
        """One complete answer.

        Args:
            request: what to send.
            target: endpoint and credentials; what is None is the transport's default.
            timeout: seconds until the answer must have started; None: the transport's default.

        Raises:
            ServiceError: Bedrock or the network refused.
            ConfigError: the target cannot work.
        """

    async def open_stream(self, request: WireRequest, target: Target, timeout: float | None = None) -> TransportStream:
        """Start a stream: returns once Bedrock has answered 200, before the first event is read.

        Arguments and errors as `send`.
        """

    async def aclose(self) -> None:
        """Release what belongs to the running event loop. The transport may be used again afterwards."""


@dataclass(frozen=True, slots=True)
class TransportWrapper:
    """A layer around the transport, e.g. a cache or a meter.

    Attributes:
        stage: position; a lower stage is nearer to the network.
        wrap: `wrap(inner)` returns the transport to use instead.
        name: for listings.
        plugin: filled in by the manager.
    """

    stage: "Stage"
    wrap: Callable[[Transport], Transport]
    name: str = ""
    plugin: str = ""


def compose(transport: Transport, wrappers: Iterable[TransportWrapper]) -> Transport:
    """`transport` wrapped from the inside out by stage, ties by plugin name, then name."""
    for wrapper in sorted(wrappers, key=lambda item: (item.stage, item.plugin, item.name)):
        transport = wrapper.wrap(transport)
    return transport
