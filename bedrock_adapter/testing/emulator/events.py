"""From a whole Converse response to the events of its stream.

Text and reasoning blocks get no ``contentBlockStart``; tool use, tool result and image blocks do. ``metadata`` comes last.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Event = tuple[str, dict[str, Any]]


def events(response: Mapping[str, Any], *, empty_leading_text: bool = False) -> list[Event]:
    """All events of a response: ``(event type, payload)`` in order."""
    content = list(response["output"]["message"]["content"])
    if empty_leading_text and content:
        content.insert(0, {"text": ""})
    made: list[Event] = [("messageStart", {"role": response["output"]["message"]["role"]})]
    for index, block in enumerate(content):
        made += [(kind, {**payload, "contentBlockIndex": index}) for kind, payload in _block(block)]
        made.append(("contentBlockStop", {"contentBlockIndex": index}))
    stop = {"stopReason": response["stopReason"]}
    if "additionalModelResponseFields" in response:
        stop["additionalModelResponseFields"] = response["additionalModelResponseFields"]
    made.append(("messageStop", stop))
    optional = ("trace", "performanceConfig", "serviceTier")
    metadata = {"usage": response["usage"], "metrics": response["metrics"]}
    made.append(("metadata", metadata | {key: response[key] for key in optional if key in response}))
    return made


def _block(block: Mapping[str, Any]) -> Iterator[Event]:
    kind = next(iter(block))
    makers: dict[str, Callable[[Any], Iterator[Event]]] = {
        "text": _text,
        "reasoningContent": _reasoning,
        "toolUse": _tool_use,
        "toolResult": _tool_result,
        "citationsContent": _citations,
        "image": _image,
    }
    maker = makers.get(kind)
    if maker is None:
        yield _start({kind: {}})
        yield _delta({kind: block[kind]})
    else:
        yield from maker(block[kind])


def _delta(delta: dict[str, Any]) -> Event:
    return "contentBlockDelta", {"delta": delta}


def _start(start: dict[str, Any]) -> Event:
    return "contentBlockStart", {"start": start}


def pieces(text: str, words: int = 3) -> list[str]:
    """Text cut after every few words; an empty text is one empty piece."""
    found = re.findall(r"\s*\S+", text)
    if not found:
        return [text]
    tail = text[len("".join(found)) :]
    cut = ["".join(found[at : at + words]) for at in range(0, len(found), words)]
    cut[-1] += tail
    return cut


def _text(text: str) -> Iterator[Event]:
    for piece in pieces(text):
        yield _delta({"text": piece})


def _reasoning(reasoning: Mapping[str, Any]) -> Iterator[Event]:
    if "redactedContent" in reasoning:
        yield _delta({"reasoningContent": {"redactedContent": reasoning["redactedContent"]}})
        return
    text = reasoning["reasoningText"]
    for piece in pieces(text["text"]):
        yield _delta({"reasoningContent": {"text": piece}})
    if "signature" in text:
        yield _delta({"reasoningContent": {"signature": text["signature"]}})


def _tool_use(tool_use: Mapping[str, Any]) -> Iterator[Event]:
    yield _start({"toolUse": {key: value for key, value in tool_use.items() if key != "input"}})
    yield _delta({"toolUse": {"input": ""}})
    if tool_use["input"]:
        text = json.dumps(tool_use["input"], ensure_ascii=False)
        for at in range(0, len(text), 7):
            yield _delta({"toolUse": {"input": text[at : at + 7]}})


def _tool_result(tool_result: Mapping[str, Any]) -> Iterator[Event]:
    yield _start({"toolResult": {key: value for key, value in tool_result.items() if key != "content"}})
    yield _delta({"toolResult": tool_result["content"]})


def _citations(citations: Mapping[str, Any]) -> Iterator[Event]:
    for citation in citations["citations"]:
        yield _delta({"citation": citation})
    for content in citations["content"]:
        yield from _text(content["text"])


def _image(image: Mapping[str, Any]) -> Iterator[Event]:
    yield _start({"image": {"format": image["format"]}})
    yield _delta({"image": {"source": image["source"]}})
