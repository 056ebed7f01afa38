"""The dialect `converse`: Bedrock's Converse and ConverseStream answers to OpenAI chunks.

Sources: Amazon Bedrock API reference, ConverseStreamOutput and ConverseResponse; OpenAI's `chat.completion.chunk`.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from bedrock_adapter import Call, ChatDialect, WireRequest, WireResponse, hookimpl, json_codec
from bedrock_adapter.errors import ModelFailedError
from bedrock_adapter.streaming import ChunkMaker
from bedrock_adapter.types import Chunk, Event, Json

_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
_COUNTED = ("messages", "system", "toolConfig", "additionalModelRequestFields")
# Kinds of ids whose last segment is a foundation model's id.
_NAMING = ("model", "foundation-model", "inference-profile")
_VERSIONED = re.compile(r"-v\d+$")
_MALFORMED = frozenset({"malformed_model_output", "malformed_tool_use"})
_TIERS = {"reserved": "scale"}  # OpenAI's word; the others are the same


@hookimpl
def bedrock_dialects() -> list[ChatDialect]:
    return [
        ChatDialect("converse", encode=encode, decode=decode, stream=lambda call: Translator(call).event, count=count)
    ]


def encode(call: Call) -> WireRequest:
    """The body that the steps have filled, as Converse or ConverseStream."""
    streams = call.stream and not call.unary and call.route.profile.conversation.streaming
    return WireRequest("ConverseStream" if streams else "Converse", call.model, call.body)


def count(call: Call) -> WireRequest:
    """The part of the body that is input, as CountTokens, which knows foundation models but no inference profiles."""
    model, body = call.route.model, call.body
    counted = {name: body[name] for name in _COUNTED if body.get(name)}
    if model.kind in _NAMING:
        base = model.wire.rpartition("/")[2].removeprefix(f"{model.geo}.")
    else:  # the catalogue's id lacks the revision, which such ids have after a version
        base = f"{model.base}:0" if _VERSIONED.search(model.base) else model.base
    return WireRequest("CountTokens", base, {"input": {"converse": counted}})


def decode(call: Call, response: WireResponse) -> list[Chunk]:
    """A Converse answer, told as the events of a stream and translated like one."""
    translate = Translator(call).event
    return [chunk for event in _events(_answer(response)) for chunk in translate(event)]


def _answer(response: WireResponse) -> Json:
    """The parsed answer. orjson makes floats of integers beyond 64 bits, which a tool's input must not become."""
    answer = response.json()
    content = answer.get("output", {}).get("message", {}).get("content") or ()
    if any(_has_long_integer(block["toolUse"].get("input")) for block in content if "toolUse" in block):
        answer = json.loads(response.content)
    return answer


def _has_long_integer(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_long_integer(item) for item in value.values())
    if isinstance(value, list):
        return any(_has_long_integer(item) for item in value)
    return isinstance(value, float) and abs(value) >= 2**63


def _events(answer: Json) -> Iterator[Event]:
    yield "messageStart", {"role": "assistant"}
    for index, block in enumerate(answer.get("output", {}).get("message", {}).get("content") or ()):
        yield from _block_events(index, block)
    stop = {"stopReason": answer["stopReason"]}
    if "additionalModelResponseFields" in answer:
        stop["additionalModelResponseFields"] = answer["additionalModelResponseFields"]
    yield "messageStop", stop
    yield "metadata", answer


def _block_events(index: int, block: Json) -> Iterator[Event]:
    place = {"contentBlockIndex": index}
    if tool := block.get("toolUse"):
        start = {name: value for name, value in tool.items() if name != "input"}
        yield "contentBlockStart", {**place, "start": {"toolUse": start}}
        yield (
            "contentBlockDelta",
            {**place, "delta": {"toolUse": {"input": json_codec.dumps(tool.get("input") or {}).decode()}}},
        )
    elif result := block.get("toolResult"):
        start = {name: value for name, value in result.items() if name != "content"}
        yield "contentBlockStart", {**place, "start": {"toolResult": start}}
        yield "contentBlockDelta", {**place, "delta": {"toolResult": result.get("content", [])}}
    elif reasoning := block.get("reasoningContent"):
        for delta in _reasoning_deltas(reasoning):
            yield "contentBlockDelta", {**place, "delta": {"reasoningContent": delta}}
    elif cited := block.get("citationsContent"):
        for part in cited.get("content") or ():
            yield "contentBlockDelta", {**place, "delta": {"text": part.get("text", "")}}
        for citation in cited.get("citations") or ():
            yield "contentBlockDelta", {**place, "delta": {"citation": citation}}
    elif image := block.get("image"):
        yield "contentBlockStart", {**place, "start": {"image": {"format": image.get("format")}}}
        yield "contentBlockDelta", {**place, "delta": {"image": image}}
    else:
        yield "contentBlockDelta", {**place, "delta": block}
    yield "contentBlockStop", place


