"""From a vendor's vectors to OpenAI's items."""

import binascii
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from bedrock_adapter import Call, WireResponse
from bedrock_adapter.types import Json

_COUNT = "x-amzn-bedrock-input-token-count"


def part(
    call: Call,
    response: WireResponse,
    vectors: Sequence[list[float]],
    by_type: Mapping[str, Sequence[list[int]]] | None = None,
    count: int | None = None,
) -> Json:
    """What `EmbeddingDialect.decode` returns.

    Args:
        call: tells the format.
        response: its header holds the number of input tokens.
        vectors: the float vectors, in order.
        by_type: quantised vectors in the same order, e.g. `{"int8": [[…], …]}`.
        count: tokens as the body tells, where there is no header.
    """
    items: list[Json] = [{"embedding": as_asked(call, vector)} for vector in vectors]
    for kind, others in (by_type or {}).items():
        for item, vector in zip(items, others, strict=True):
            item.setdefault("embeddings_by_type", {})[kind] = vector
    counted = _number(response.headers.get(_COUNT), count)
    return {"data": items} if counted is None else {"data": items, "usage": {"prompt_tokens": counted}}


def as_asked(call: Call, vector: Any) -> list[float] | str:
    """Floats as they are, or base64 of the same numbers as little-endian float32.

    Raises:
        TypeError, ValueError: `vector` is no list of numbers.
    """
    if not isinstance(vector, list):
        raise TypeError(f"a vector is {type(vector).__name__}")
    if call.request.get("encoding_format") != "base64":
        return vector
    try:
        packed = struct.pack(f"<{len(vector)}f", *vector)
    except (struct.error, OverflowError) as error:
        raise ValueError(f"a vector holds {error}") from error
    return binascii.b2a_base64(packed, newline=False).decode("ascii")


def _number(header: str | None, otherwise: int | None) -> int | None:
    return int(header) if header is not None and header.isdecimal() else otherwise
