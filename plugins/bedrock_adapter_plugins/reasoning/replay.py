"""Reasoning that a client sends back: what may go to the model, in Converse's words (bedrock-api 5.3).

Signed and redacted blocks pass byte for byte. Unsigned reasoning goes only to families that take it: elsewhere it would be
refused, or, made into text, be shown and billed.
"""

import base64
from collections.abc import Mapping
from typing import Any

from bedrock_adapter import Call, Converter, RequestError, Route
from bedrock_adapter.types import OBJECT, Json

from .plan import NAME

_SAID = f"{NAME}.said"  # messages whose blocks came by `thinking_blocks`, so that nothing is sent twice


def converters(route: Route) -> list[Converter]:
    """`thinking_blocks` of assistant messages, thinking parts of their content, and `reasoning_content`, in this order."""
    takes = frozenset(route.profile.reasoning.replay)

    def blocks(call: Call, value: Any, path: str) -> list[Json]:
        if not isinstance(value, list):
            raise RequestError(f"{path} must be a list", param=path, code="invalid_type")
        if value:
            call.state.setdefault(_SAID, set()).add(_message(path))
        return [made for index, item in enumerate(value) for made in _block(call, item, f"{path}[{index}]", takes)]

    def part(call: Call, value: Mapping[str, Any], path: str) -> list[Json]:
        return [] if _message(path) in call.state.get(_SAID, ()) else _block(call, value, path, takes)

    def text(call: Call, value: Any, path: str) -> list[Json]:
        if not isinstance(value, str):
            raise RequestError(f"{path} must be a string", param=path, code="invalid_type")
        if "unsigned" not in takes or not value or _message(path) in call.state.get(_SAID, ()):
            return []
        return [{"reasoningContent": {"reasoningText": {"text": value}}}]

    return [
        Converter("field", "thinking_blocks", blocks, before=True),
        Converter("field", "reasoning_content", text, before=True),
        Converter("part", "thinking", part),
        Converter("part", "redacted_thinking", part),
    ]


def _message(path: str) -> str:
    return path.partition(".")[0]


def _block(call: Call, block: Any, path: str, takes: frozenset[str]) -> list[Json]:
    if not isinstance(block, OBJECT):
        raise RequestError(f"{path} must be an object", param=path, code="invalid_type")
    kind = block.get("type")
    if kind == "redacted_thinking":
        return _redacted(call, block.get("data"), path, takes)
    if kind != "thinking":
        raise RequestError(
            f"{path}.type is {kind!r}; supported are redacted_thinking, thinking",
            param=f"{path}.type",
            code="invalid_value",
        )
    text, signature = block.get("thinking"), block.get("signature")
    for name, value in (("thinking", text), ("signature", signature)):
        if value is not None and not isinstance(value, str):
            raise RequestError(f"{path}.{name} must be a string", param=f"{path}.{name}", code="invalid_type")
    if signature and "signed" in takes:
        return [{"reasoningContent": {"reasoningText": {"text": text or "", "signature": signature}}}]
    if text and "unsigned" in takes:
        return [{"reasoningContent": {"reasoningText": {"text": text}}}]
    why = (
        "the model takes no reasoning of another's" if signature else "the model takes no reasoning without a signature"
    )
    call.repair(path, "dropped", why, NAME)
    return []


def _redacted(call: Call, data: Any, path: str, takes: frozenset[str]) -> list[Json]:
    if not isinstance(data, str) or not data:
        raise RequestError(f"{path}.data must be a non-empty string", param=f"{path}.data", code="invalid_type")
    if "redacted" in takes:
        _check_base64(data, f"{path}.data")
        return [{"reasoningContent": {"redactedContent": data}}]
    call.repair(path, "dropped", "the model takes no redacted reasoning", NAME)
    return []


def _check_base64(data: str, path: str) -> None:
    try:
        base64.b64decode(data, validate=True)
    except ValueError:
        raise RequestError(f"{path} must be base64, as it was returned", param=path, code="invalid_value") from None
