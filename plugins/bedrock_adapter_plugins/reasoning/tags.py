"""Thoughts written as tags within the text: made for clients that want them, split out where a model writes them itself."""

import re
from collections.abc import Mapping
from typing import Any

from bedrock_adapter import Call
from bedrock_adapter.types import OBJECT, Chunk, Json

_OWN = re.compile(r"\s*<think>.*?</think>\s*", re.DOTALL)


class ThinkTags:
    """`reasoning_content` as `<think>…</think>` at the place in `content` where it came."""

    def __init__(self) -> None:
        self._open = False

    def __call__(self, chunk: Chunk) -> Chunk | list[Chunk]:
        if not chunk["choices"]:
            return chunk
        choice = chunk["choices"][0]
        delta = choice["delta"]
        if text := delta.get("reasoning_content"):
            delta["reasoning_content"] = ""
            delta["content"] = text if self._open else f"<think>\n{text}"
            self._open = True
            return chunk
        if self._open and (delta.get("content") or delta.get("tool_calls") or choice["finish_reason"]):
            self._open = False
            return [_text_chunk(chunk, {"content": "\n</think>\n\n"}), chunk]
        return chunk


def without_own_tags(call: Call) -> None:
    """Take the tags that `ThinkTags` made out of assistant messages that come back: they would be billed as text."""
    messages = call.request.get("messages")
    if isinstance(messages, list) and any(_tagged(message) for message in messages):
        stripped = [_stripped(message) if _tagged(message) else message for message in messages]
        call.request = {**call.request, "messages": stripped}


def _tagged(message: Any) -> bool:
    return isinstance(message, OBJECT) and message.get("role") == "assistant" and "<think>" in str(_head(message))


def _head(message: Mapping[str, Any]) -> Any:
    content = message.get("content")
    if isinstance(content, list) and content and isinstance(content[0], OBJECT):
        return content[0].get("text")
    return content


def _stripped(message: Mapping[str, Any]) -> Mapping[str, Any]:
    content = message["content"]
    if isinstance(content, str):
        return {**message, "content": _cut(content)}
    if isinstance(content[0].get("text") if isinstance(content[0], OBJECT) else None, str):
        return {**message, "content": [{**content[0], "text": _cut(content[0]["text"])}, *content[1:]]}
    return message


def _cut(text: str) -> str:
    found = _OWN.match(text)
    return text[found.end() :] if found else text


class TagSplitter:
    """Moves `<tag>…</tag>` out of the text into `reasoning_content`, wherever fragments are cut.

    Args:
        tag: the tag's name, e.g. `thinking`.
    """

    def __init__(self, tag: str) -> None:
        self._marks = (f"<{tag}>", f"</{tag}>")
        self._inside = False
        self._held = ""  # what may be the start of a tag
        self._trim = False  # white space after a closing tag belongs to it

    def __call__(self, chunk: Chunk) -> Chunk | list[Chunk]:
        if not chunk["choices"]:
            return chunk
        choice = chunk["choices"][0]
        text = choice["delta"].get("content")
        if text:
            rest = {name: value for name, value in choice["delta"].items() if name not in ("content", "role")}
            made = [_text_chunk(chunk, delta) for delta in self._feed(text)]
            return [*made, _text_chunk(chunk, rest)] if rest else made
        if self._held and (choice["delta"].get("tool_calls") or choice["finish_reason"]):
            held, self._held = self._held, ""
            return [_text_chunk(chunk, self._delta(held)), chunk]
        return chunk

    def _feed(self, text: str) -> list[Json]:
        text, self._held = self._held + text, ""
        made: list[Json] = []
        while text:
            mark = self._marks[self._inside]
            before, found, after = text.partition(mark)
            if not found:
                keep = _possible_start(before, mark)
                before, self._held = before[: len(before) - keep], before[len(before) - keep :]
            if self._trim and not self._inside:
                before = before.lstrip()
                self._trim = not before
            if before:
                made.append(self._delta(before))
            if found:
                self._inside = not self._inside
                self._trim = not self._inside
            text = after
        return made

    def _delta(self, text: str) -> Json:
        return {"reasoning_content" if self._inside else "content": text}


def _possible_start(text: str, mark: str) -> int:
    """How many characters at the end of `text` may be the start of `mark`."""
    return next((n for n in range(min(len(mark) - 1, len(text)), 0, -1) if mark.startswith(text[-n:])), 0)


def _text_chunk(like: Chunk, delta: Json) -> Chunk:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
    head = {name: value for name, value in like.items() if name not in ("choices", "usage", "bedrock")}
    return {**head, "choices": [choice]}
