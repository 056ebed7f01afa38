"""AWS event-stream frames (`application/vnd.amazon.eventstream`), without I/O.

A frame is `total length, headers length, CRC of both, headers, payload, CRC of all before`, all integers big-endian.
`EventStreamDecoder` cuts bytes into frames, `EventDecoder` makes Bedrock events of them.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from bedrock_adapter import json_codec
from bedrock_adapter.errors import AdapterError, StreamError, StreamTruncatedError
from bedrock_adapter.eventstream_headers import encode_header, parse_headers
from bedrock_adapter.service_errors import stream_exception
from bedrock_adapter.types import Event

MAX_HEADERS = 128 * 1024
"""Most bytes of headers in a frame; botocore's limit."""
MAX_PAYLOAD = 24 * 1024 * 1024
"""Most bytes of payload in a frame; botocore's limit."""

Headers = Mapping[str, Any]

_PRELUDE = struct.Struct(">III")
_U32 = struct.Struct(">I")
_unpack_prelude, _unpack_crc = _PRELUDE.unpack_from, _U32.unpack_from
_OVERHEAD = 16
# Bedrock repeats a handful of header blocks; foreign ones must not fill the memory.
_CACHED_BLOCKS = 64
_CACHED_BLOCK_SIZE = 512


class Frame(NamedTuple):
    """One frame.

    Attributes:
        headers: by name, read-only. Values are bool, int (also timestamps, in milliseconds), bytes (also UUIDs) or str.
        payload: the bytes after the headers.
    """

    headers: Headers
    payload: bytes


class EventStreamDecoder:
    """Cuts a byte stream into frames. Both CRCs are checked."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._wanted = 0
        self._blocks: dict[bytes, Headers] = {}
        self._failure: StreamError | None = None

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data`, of any length, completes.

        Frames before a damaged one are still returned; the damage is raised by the next call of `feed` or `close`.

        Raises:
            StreamError: the bytes are no valid frame; the message says where and what.
        """
        if self._failure is not None:
            raise self._failure
        if self._buffer:
            self._buffer += data
            if len(self._buffer) < self._wanted:
                return []
            data = bytes(self._buffer)
            self._buffer.clear()
        frames: list[Frame] = []
        try:
            self._cut(data, frames)
        except StreamError as error:
            self._failure = error
            if not frames:
                raise
        return frames

    @property
    def failure(self) -> StreamError | None:
        """What the next `feed` or `close` will raise, if that is known already."""
        return self._failure

    def close(self) -> None:
        """Declare the end of the bytes.

        Raises:
            StreamTruncatedError: they end within a frame.
            StreamError: a damaged frame has not been raised yet.
        """
        if self._failure is not None:
            raise self._failure
        if self._buffer:
            wanted = f"{self._wanted}" if self._wanted > _PRELUDE.size else "at least 16"
            raise StreamTruncatedError(
                f"the event stream ended within a frame: {len(self._buffer)} of {wanted} bytes came"
            )

    def _cut(self, data: bytes, frames: list[Frame]) -> None:
        # Slices of bytes rather than of a memoryview: frames are small, and copying 200 bytes is cheaper than a view.
        start, size = 0, len(data)
        crc32, blocks = zlib.crc32, self._blocks
        while size - start >= 12:
            total, length, prelude_crc = _unpack_prelude(data, start)
            crc = crc32(data[start : start + 8])
            if crc != prelude_crc:
                raise StreamError(f"damaged event stream: prelude CRC is {prelude_crc:#010x}, computed {crc:#010x}")
            if total < length + _OVERHEAD or length > MAX_HEADERS or total - length - _OVERHEAD > MAX_PAYLOAD:
                raise _bad_sizes(total, length)
            end = start + total
            if end > size:
                self._keep(data[start:], total)
                return
            # The message CRC covers the prelude too: go on from its CRC.
            crc = crc32(data[start + 8 : end - 4], crc)
            (message_crc,) = _unpack_crc(data, end - 4)
            if crc != message_crc:
                raise StreamError(f"damaged event stream: message CRC is {message_crc:#010x}, computed {crc:#010x}")
            middle = start + 12 + length
            block = data[start + 12 : middle]
            headers = blocks.get(block)
            if headers is None:
                headers = self._parse(block)
            frames.append(Frame(headers, data[middle : end - 4]))
            start = end
        if start < size:
            self._keep(data[start:], _PRELUDE.size)

    def _keep(self, rest: bytes, wanted: int) -> None:
        self._buffer += rest
        self._wanted = wanted

    def _parse(self, block: bytes) -> Headers:
        headers = MappingProxyType(parse_headers(block))
        if len(block) <= _CACHED_BLOCK_SIZE and len(self._blocks) < _CACHED_BLOCKS:
            self._blocks[block] = headers
        return headers


