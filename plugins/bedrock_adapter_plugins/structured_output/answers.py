"""Structured answers to the client's content: out of the wrapper, out of the tool's arguments, out of a code fence."""

import re
from collections.abc import Callable
from typing import Protocol

from bedrock_adapter import Call
from bedrock_adapter.routes import ChunkFunction
from bedrock_adapter.types import Chunk, Json
from bedrock_adapter_plugins.tools.peeling import Peeler

from .methods import NAME, Output

_FENCE = re.compile(r"\s*```(?:json)?[ \t]*\n?", re.IGNORECASE)
_FENCE_BEGINS = re.compile(r"\s*(?:`{0,2}|```[a-z]{0,4}[ \t]*)", re.IGNORECASE)
_FENCE_END = re.compile(r"[\s`]*\Z")


class _Text(Protocol):
    """Text in pieces to other pieces."""

    def feed(self, text: str) -> str: ...

    def close(self) -> str: ...


class Unfenced:
    """Text in a Markdown code fence to the text within, other text as it is."""

    def __init__(self) -> None:
        self._held = ""
        self._fenced: bool | None = None

    def feed(self, text: str) -> str:
        """What is known to be inside so far."""
        self._held += text
        if self._fenced is None:
            if _FENCE_BEGINS.fullmatch(self._held):
                return ""
            found = _FENCE.match(self._held)
            self._fenced = found is not None
            self._held = self._held[found.end() :] if found else self._held
        end = _FENCE_END.search(self._held) if self._fenced else None
        cut = end.start() if end else len(self._held)
        passed, self._held = self._held[:cut], self._held[cut:]
        return passed

    def close(self) -> str:
        """The rest, without the closing fence."""
        held, self._held = self._held, ""
        return "" if self._fenced else held


class _Plain:
    def feed(self, text: str) -> str:
        return text

    def close(self) -> str:
        return ""


def open_answers(call: Call) -> ChunkFunction | None:
    """The function over an answer's chunks; None where the text is the answer as it is."""
    output = call.state.get(NAME)
    if not isinstance(output, Output):
        return None
    if output.method == "tool":
        return ToolAnswers(output)
    if output.method == "words":
        return _content(Unfenced())
    return _content(Peeler()) if output.wrapped else None


def _content(text: _Text) -> Callable[[Chunk], Chunk | list[Chunk]]:
    """All content through one text function."""

    def run(chunk: Chunk) -> Chunk | list[Chunk]:
        for choice in chunk["choices"]:
            if content := choice["delta"].get("content"):
                choice["delta"]["content"] = text.feed(content)
            if choice["finish_reason"] and (rest := text.close()):
                return [_before(chunk, {"content": rest}), chunk]
        return chunk

    return run


def _before(chunk: Chunk, delta: Json) -> Chunk:
    """A chunk with a delta that goes before a finish chunk."""
    head = {name: value for name, value in chunk.items() if name != "bedrock"}
    return {**head, "choices": [{**chunk["choices"][0], "delta": delta, "finish_reason": None}]}


class ToolAnswers:
    """The arguments of the adapter's own tool become content; text beside them is no part of the answer.

    Text is held until the finish, since only then it is known that the tool was not called; the client's own calls pass.
    """

    def __init__(self, output: Output) -> None:
        self._tool = output.tool
        self._answer: _Text = Peeler() if output.wrapped else _Plain()
        self._index: int | None = None  # of the call that is the answer
        self._others: dict[int, int] = {}  # the client's calls: index before and after
        self._text: list[str] = []

    def __call__(self, chunk: Chunk) -> Chunk | list[Chunk]:
        for choice in chunk["choices"]:
            delta = choice["delta"]
            if delta.get("content"):
                self._text.append(delta.pop("content"))
            if parts := delta.pop("tool_calls", None):
                self._calls(delta, parts)
            if choice["finish_reason"]:
                if self._index is not None and not self._others and choice["finish_reason"] == "tool_calls":
                    choice["finish_reason"] = "stop"
                if rest := self._rest():
                    return [_before(chunk, {"content": rest}), chunk]
        return chunk

    def _calls(self, delta: Json, parts: list[Json]) -> None:
        kept = []
        for part in parts:
            index = part["index"]
            if "id" in part:
                self._begin(index, part["function"]["name"])
            if index in self._others:
                kept.append({**part, "index": self._others[index]})
            elif index == self._index and (text := self._answer.feed(part["function"].get("arguments") or "")):
                delta["content"] = delta.get("content", "") + text
        if kept:
            delta["tool_calls"] = kept

    def _begin(self, index: int, name: str) -> None:
        if name != self._tool:
            self._others[index] = len(self._others)
        elif self._index is None:  # a second answer is passed over
            self._index = index

    def _rest(self) -> str:
        if self._index is not None:
            return self._answer.close()
        text = Unfenced()
        return text.feed("".join(self._text)) + text.close()
