"""JSON for the wire: orjson, with the standard library where orjson refuses.

orjson is about twenty times faster on a Converse body, but rejects lone surrogates and integers beyond 64 bits, which clients
do send; such a value must not turn into a server error.
"""

import json
from typing import Any

import orjson


def dumps(value: Any) -> bytes:
    """Serialise to compact UTF-8 JSON.

    Raises:
        TypeError: the value holds something that JSON cannot say.
    """
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def loads(data: bytes | str) -> Any:
    """Parse JSON.

    Raises:
        ValueError: the data is not JSON.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return json.loads(data, parse_constant=_no_json)


def _no_json(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
