"""InvokeModel of Claude: enough of Anthropic's Messages body to answer in words, whole or streamed, and to count tokens."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

from . import frames, tokens
from .refusals import refusal
from .requests import Ask
from .targets import Target
from .words import answer

VERSION = "bedrock-2023-05-31"
_KEYS = frozenset(
    re.findall(
        r"\w+",
        """anthropic_version anthropic_beta max_tokens messages system tools tool_choice temperature top_p top_k
        stop_sequences thinking output_config metadata context_management""",
    )
)
# Tool types of CountTokens' schema, in the order of the real message [W].
_TOOL_TYPES = ("bash_20250124", "custom", "text_editor_20250124", "text_editor_20250429", "text_editor_20250728")


def check(body: dict[str, Any]) -> None:
    """Required and known members."""
    for key in ("anthropic_version", "max_tokens", "messages"):
        if key not in body:
            raise refusal("native", reason=f"{key}: Field required")
    if body["anthropic_version"] != VERSION:
        raise refusal("native", reason=f"anthropic_version: Input should be '{VERSION}'")
    for key in body:
        if key not in _KEYS:
            raise refusal("native", reason=f"{key}: Extra inputs are not permitted")
    if not isinstance(body["max_tokens"], int):
        raise refusal("native", reason="max_tokens: Input should be a valid integer")
    if not isinstance(body["messages"], list) or not body["messages"]:
        raise refusal("native", reason="messages: at least one message is required")
    for index, each in enumerate(body["messages"]):
        if not _is_message(each):
            raise refusal("native", reason=f"messages.{index}: Input should be a valid message")


def _is_message(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("role"), str):
        return False
    content = value.get("content")
    parts = content if isinstance(content, list) else []
    plain = all(isinstance(part, dict) and isinstance(part.get("text", ""), str) for part in parts)
    return isinstance(content, str | list) and plain


def _converse(target: Target, body: dict[str, Any]) -> Ask:
    """The text of a native request as a Converse request."""
    messages = []
    for message in body["messages"]:
        content = message["content"]
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        text = "\n".join(part["text"] for part in parts if part.get("type") == "text")
        messages.append({"role": message["role"], "content": [{"text": text}]})
    return Ask("Converse", target, {"messages": messages})


def message(target: Target, body: dict[str, Any]) -> dict[str, Any]:
    """Anthropic's Message for a native request."""
    ask = _converse(target, body)
    text = tokens.cut(answer(ask), body["max_tokens"])
    usage = {
        "input_tokens": tokens.of_request(ask),
        "output_tokens": tokens.count(text),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
    }
    return {
        "id": "msg_bdrk_emulated",
        "type": "message",
        "role": "assistant",
        "model": target.model.id.partition(".")[2],
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn" if text == answer(ask) else "max_tokens",
        "stop_sequence": None,
        "usage": usage,
    }


def stream(whole: dict[str, Any]) -> Iterator[bytes]:
    """A message as ``chunk`` frames of Anthropic's events; the last carries Bedrock's metrics."""
    text, usage = whole["content"][0]["text"], whole["usage"]
    start = {**whole, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    yield _chunk({"type": "message_start", "message": start})
    yield _chunk({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
    yield _chunk({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})
    yield _chunk({"type": "content_block_stop", "index": 0})
    stop = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield _chunk({"type": "message_delta", "delta": stop, "usage": {"output_tokens": usage["output_tokens"]}})
    metrics = {
        "inputTokenCount": usage["input_tokens"],
        "outputTokenCount": usage["output_tokens"],
        "invocationLatency": 1,
        "firstByteLatency": 1,
    }
    yield _chunk({"type": "message_stop", "amazon-bedrock-invocationMetrics": metrics})


def _chunk(native: dict[str, Any]) -> bytes:
    return frames.event("chunk", {"bytes": base64.b64encode(frames.dumps(native)).decode()})


def count(target: Target, encoded: str) -> int:
    """Input tokens of a native body as CountTokens takes it, in base64."""
    try:
        body = json.loads(base64.b64decode(encoded))
    except ValueError as error:
        raise refusal("native", reason="The request body is not valid JSON") from error
    for index, tool in enumerate(body.get("tools", [])):
        kind = tool.get("type", "custom")
        if kind not in _TOOL_TYPES:
            expected = ", ".join(f"'{each}'" for each in _TOOL_TYPES)
            reason = f"tools.{index}: Input tag '{kind}' found using 'type' does not match any of the expected tags: {expected}"
            raise refusal("native", reason=reason)
    check(body)
    return tokens.of_request(_converse(target, body)) + tokens.count(json.dumps(body.get("tools", [])))
