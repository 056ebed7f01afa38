"""Chunks: how they are made, filtered and folded. One path serves streams and unary answers.

A dialect turns Bedrock's answer into *full chunks*: role first, then content, one chunk with `finish_reason`, last one with
`usage` and no choices. Stream steps edit them; `fold` makes the unary answer; `visible` gives a stream what it asked for.
"""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from bedrock_adapter.call import Call
from bedrock_adapter.errors import AdapterError, PluginError, ServiceError, StreamTruncatedError
from bedrock_adapter.eventstream import EventDecoder
from bedrock_adapter.routes import ChatDialect, ChunkFunction, StreamStep
from bedrock_adapter.types import Chunk, Event, Json


class ChunkMaker:
    """Makes the chunks of one answer: all share id, creation time and model.

    Args:
        model: the name that the answer carries.
    """

    __slots__ = ("_head",)

    def __init__(self, model: str) -> None:
        self._head = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model,
        }

    def delta(self, delta: Json) -> Chunk:
        """A chunk with a `delta`."""
        return {**self._head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}]}

    def finish(self, reason: str, **extra: Any) -> Chunk:
        """The chunk with the finish reason (OpenAI's word); `extra` are top-level members."""
        choice = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": reason}
        return {**self._head, "choices": [choice], **extra}

    def usage(self, usage: Json, **extra: Any) -> Chunk:
        """The last chunk."""
        return {**self._head, "choices": [], "usage": usage, **extra}


def pipeline(call: Call) -> Callable[[list[Chunk]], list[Chunk]]:
    """The stream steps of a call as one function over a batch of chunks."""
    opened = [(step, function) for step in call.route.streams if (function := _opened(step, call)) is not None]
    if not opened:
        return lambda chunks: chunks
    return lambda chunks: _apply(opened, chunks)


def _opened(step: StreamStep, call: Call) -> ChunkFunction | None:
    try:
        return step.open(call)
    except AdapterError:
        raise
    except Exception as error:
        raise _failed(step, error) from error


def _failed(step: StreamStep, error: Exception) -> PluginError:
    return PluginError(f"plugin {step.plugin!r} failed in {step.name}: {type(error).__name__}: {error}")


def _apply(opened: list[tuple[StreamStep, ChunkFunction]], chunks: list[Chunk]) -> list[Chunk]:
    for step, function in opened:
        try:
            chunks = _edited(function, chunks)
        except AdapterError:
            raise
        except Exception as error:
            raise _failed(step, error) from error
    return chunks


def _edited(function: ChunkFunction, chunks: list[Chunk]) -> list[Chunk]:
    edited: list[Chunk] = []
    for chunk in chunks:
        result = function(chunk)
        if type(result) is list:
            edited += result
        elif isinstance(result, dict):
            edited.append(result)
        elif result is not None:
            raise TypeError(f"it returned {result!r}; wanted a chunk, a list of chunks or None")
    return edited


