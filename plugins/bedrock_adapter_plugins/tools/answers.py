"""Calls in answers: the client's names and ids, arguments out of their wrapper, custom tools and deprecated functions."""

import json
from dataclasses import dataclass, field
from typing import Any

from bedrock_adapter import Call, json_codec
from bedrock_adapter.routes import ChunkFunction
from bedrock_adapter.types import Chunk, Json

from .definitions import INPUT, NAME, Definition
from .peeling import MEMBER
from .toolbox import Toolbox


def open_answers(call: Call) -> ChunkFunction | None:
    """The function over an answer's chunks; None where nothing is to be translated."""
    box = call.state.get(NAME)
    return Answers(box) if isinstance(box, Toolbox) and box.translates else None


@dataclass(slots=True)
class _Held:
    """A call whose arguments must be complete before the client can have them."""

    definition: Definition
    pieces: list[str] = field(default_factory=list)

    def released(self, index: int) -> Json:
        """The part of `tool_calls` with its arguments, or with its custom input."""
        text = "".join(self.pieces)
        value = _json(text)
        if self.definition.kind == "custom":
            given = value.get(INPUT) if isinstance(value, dict) else None
            return {"index": index, "custom": {"input": given if isinstance(given, str) else text}}
        if isinstance(value, dict) and value.keys() == {MEMBER}:
            text = json_codec.dumps(value[MEMBER]).decode()
        return {"index": index, "function": {"arguments": text}}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


class Answers:
    """State of one answer."""

    def __init__(self, box: Toolbox) -> None:
        self._box = box
        self._held: dict[int, _Held] = {}

    def __call__(self, chunk: Chunk) -> Chunk | list[Chunk]:
        made = [chunk]
        for choice in chunk["choices"]:
            delta = choice["delta"]
            if parts := delta.get("tool_calls"):
                translated = [each for part in parts if (each := self._part(part)) is not None]
                self._put(delta, translated)
            if choice["finish_reason"]:
                made = [*self._release(chunk), chunk]
                if self._box.legacy and choice["finish_reason"] == "tool_calls":
                    choice["finish_reason"] = "function_call"
        return made

    def _part(self, part: Json) -> Json | None:
        index = part["index"]
        if "id" in part:
            return self._begin(index, part)
        held = self._held.get(index)
        if held is None:
            return part
        held.pieces.append(part["function"].get("arguments") or "")
        return None

    def _begin(self, index: int, part: Json) -> Json:
        function = part["function"]
        name = self._box.names.to_client(function["name"])
        id_ = self._box.ids.to_client(part["id"])
        definition = self._box.definitions.get(name)
        if definition is not None and (definition.wrapped or definition.kind == "custom"):
            self._held[index] = _Held(definition)
            if definition.kind == "custom":
                return {"index": index, "id": id_, "type": "custom", "custom": {"name": name, "input": ""}}
        return {**part, "id": id_, "function": {**function, "name": name}}

    def _release(self, chunk: Chunk) -> list[Chunk]:
        parts = [held.released(index) for index, held in sorted(self._held.items())]
        self._held = {}
        if not parts:
            return []
        delta: Json = {}
        self._put(delta, parts)
        head = {name: value for name, value in chunk.items() if name != "bedrock"}
        return [{**head, "choices": [{**chunk["choices"][0], "delta": delta, "finish_reason": None}]}]

    def _put(self, delta: Json, parts: list[Json]) -> None:
        """Write parts into a delta; a client of `functions` knows one call only."""
        delta.pop("tool_calls", None)
        if self._box.legacy:
            for part in parts:
                if part["index"] == 0 and "function" in part:
                    delta["function_call"] = part["function"]
        elif parts:
            delta["tool_calls"] = parts
