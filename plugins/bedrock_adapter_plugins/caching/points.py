"""Where cache points may stand, how many, and in which order."""

from collections.abc import Iterator
from dataclasses import dataclass

from bedrock_adapter import Call
from bedrock_adapter.profiles import Cache
from bedrock_adapter.types import Json

from .marks import note_once

SPACER = "\n"
"""Recorded traffic: Bedrock takes a blank text between a document and a cachePoint."""
_TOOLS = ("toolUse", "toolResult")


@dataclass(frozen=True, slots=True)
class Placed:
    section: str
    blocks: list[Json]
    point: Json


def sections(body: Json) -> Iterator[tuple[str, list[Json]]]:
    """Lists that may hold points, in the order in which Bedrock reads them."""
    if tools := (body.get("toolConfig") or {}).get("tools"):
        yield "tools", tools
    if system := body.get("system"):
        yield "system", system
    for turn in body.get("messages") or ():
        yield "messages", turn["content"]


def points(body: Json) -> Iterator[Placed]:
    for section, blocks in sections(body):
        yield from (Placed(section, blocks, block) for block in blocks if "cachePoint" in block)


def hoist(body: Json) -> None:
    """Points where none may stand at all: within a toolResult they go behind it, at a turn's start to the turn before.

    Turns that held nothing but points are gone; what they separated is one turn.
    """
    turns: list[Json] = body["messages"]
    if not any(_holds_point(block) for turn in turns for block in turn["content"]):
        return
    kept: list[Json] = []
    for turn in turns:
        blocks = [each for block in turn["content"] for each in _outside(block)]
        leading = next((at for at, block in enumerate(blocks) if "cachePoint" not in block), len(blocks))
        if leading and kept:
            kept[-1]["content"].append(blocks[0])
        if kept and kept[-1]["role"] == turn["role"]:
            kept[-1]["content"] += blocks[leading:]
        elif leading < len(blocks):
            kept.append({**turn, "content": blocks[leading:]})
    body["messages"] = kept or [{"role": "user", "content": [{"text": "."}]}]


def _holds_point(block: Json) -> bool:
    if "toolResult" in block:
        return any("cachePoint" in item for item in block["toolResult"].get("content") or ())
    return "cachePoint" in block


def _outside(block: Json) -> list[Json]:
    content = (block.get("toolResult") or {}).get("content")
    if not content or not any("cachePoint" in item for item in content):
        return [block]
    kept = [item for item in content if "cachePoint" not in item]
    points = [item for item in content if "cachePoint" in item]
    return [{"toolResult": {**block["toolResult"], "content": kept}}, *points]


def tidied(call: Call, section: str, blocks: list[Json]) -> list[Json]:
    """The blocks of one list with each point where it may stand, or without it."""
    cache, kept = call.route.profile.cache, list[Json]()
    tools = has_tools(blocks)
    for block in blocks:
        if "cachePoint" not in block:
            kept.append(block)
        elif section not in cache.sections:
            note_once(call, section, "dropped", f"the model takes no cache point in {section}")
        elif kept and "cachePoint" in kept[-1]:
            kept[-1] = max(kept[-1], block, key=lambda point: point["cachePoint"].get("ttl", ""))
        elif kept and not may_follow(cache, section, kept[-1], tools=tools):
            note_once(
                call, section, "dropped", "the model takes no cache point after reasoning, or in a turn with tools"
            )
        elif kept:
            if needs_spacer(cache, kept[-1]):
                kept.append({"text": SPACER})
            kept.append(block)
    return kept


def has_tools(blocks: list[Json]) -> bool:
    return any(kind in block for block in blocks for kind in _TOOLS)


def may_follow(cache: Cache, section: str, before: Json, *, tools: bool) -> bool:
    """Whether a point may follow the block `before`; `tools`: in a turn that has calls or results."""
    if section != "messages":
        return True
    if "reasoningContent" in before and "reasoning" in cache.after:
        return False
    return "tool" not in cache.after or not tools


def needs_spacer(cache: Cache, before: Json) -> bool:
    document = before.get("document")
    if document is None:
        return "video" in before and "video" in cache.after
    return "document" in cache.after or ("text_document" in cache.after and document.get("format") != "pdf")


def budget(call: Call) -> None:
    """The last points stay: each covers all that is before it."""
    placed = list(points(call.body))
    most = call.route.profile.cache.max_points
    if len(placed) <= most:
        return
    note_once(call, "cache_control", "dropped", f"{len(placed)} cache points were asked for; the last {most} were kept")
    first = placed[: len(placed) - most]
    dropped = {id(each.point) for each in first}
    for blocks in {id(each.blocks): each.blocks for each in first}.values():
        blocks[:] = [block for block in blocks if id(block) not in dropped]


def ordered(call: Call) -> None:
    """A longer time to live must not come after a shorter one: what is before a one-hour point lives as long with it."""
    placed = list(points(call.body))
    last = next((at for at in range(len(placed) - 1, -1, -1) if "ttl" in placed[at].point["cachePoint"]), -1)
    for each in placed[: max(last, 0)]:
        if "ttl" not in each.point["cachePoint"]:
            note_once(
                call,
                "cache_control",
                "changed",
                "points before one of an hour live for an hour too; Bedrock wants it so",
            )
            each.point["cachePoint"] = {"type": "default", "ttl": "1h"}
