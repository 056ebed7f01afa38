"""The emulator's own answers: deterministic, and sensible to a reader."""

from __future__ import annotations

import json
from typing import Any

from . import guardrail, tokens
from .calls import plan, question
from .instances import Filler
from .requests import Ask, Block
from .server_tools import cited_documents, server_tools
from .state import State
from .thoughts import thinks, thought, thought_text
from .words import answer


def respond(ask: Ask, state: State) -> dict[str, Any]:
    """A whole Converse response."""
    content, stop = (
        ([{"text": guardrail.MESSAGE}], "guardrail_intervened") if guardrail.intervenes(ask) else _content(ask)
    )
    matched = ""
    if stop != "guardrail_intervened":
        content, stop, matched = _stopped(ask, content, stop)
    response: dict[str, Any] = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop,
        "usage": _usage(ask, content, state),
        "metrics": {"latencyMs": 1 + tokens.of_content(content)},
    }
    fields = _response_fields(ask, content, matched)
    if fields:
        response["additionalModelResponseFields"] = fields
    return response | _echoed(ask)


def _content(ask: Ask) -> tuple[list[Block], str]:
    """Content blocks and stop reason before any cut."""
    opening = server_tools(ask)
    calls = plan(ask)
    names = [call["toolUse"]["name"] for call in calls]
    if thinks(ask):
        opening.insert(0, thought(ask, names))
    if calls:
        if ask.family.reasoning == "inline":
            opening.insert(0, {"text": f"<thinking> {thought_text(ask, names)}</thinking>\n"})
        return [*opening, *calls], "tool_use"
    if any("citationsContent" in block for block in opening):
        return opening, "end_turn"
    return [*opening, *(_structured(ask) or cited_documents(ask) or [{"text": answer(ask)}])], "end_turn"


def _structured(ask: Ask) -> list[Block]:
    form = (ask.body.get("outputConfig") or {}).get("textFormat")
    if form is None:
        return []
    schema = json.loads(form["structure"]["jsonSchema"]["schema"])
    return [{"text": json.dumps(Filler(schema, question(ask)).fill(), ensure_ascii=False)}]


def _stopped(ask: Ask, content: list[Block], stop: str) -> tuple[list[Block], str, str]:
    """Content cut at the first stop sequence or at maxTokens, the stop reason, and the sequence that matched."""
    kept: list[Block] = []
    left = ask.inference.get("maxTokens") or ask.family.default_max_tokens or ask.target.model.max_output
    for whole in content:
        block, matched = _cut_at_stop(ask, whole) if "text" in whole else (whole, "")
        if tokens.of_block(block) > left:
            kept += _cut_at_limit(block, left)
            return kept, "max_tokens", ""
        left -= tokens.of_block(block)
        kept.append(block)
        if matched:
            return kept, "stop_sequence", matched
    return kept, stop, ""


def _cut_at_stop(ask: Ask, block: Block) -> tuple[Block, str]:
    text: str = block["text"]
    found = [(text.index(each), each) for each in ask.inference.get("stopSequences") or [] if each in text]
    if not found:
        return block, ""
    at, matched = min(found)
    return {"text": text[:at]}, matched


def _cut_at_limit(block: Block, left: int) -> list[Block]:
    if "text" in block and left:
        return [{"text": tokens.cut(block["text"], left)}]
    return []


def _usage(ask: Ask, content: list[Block], state: State) -> dict[str, Any]:
    """Token counts; ``inputTokens`` excludes what the cache read or wrote, ``totalTokens`` adds all four."""
    cached = state.cache.usage(ask)
    output = tokens.of_content(content)
    fresh = max(1, tokens.of_request(ask) - cached["read"] - cached["write"])
    usage: dict[str, Any] = {
        "inputTokens": fresh,
        "outputTokens": output,
        "totalTokens": fresh + cached["read"] + cached["write"] + output,
        "serverToolUsage": {},
    }
    used = cached["read"] or cached["write"]
    # Real streams leave the cache keys out when nothing was cached [W].
    if used or (ask.family.cache_usage and not ask.streaming):
        for key, name in (("read", "cacheReadInputToken"), ("write", "cacheWriteInputToken")):
            usage |= {f"{name}s": cached[key], f"{name}Count": cached[key]}
    if cached["details"]:
        usage["cacheDetails"] = cached["details"]
    return usage


def _response_fields(ask: Ask, content: list[Block], matched: str) -> dict[str, Any]:
    """What additionalModelResponseFieldPaths picks out of Claude's native answer; absent paths are ignored."""
    if not ask.family.response_fields:
        return {}
    thinking = sum(tokens.of_block(block) for block in content if "reasoningContent" in block)
    stop = {"stop_sequence": matched or None}
    native: dict[str, Any] = {"delta": stop} if ask.streaming else dict(stop)
    native["usage"] = {
        "output_tokens": tokens.of_content(content),
        "output_tokens_details": {"thinking_tokens": thinking},
    }
    picked: dict[str, Any] = {}
    for pointer in ask.body.get("additionalModelResponseFieldPaths") or []:
        _pick(native, pointer.strip("/").split("/"), picked)
    return picked


def _pick(source: Any, path: list[str], into: dict[str, Any]) -> None:
    head, *rest = path
    if not isinstance(source, dict) or head not in source:
        return
    if not rest:
        into[head] = source[head]
        return
    below: dict[str, Any] = {}
    _pick(source[head], rest, below)
    if below:
        into[head] = {**into.get(head, {}), **below}


def _echoed(ask: Ask) -> dict[str, Any]:
    echoed: dict[str, Any] = {key: ask.body[key] for key in ("performanceConfig", "serviceTier") if ask.body.get(key)}
    traced: dict[str, Any] = {}
    guard = guardrail.trace(ask)
    if guard is not None:
        traced["guardrail"] = guard
    if "prompt-router" in ask.target.kind:
        traced["promptRouter"] = {"invokedModelId": ask.target.model.id}
    return echoed | ({"trace": traced} if traced else {})
