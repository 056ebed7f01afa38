"""Encoder of AWS event-stream frames, independent of the adapter's own.

Layout: total length, headers length, CRC32 of those eight bytes, headers, payload, CRC32 of all before. Bedrock uses string
headers only, in the order type, content type, message type.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

PADDING = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
STRING = 7


def dumps(value: object) -> bytes:
    """JSON as Bedrock writes it: keys in alphabetical order, no spaces, UTF-8 (a lone surrogate as Java writes it)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One frame."""
    encoded = b"".join(
        struct.pack(">B", len(name.encode()))
        + name.encode()
        + struct.pack(">BH", STRING, len(value.encode()))
        + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", len(encoded) + len(payload) + 16, len(encoded))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + encoded + payload
    return message + struct.pack(">I", zlib.crc32(message))


def event(kind: str, payload: Mapping[str, Any], *, pad: bool = True) -> bytes:
    """An event frame; Bedrock pads each payload with a key ``p`` of 1 to 62 characters."""
    body = dict(payload)
    if pad:
        body["p"] = PADDING[: 1 + zlib.crc32(dumps(body)) % len(PADDING)]
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, dumps(body))


def exception(kind: str, message: str) -> bytes:
    """An exception frame: how a stream fails after its 200."""
    headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return frame(headers, dumps({"message": message}))


def error(code: str, message: str) -> bytes:
    """A transport-level error frame: no body, everything in the headers."""
    return frame({":error-code": code, ":error-message": message, ":message-type": "error"}, b"")
