"""Headers of event-stream frames: repeated `{u8 length of the name, name, u8 type, value}`."""

import struct
from typing import Any

from bedrock_adapter.errors import StreamError

# Wire type of a header value -> its struct; 0 and 1 are true and false, 6 bytes, 7 text, 9 a UUID.
_NUMBERS = {
    2: struct.Struct(">b"),
    3: struct.Struct(">h"),
    4: struct.Struct(">i"),
    5: struct.Struct(">q"),
    8: struct.Struct(">q"),
}
_U16 = struct.Struct(">H")


def parse_headers(block: bytes) -> dict[str, Any]:
    """The headers of a frame, from the bytes between its prelude and its payload.

    Raises:
        StreamError: the bytes are no headers.
    """
    headers: dict[str, Any] = {}
    position = 0
    try:
        while position < len(block):
            start = position + 1
            position = start + block[position]
            raw_name = block[start:position]
            value, position = _parse_value(block, position)
            if position > len(block):
                raise StreamError(f"damaged event stream: a header value runs to byte {position} of {len(block)}")
            name = raw_name.decode()
            if name in headers:
                raise StreamError(f"damaged event stream: header {name!r} comes twice")
            headers[name] = value
    except (IndexError, struct.error):
        raise StreamError(f"damaged event stream: a header is cut off at byte {len(block)}") from None
    except UnicodeDecodeError:
        raise StreamError(f"damaged event stream: a header before byte {position} is not UTF-8") from None
    return headers


def _parse_value(block: bytes, position: int) -> tuple[Any, int]:
    """The value whose type byte is at `position`, and the position after it (beyond the block where it is cut off)."""
    kind = block[position]
    position += 1
    if kind in (6, 7):
        start = position + 2
        end = start + _U16.unpack_from(block, position)[0]
        value = block[start:end]
        return (value.decode() if kind == 7 and end <= len(block) else value), end
    if kind in _NUMBERS:
        number = _NUMBERS[kind]
        return number.unpack_from(block, position)[0], position + number.size
    if kind in (0, 1):
        return kind == 0, position
    if kind == 9:
        return block[position : position + 16], position + 16
    raise StreamError(f"damaged event stream: header value type {kind} at byte {position - 1} is unknown")


def encode_header(name: str, value: bool | int | bytes | str) -> bytes:
    """One header.

    Raises:
        ValueError: it is too large.
    """
    raw = name.encode()
    if len(raw) > 255:
        raise ValueError(f"a header name of {len(raw)} bytes exceeds 255")
    prefix = bytes((len(raw),)) + raw
    if isinstance(value, bool):
        return prefix + (b"\x00" if value else b"\x01")
    if isinstance(value, int):
        return prefix + b"\x05" + struct.pack(">q", value)
    data = value.encode() if isinstance(value, str) else value
    if len(data) > 65535:
        raise ValueError(f"header {name!r} of {len(data)} bytes exceeds 65535")
    return prefix + (b"\x07" if isinstance(value, str) else b"\x06") + _U16.pack(len(data)) + data
