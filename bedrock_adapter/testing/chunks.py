"""Whether chunks are what OpenAI's streaming API promises."""

from collections.abc import Iterable, Sequence
from typing import Any

from bedrock_adapter.types import Chunk, Json

_FINISH = ("stop", "length", "tool_calls", "content_filter", "function_call")
_HEAD: dict[str, type] = {"id": str, "created": int, "model": str}
_STRINGS = ("content", "refusal", "reasoning_content")


def chunk_problems(chunks: Sequence[Chunk]) -> list[str]:
    """What is wrong with the chunks of one complete stream, in words; empty where all is well.

    Checked are: one id, time and model; the role first; text as strings; tool calls with contiguous indexes from 0, each
    introduced by id, type and name; one finish reason, after all deltas; usage last, without choices.
    """
    if not chunks:
        return ["there is no chunk"]
    return [*_heads(chunks), *_order(chunks), *_deltas(chunks)]


def _heads(chunks: Sequence[Chunk]) -> Iterable[str]:
    for chunk in chunks:
        if chunk.get("object") != "chat.completion.chunk":
            yield f"object is {chunk.get('object')!r}"
        for name, kind in _HEAD.items():
            if not isinstance(chunk.get(name), kind) or chunk[name] != chunks[0].get(name):
                yield f"{name} is {chunk.get(name)!r}, and {chunks[0].get(name)!r} in the first chunk"


def _order(chunks: Sequence[Chunk]) -> Iterable[str]:
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    if not choices or choices[0]["delta"].get("role") != "assistant":
        yield "the first chunk does not name the role"
    finishes = [choice["finish_reason"] for choice in choices if choice["finish_reason"]]
    if len(finishes) != 1 or finishes[0] not in _FINISH:
        yield f"finish reasons are {finishes}; wanted is one of {_FINISH}"
    elif not choices[-1]["finish_reason"]:
        yield "there are deltas after the finish reason"
    if any(not chunk["choices"] for chunk in chunks[:-1]):
        yield "a chunk without choices is not the last"


def _deltas(chunks: Sequence[Chunk]) -> Iterable[str]:
    seen: set[int] = set()
    for choice in (choice for chunk in chunks for choice in chunk["choices"]):
        if choice["index"] != 0:
            yield f"the choice has index {choice['index']}"
        delta = choice["delta"]
        for name in _STRINGS:
            if not isinstance(delta.get(name, ""), str | None):
                yield f"{name} is {delta[name]!r}"
        for part in delta.get("tool_calls") or ():
            yield from _tool_call(part, seen)


def _tool_call(part: Json, seen: set[int]) -> Iterable[str]:
    index: Any = part.get("index")
    if index in seen:
        return
    if index != len(seen):
        yield f"a tool call has index {index!r} after {len(seen)} others"
    seen.add(index)
    if not part.get("id") or not part.get("type") or not (part.get(part["type"]) or {}).get("name"):
        yield f"a tool call begins without id, type or name: {part}"
