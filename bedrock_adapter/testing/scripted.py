"""A transport that answers from a script, and builders for what Bedrock answers. No server, no sockets."""

from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from bedrock_adapter import json_codec
from bedrock_adapter.eventstream import encode_frame
from bedrock_adapter.types import Event, Json
from bedrock_adapter.wire import Target, WireRequest, WireResponse

Scripted = Json | WireResponse | list[Event] | BaseException


def converse_response(
    *content: Json | str, stop_reason: str = "end_turn", usage: Mapping[str, int] | None = None, **members: Any
) -> Json:
    """A Converse answer. A string is a text block; `members` are further top-level members.

    >>> converse_response("Hello")["output"]["message"]["content"]
    [{'text': 'Hello'}]
    """
    counted = {"inputTokens": 7, "outputTokens": 5, **(usage or {})}
    counted["totalTokens"] = sum(value for name, value in counted.items() if name != "totalTokens")
    blocks = [{"text": block} if isinstance(block, str) else block for block in content]
    return {
        "metrics": {"latencyMs": 10},
        "output": {"message": {"content": blocks, "role": "assistant"}},
        "stopReason": stop_reason,
        "usage": counted,
        **members,
    }


def converse_events(
    *content: Json | str, stop_reason: str = "end_turn", usage: Mapping[str, int] | None = None
) -> list[Event]:
    """The events of a ConverseStream with these blocks; text and reasoning blocks have no `contentBlockStart`, as on the wire.

    A `toolUse` block's input may be a JSON object, or a list of string fragments.
    """
    answer = converse_response(*content, stop_reason=stop_reason, usage=usage)
    events: list[Event] = [("messageStart", {"role": "assistant"})]
    for index, block in enumerate(answer["output"]["message"]["content"]):
        events += _block_events(index, block)
    events.append(("messageStop", {"stopReason": stop_reason}))
    events.append(("metadata", {"metrics": answer["metrics"], "usage": answer["usage"]}))
    return events


def _block_events(index: int, block: Json) -> list[Event]:
    place = {"contentBlockIndex": index}
    events: list[Event] = []
    if tool := block.get("toolUse"):
        start = {name: value for name, value in tool.items() if name != "input"}
        events.append(("contentBlockStart", {**place, "start": {"toolUse": start}}))
        fragments = tool["input"] if isinstance(tool["input"], list) else [json_codec.dumps(tool["input"]).decode()]
        events += [("contentBlockDelta", {**place, "delta": {"toolUse": {"input": part}}}) for part in fragments]
    elif reasoning := block.get("reasoningContent"):
        text = reasoning.get("reasoningText", {})
        parts: list[Json] = [{name: text[name]} for name in ("text", "signature") if name in text]
        parts += [{"redactedContent": reasoning["redactedContent"]}] if "redactedContent" in reasoning else []
        events += [("contentBlockDelta", {**place, "delta": {"reasoningContent": part}}) for part in parts]
    else:
        events.append(("contentBlockDelta", {**place, "delta": block}))
    return [*events, ("contentBlockStop", place)]


def event_frames(events: Iterable[Event]) -> bytes:
    """Events as the bytes of a Bedrock event stream. A name that ends in `Exception` makes an exception frame."""
    frames = []
    for name, payload in events:
        if name.endswith("Exception"):
            kind = {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}
        else:
            kind = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
        frames.append(encode_frame(kind, json_codec.dumps(payload)))
    return b"".join(frames)


class ScriptedTransport:
    """Gives the scripted answers in order and keeps what was asked; the last answer is repeated.

    A dictionary is a JSON body, a list the events of a stream, an exception is raised.

    Attributes:
        requests: the requests sent, the newest last (bounded).
        targets: where they went.
        closed: how many streams were closed.
    """

    def __init__(self, *answers: Scripted) -> None:
        self._answers = deque(answers)
        self.requests: deque[WireRequest] = deque(maxlen=1000)
        self.targets: deque[Target] = deque(maxlen=1000)
        self.closed = 0

    def _next(self, request: WireRequest, target: Target) -> Any:
        self.requests.append(request)
        self.targets.append(target)
        answer = self._answers.popleft() if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def send(self, request: WireRequest, target: Target, timeout: float | None = None) -> WireResponse:
        answer = self._next(request, target)
        if isinstance(answer, WireResponse):
            return answer
        return WireResponse(200, {"x-amzn-requestid": "scripted"}, json_codec.dumps(answer))

    async def open_stream(self, request: WireRequest, target: Target, timeout: float | None = None) -> "ScriptedStream":
        return ScriptedStream(self, self._next(request, target))

    async def aclose(self) -> None:
        pass


class ScriptedStream:
    """A stream of scripted events, one a batch; an exception among them is raised in its place."""

    def __init__(self, transport: ScriptedTransport, events: list[Any]) -> None:
        self.headers: Mapping[str, str] = {"x-amzn-requestid": "scripted"}
        self._transport = transport
        self._events = iter(events)
        self._open = True

    async def __aiter__(self) -> AsyncIterator[list[Event]]:
        for event in self._events:
            if isinstance(event, BaseException):
                raise event
            yield [event]

    async def aclose(self) -> None:
        if self._open:
            self._open = False
            self._transport.closed += 1