@contextmanager
def known_form() -> Iterator[None]:
    """Turns what a dialect trips over in Bedrock's answer into an error of Bedrock's, not ours."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        message = f"Bedrock's answer has an unknown form: {type(error).__name__}: {error}"
        raise ServiceError(message, status=502) from error


class StreamTranslator:
    """Events of one stream to full chunks, with stream steps applied. Only `messageStop` allows a finish chunk."""

    __slots__ = ("_finished", "_steps", "_translate")

    def __init__(self, call: Call) -> None:
        dialect = call.route.dialect
        if not isinstance(dialect, ChatDialect):  # routes are checked when they are built
            raise TypeError(f"{dialect!r} is no chat dialect")
        self._translate = dialect.stream(call)
        self._steps = pipeline(call)
        self._finished = False

    def feed(self, batch: Iterable[Event]) -> list[Chunk]:
        """The chunks that these events give.

        Raises:
            ServiceError: an event has an unknown form.
            PluginError: a stream step failed; it is named.
        """
        made: list[Chunk] = []
        with known_form():
            for event in batch:
                made += self._translate(event)
        for chunk in made:
            for choice in chunk["choices"]:
                self._finished = self._finished or bool(choice["finish_reason"])
        return self._steps(made)

    def close(self) -> None:
        """Say that the stream has ended.

        Raises:
            StreamTruncatedError: it ended without a finish; what was sent is not a complete answer.
        """
        if not self._finished:
            raise StreamTruncatedError("the stream from Bedrock ended before the message did; the answer is incomplete")


class StreamDecoder:
    """Bytes of a Bedrock event stream to the chunks that the client asked for, without I/O.

    >>> decoder = adapter.stream_decoder(encoded)      # doctest: +SKIP
    >>> for data in connection: send(decoder.feed(data))
    >>> decoder.close()
    """

    def __init__(self, call: Call) -> None:
        self._events = EventDecoder()
        self._translator = StreamTranslator(call)
        self._visible = visible(call)

    def feed(self, data: bytes) -> list[Chunk]:
        """Chunks of these bytes, cut anywhere.

        Raises:
            StreamError: a frame is damaged.
            ServiceError: the stream carries an exception. Chunks before it have been returned by an earlier call.
        """
        return self._visible(self._translator.feed(self._events.feed(data)))

    def close(self) -> None:
        """Say that no bytes follow.

        Raises:
            StreamTruncatedError: bytes are left over, or `messageStop` never came.
        """
        self._events.close()
        self._translator.close()


def visible(call: Call) -> Callable[[list[Chunk]], list[Chunk]]:
    """What the client sees of full chunks.

    With `stream_options.include_usage`: the usage chunk, and `usage: null` on the others; else neither.
    """
    options = call.request.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage"):
        return _with_usage
    return _without_usage


def _with_usage(chunks: list[Chunk]) -> list[Chunk]:
    for chunk in chunks:
        chunk.setdefault("usage", None)
    return chunks


def _without_usage(chunks: list[Chunk]) -> list[Chunk]:
    return [chunk if chunk["choices"] else _traced(chunk) for chunk in chunks if chunk["choices"] or _has_trace(chunk)]


def _has_trace(chunk: Chunk) -> bool:
    return "trace" in chunk.get("bedrock", ())


def _traced(chunk: Chunk) -> Chunk:
    """A guardrail's trace comes with the usage; a client that wants no usage gets it on a chunk that says nothing else."""
    told = {name: value for name, value in chunk.items() if name != "usage"}
    return {**told, "choices": [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": None}]}


def fold(chunks: Iterable[Chunk]) -> Json:
    """The `chat.completion` that full chunks add up to.

    Text is concatenated, tool calls are collected by index, thinking blocks by their signatures; other delta lists are
    extended, other values replaced, `bedrock` extensions merged.
    """
    message: Json = {"role": "assistant", "content": None, "refusal": None}
    answer: Json = {}
    finish: str | None = None
    for chunk in chunks:
        for name, value in chunk.items():
            if name == "bedrock":
                answer.setdefault("bedrock", {}).update(value)
            elif name != "choices" and value is not None:
                answer[name] = value
        for choice in chunk["choices"]:
            _fold_delta(message, choice["delta"])
            finish = choice.get("finish_reason") or finish
    if message["content"] is None and not message.get("tool_calls") and not message.get("function_call"):
        message["content"] = ""
    answer["object"] = "chat.completion"
    answer["choices"] = [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}]
    return answer


def _fold_delta(message: Json, delta: Json) -> None:
    for name, value in delta.items():
        if name in ("content", "reasoning_content", "refusal"):
            if value:
                message[name] = (message.get(name) or "") + value
        elif name == "tool_calls":
            for part in value:
                _fold_tool_call(message.setdefault("tool_calls", []), part)
        elif name == "thinking_blocks":
            for block in value:
                fold_thinking(message.setdefault("thinking_blocks", []), block)
        elif name == "function_call":
            _fold_function(message.setdefault("function_call", {"name": "", "arguments": ""}), value)
        elif isinstance(value, list):
            message[name] = [*message.get(name, []), *value]
        else:
            message[name] = value


def _fold_tool_call(calls: list[Json], part: Json) -> None:
    index = part["index"]
    while len(calls) <= index:
        calls.append({})
    call = calls[index]
    for name, value in part.items():
        if isinstance(value, dict):
            _fold_function(call.setdefault(name, {}), value)
        elif name != "index" and value is not None:
            call[name] = value


def _fold_function(function: Json, part: Json) -> None:
    for name, value in part.items():
        function[name] = function.get(name, "") + value if name in ("arguments", "input") else value


def fold_thinking(blocks: list[Json], block: Json) -> None:
    """Add a fragment of `thinking_blocks` to the blocks so far; a signature ends a block."""
    last = blocks[-1] if blocks else None
    if last is None or block["type"] != "thinking" or last["type"] != "thinking" or last.get("signature"):
        blocks.append(dict(block))
        return
    last["thinking"] += block.get("thinking", "")
    if block.get("signature"):
        last["signature"] = block["signature"]
