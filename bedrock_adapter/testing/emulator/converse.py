"""Converse, ConverseStream and CountTokens: check, then answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from . import frames, native, rules, shapes, tokens
from .answers import respond
from .events import Event, events
from .refusals import refusal
from .requests import Ask
from .script import Broken, Plan
from .state import State
from .targets import check_access, resolve


class Answer:
    """What an operation answers: a JSON body, or the frames of a stream. Computed only if no script replaces it."""

    streaming = False

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        self.headers = dict(headers or {})

    def response(self) -> Mapping[str, Any]:
        """The JSON body."""
        raise NotImplementedError

    def frames(self, plan: Plan) -> Iterator[bytes]:
        """The frames of a stream, in the order of sending."""
        raise NotImplementedError


class ConverseAnswer(Answer):
    """A Converse answer in either form."""

    def __init__(self, ask: Ask, state: State) -> None:
        super().__init__()
        self._ask, self._state = ask, state
        self.streaming = ask.streaming

    def response(self) -> Mapping[str, Any]:
        """The Converse response."""
        return respond(self._ask, self._state)

    def frames(self, plan: Plan) -> Iterator[bytes]:
        """The event stream, with the plan's answer and accident."""
        made: Iterable[tuple[str, Mapping[str, Any]]]
        if plan.events is not None:
            made = plan.events
        elif plan.response is not None:
            made = events(plan.response)
        else:
            made = self._own_events()
        encoded = (frames.event(kind, payload) for kind, payload in made)
        return encoded if plan.broken is None else broken(encoded, plan.broken)

    def _own_events(self) -> list[Event]:
        return events(self.response(), empty_leading_text=self._ask.family.empty_leading_text)


class JsonAnswer(Answer):
    """A JSON body at hand."""

    def __init__(self, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(headers)
        self._body = body

    def response(self) -> Mapping[str, Any]:
        """The body."""
        return self._body


def broken(encoded: Iterator[bytes], accident: Broken) -> Iterator[bytes]:
    """Frames up to the accident, and the accident."""
    for index, data in enumerate(encoded):
        if index < accident.after:
            yield data
        elif accident.truncate:
            yield data[: len(data) // 2]
            return
        else:
            break
    if accident.exception:
        yield frames.exception(accident.exception, accident.message)
    elif accident.error:
        yield frames.error(accident.error, accident.message)


def _ask(operation: str, model: str, body: dict[str, Any], state: State, *, on_demand: bool = True) -> Ask:
    target = resolve(model, state.arns, on_demand=on_demand)
    check_access(target, state.access)
    if target.model.embedding or not target.family.converse:
        raise refusal("no_converse")
    return Ask(operation, target, body)


def converse(operation: str, model: str, body: Any, state: State) -> Answer:
    """Converse."""
    shapes.check_body(operation, body, model)
    ask = _ask(operation, model, body, state)
    rules.check(ask)
    return ConverseAnswer(ask, state)


def converse_stream(operation: str, model: str, body: Any, state: State) -> Answer:
    """ConverseStream."""
    shapes.check_body(operation, body, model)
    ask = _ask(operation, model, body, state)
    if not ask.family.streaming:
        raise refusal("no_streaming")
    rules.check(ask)
    return ConverseAnswer(ask, state)


def count_tokens(operation: str, model: str, body: Any, state: State) -> Answer:
    """CountTokens: base ids of Claude models only."""
    shapes.check_body(operation, body, model)
    target = resolve(model, state.arns, on_demand=False)
    check_access(target, state.access)
    if not target.base or target.model.embedding or not target.family.count_tokens:
        raise refusal("count_tokens")
    given = body["input"]
    if "invokeModel" in given:
        return JsonAnswer({"inputTokens": native.count(target, given["invokeModel"]["body"])})
    ask = Ask(operation, target, given["converse"])
    rules.check(ask)
    return JsonAnswer({"inputTokens": tokens.of_request(ask)})
