"""Cache points: support, places, number, and order of their TTLs (section 8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bedrock_adapter.testing.emulator.refusals import refusal
from bedrock_adapter.testing.emulator.requests import Ask, Block

LIMIT = 4


@dataclass(frozen=True, slots=True)
class _Point:
    """A cachePoint: its section, the path of the block before it, and that block."""

    section: str
    path: str
    value: dict[str, Any]
    before: Block


def check(ask: Ask) -> None:
    """Rules of cache points."""
    points = list(_points(ask))
    if not points:
        return
    family = ask.family
    if not family.cache:
        raise (
            refusal("no_caching")
            if family.cache_refusal == "access"
            else refusal("unsupported_field", field="cachePoint")
        )
    for point in points:
        _place(ask, point)
        _ttl(ask, point)
    if len(points) > LIMIT:
        raise refusal("too_many_cache_points", found=len(points))
    _order(points)
    _beside_tools(ask)


def _points(ask: Ask) -> Iterator[_Point]:
    yield from _section("tools", "tools", ask.tools)
    yield from _section("system", "system", ask.system)
    for index, message in enumerate(ask.messages):
        yield from _section("messages", f"messages.{index}.content", message["content"])


def _section(section: str, prefix: str, blocks: list[Block]) -> Iterator[_Point]:
    for index, block in enumerate(blocks):
        if "cachePoint" in block:
            before = blocks[index - 1] if index else {}
            yield _Point(section, f"{prefix}.{max(0, index - 1)}", block["cachePoint"], before)


def _place(ask: Ask, point: _Point) -> None:
    if point.section not in ask.family.cache:
        raise refusal("extraneous_key", where=f"#/{point.path.replace('.', '/')}: ", key="cachePoint")
    if "reasoningContent" in point.before:
        raise refusal("cache_after_reasoning")
    document = point.before.get("document")
    unreadable = "video" in point.before or (document is not None and document.get("format") != "pdf")
    if ask.family.anthropic and unreadable:
        raise refusal("cache_after_document")


def _ttl(ask: Ask, point: _Point) -> None:
    ttl = point.value.get("ttl")
    if ttl is None or ttl in ask.family.cache_ttl:
        return
    if ask.family.anthropic:
        raise refusal("extra_input", path=f"{point.path}.cache_control.ttl")
    raise refusal("extraneous_key", where=f"#/{point.path.replace('.', '/')}/cachePoint: ", key="ttl")


def _order(points: list[_Point]) -> None:
    short = False
    for point in points:
        if point.value.get("ttl", "5m") == "5m":
            short = True
        elif short:
            raise refusal("cache_ttl_order", path=point.path)


def _beside_tools(ask: Ask) -> None:
    """Nova refuses a cachePoint in a message that has tool blocks."""
    if ask.family.cache_in_tool_turns:
        return
    for index, message in enumerate(ask.messages):
        kinds = [next(iter(block)) for block in message["content"]]
        if "cachePoint" in kinds and ("toolUse" in kinds or "toolResult" in kinds):
            where = f"#/messages/{index}/content/{kinds.index('cachePoint')}: "
            raise refusal("extraneous_key", where=where, key="cachePoint")