def _reasoning_deltas(reasoning: Json) -> Iterator[Json]:
    if "redactedContent" in reasoning:
        yield {"redactedContent": reasoning["redactedContent"]}
    text = reasoning.get("reasoningText") or {}
    if text.get("text"):
        yield {"text": text["text"]}
    if text.get("signature"):
        yield {"signature": text["signature"]}


class Translator:
    """State of one answer. `event` gives the chunks of one event."""

    def __init__(self, call: Call) -> None:
        self._make = ChunkMaker(call.route.model.answer)
        self._started = False
        self._stopped = False  # nothing of the message follows `messageStop`
        self._length = 0  # characters of content so far: annotations point into it
        self._calls: dict[int, int] = {}  # contentBlockIndex -> index among the client's tool calls
        self._silent: set[int] = set()  # client tool blocks that had no input yet
        self._server: dict[int, Json] = {}  # blocks of tools that Bedrock ran itself
        self._begins: dict[int, int] = {}  # contentBlockIndex -> where its text begins in content
        self._cited: dict[int, list[Json]] = {}
        self._formats: dict[int, str] = {}
        self._handlers: dict[str, Callable[[Json], list[Chunk]]] = {
            "messageStart": lambda payload: [],
            "contentBlockStart": self._block_start,
            "contentBlockDelta": self._block_delta,
            "contentBlockStop": self._block_stop,
            "messageStop": self._message_stop,
            "metadata": self._metadata,
        }

    def event(self, event: Event) -> list[Chunk]:
        """Unknown events give nothing: Bedrock adds new ones."""
        handler = self._handlers.get(event[0])
        if handler is None or (self._stopped and event[0] != "metadata"):
            return []
        chunks = handler(event[1])
        if not self._started:
            self._started = True
            chunks.insert(0, self._make.delta({"role": "assistant", "content": ""}))
        return chunks

    def _block_start(self, payload: Json) -> list[Chunk]:
        start, block = payload.get("start") or {}, payload["contentBlockIndex"]
        tool = start.get("toolUse")
        if tool is None or tool.get("type") == "server_tool_use":
            if "image" in start:
                self._formats[block] = start["image"].get("format") or "png"
            elif tool or "toolResult" in start:
                self._server[block] = {**start, "input": "", "content": []}
            return []
        index = self._calls[block] = len(self._calls)
        self._silent.add(block)
        function = {"name": tool["name"], "arguments": ""}
        return [
            self._make.delta(
                {"tool_calls": [{"index": index, "id": tool["toolUseId"], "type": "function", "function": function}]}
            )
        ]

    def _block_delta(self, payload: Json) -> list[Chunk]:
        delta, block = payload.get("delta") or {}, payload["contentBlockIndex"]
        if text := delta.get("text"):
            self._begins.setdefault(block, self._length)
            self._length += len(text)
            return [self._make.delta({"content": text})]
        if "toolUse" in delta:
            return self._tool_input(block, delta["toolUse"].get("input") or "")
        if reasoning := delta.get("reasoningContent"):
            return self._reasoning(reasoning)
        if citation := delta.get("citation"):
            self._cited.setdefault(block, []).append(citation)
        elif "toolResult" in delta and block in self._server:
            self._server[block]["content"] += delta["toolResult"]
        elif image := delta.get("image"):
            return self._image(block, image)
        return []

    def _tool_input(self, block: int, fragment: str) -> list[Chunk]:
        if block in self._server:
            self._server[block]["input"] += fragment
            return []
        if not fragment or block not in self._calls:
            return []
        self._silent.discard(block)
        return [self._make.delta({"tool_calls": [{"index": self._calls[block], "function": {"arguments": fragment}}]})]

    def _reasoning(self, reasoning: Json) -> list[Chunk]:
        # `reasoning_content` is always there: LiteLLM drops chunks that carry nothing that it knows.
        if "redactedContent" in reasoning:
            blocks: list[Json] = [{"type": "redacted_thinking", "data": reasoning["redactedContent"]}]
            return [self._make.delta({"reasoning_content": "", "thinking_blocks": blocks})]
        text, signature = reasoning.get("text") or "", reasoning.get("signature")
        if not text and not signature:
            return []
        block = {"type": "thinking", "thinking": text, **({"signature": signature} if signature else {})}
        return [self._make.delta({"reasoning_content": text, "thinking_blocks": [block]})]

    def _image(self, block: int, image: Json) -> list[Chunk]:
        data = (image.get("source") or {}).get("bytes")
        if not data:
            return []
        if isinstance(data, bytes):
            data = base64.b64encode(data).decode()
        url = f"data:image/{self._formats.get(block, 'png')};base64,{data}"
        return [self._make.delta({"images": [{"type": "image_url", "image_url": {"url": url}}]})]

    def _block_stop(self, payload: Json) -> list[Chunk]:
        block = payload["contentBlockIndex"]
        if block in self._silent:  # a call without input: its arguments are still JSON
            return self._tool_input(block, "{}")
        if block in self._cited:
            return self._annotations(self._begins.get(block, self._length), self._cited.pop(block))
        return []

    def _annotations(self, begin: int, citations: list[Json]) -> list[Chunk]:
        """Citations of pages are OpenAI's annotations; Bedrock cites whole blocks. Those of documents are an extension."""
        annotations = []
        for citation in citations:
            web = (citation.get("location") or {}).get("web") or {}
            url = web.get("url") or citation.get("source")
            if isinstance(url, str) and url.startswith(("http://", "https://")):
                cited = {
                    "start_index": begin,
                    "end_index": self._length,
                    "title": citation.get("title") or "",
                    "url": url,
                }
                annotations.append({"type": "url_citation", "url_citation": cited})
        delta: Json = {"citations": citations}
        if annotations:
            delta["annotations"] = annotations
        return [self._make.delta(delta)]

    def _message_stop(self, payload: Json) -> list[Chunk]:
        self._stopped = True
        reason = payload["stopReason"]
        if reason in _MALFORMED:
            raise ModelFailedError(f"the model's output was malformed (stop reason {reason}); try again", code=reason)
        finish = _FINISH.get(reason, "stop")
        if self._calls and finish == "stop":
            finish = "tool_calls"
        elif finish == "tool_calls" and not self._calls:
            finish = "stop"
        extension: Json = {"stop_reason": reason}
        if fields := payload.get("additionalModelResponseFields"):
            extension["additional_model_response_fields"] = fields
        if self._server:
            extension["server_tools"] = list(self._server.values())
        silent = [chunk for block in sorted(self._silent) for chunk in self._tool_input(block, "{}")]
        return [*silent, self._make.finish(finish, bedrock=extension)]

    def _metadata(self, payload: Json) -> list[Chunk]:
        extension = {name: payload[name] for name in ("metrics", "trace") if payload.get(name)}
        if performance := payload.get("performanceConfig"):
            extension["performance_config"] = performance
        extra: Json = {"bedrock": extension}
        if tier := (payload.get("serviceTier") or {}).get("type"):
            extra["service_tier"] = _TIERS.get(tier, tier)
        return [self._make.usage(usage(payload.get("usage") or {}), **extra)]


def usage(counted: Json) -> Json:
    """OpenAI's usage. Bedrock's `inputTokens` leave out cached ones; OpenAI's `prompt_tokens` hold them."""
    read = counted.get("cacheReadInputTokens") or 0
    written = counted.get("cacheWriteInputTokens") or 0
    prompt = (counted.get("inputTokens") or 0) + read + written
    completion = counted.get("outputTokens") or 0
    answer: Json = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    details: dict[str, Any] = {"cached_tokens": read}
    if written:
        details["cache_write_tokens"] = written
    answer["prompt_tokens_details"] = details
    return answer