def _bad_sizes(total: int, headers: int) -> StreamError:
    if headers > MAX_HEADERS:
        return StreamError(f"damaged event stream: {headers} bytes of headers, at most {MAX_HEADERS} are allowed")
    if total < headers + _OVERHEAD:
        return StreamError(f"damaged event stream: a frame of {total} bytes cannot hold {headers} bytes of headers")
    payload = total - headers - _OVERHEAD
    return StreamError(f"damaged event stream: {payload} bytes of payload, at most {MAX_PAYLOAD} are allowed")


def encode_frame(headers: Mapping[str, bool | int | bytes | str], payload: bytes) -> bytes:
    """One frame. Integers are sent as int64, strings and bytes up to 65535 bytes, names up to 255.

    Raises:
        ValueError: a header or the payload is too large.
    """
    block = b"".join(encode_header(name, value) for name, value in headers.items())
    if len(block) > MAX_HEADERS or len(payload) > MAX_PAYLOAD:
        raise ValueError(
            f"{len(block)} bytes of headers and {len(payload)} of payload exceed {MAX_HEADERS} and {MAX_PAYLOAD}"
        )
    lengths = struct.pack(">II", len(block) + len(payload) + _OVERHEAD, len(block))
    message = b"".join((lengths, _U32.pack(zlib.crc32(lengths)), block, payload))
    return message + _U32.pack(zlib.crc32(message))


def events(frames: Iterable[Frame], request_id: str | None = None) -> Iterator[Event]:
    """The events of frames, one by one, so that those before an exception have been taken when it is raised.

    Raises:
        ServiceError: a frame carries an exception, or (`StreamError`) is no event.
    """
    for headers, payload in frames:
        if headers.get(":message-type", "event") != "event":
            raise stream_exception(headers, payload, request_id=request_id)
        yield _event_type(headers), _payload(payload)


class EventDecoder:
    """Turns the bytes of a Bedrock stream into events `(":event-type", payload)`.

    Events that precede an exception frame or damage are returned; the error is raised by the next `feed` or `close`,
    and can be seen at once as `failure`. What follows an error is ignored, as Bedrock sends nothing after it.
    """

    def __init__(self, request_id: str | None = None) -> None:
        """`request_id`, from the response headers, is put on errors."""
        self._frames = EventStreamDecoder()
        self._request_id = request_id
        self._failure: AdapterError | None = None

    @property
    def failure(self) -> AdapterError | None:
        """What the next `feed` or `close` will raise, if that is known already."""
        return self._failure

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes; all known events first, an error only with the next call.

        Raises:
            ServiceError: Bedrock sent an exception in the stream, or (`StreamError`) the stream is damaged.
        """
        if self._failure is not None:
            raise self._failure
        try:
            frames = self._frames.feed(data)
        except StreamError as error:
            self._fail(error)
            raise
        found: list[Event] = []
        try:
            # An error in its midst leaves in `found` what came before.
            found.extend(events(frames, self._request_id))
            if self._frames.failure is not None:
                raise self._frames.failure
        except AdapterError as error:
            self._fail(error)
            if not found:
                raise
        return found

    def close(self) -> None:
        """Declare the end of the bytes.

        Raises:
            StreamTruncatedError: they end within a frame.
            ServiceError: an error has not been raised yet.
        """
        if self._failure is not None:
            raise self._failure
        try:
            self._frames.close()
        except StreamError as error:
            self._fail(error)
            raise

    def _fail(self, error: AdapterError) -> None:
        error.request_id = error.request_id or self._request_id
        self._failure = error


def _event_type(headers: Headers) -> str:
    name = headers.get(":event-type")
    if not isinstance(name, str):
        raise StreamError("damaged event stream: an event has no :event-type")
    return name


def _payload(payload: bytes) -> dict[str, Any]:
    try:
        value = json_codec.loads(payload) if payload else {}
    except ValueError as error:
        raise StreamError(f"damaged event stream: a payload of {len(payload)} bytes is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise StreamError(f"damaged event stream: a payload is a JSON {type(value).__name__}, not an object")
    return value
