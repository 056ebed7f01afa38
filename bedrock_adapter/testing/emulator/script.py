"""What a test tells the emulator to answer next, in place of its own answers."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from .refusals import BedrockError, refusal

Events = Sequence[tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class HttpError:
    """An error answer before any stream: ``HttpError("ThrottlingException", headers={"Retry-After": "1"})``."""

    error: str
    message: str = ""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def refusal(self) -> BedrockError:
        """As the server raises it; the message defaults to Bedrock's own for that exception."""
        message = self.message or _DEFAULT_MESSAGES.get(self.error, self.error)
        return BedrockError(self.error, message, status=self.status, headers=dict(self.headers))


_DEFAULT_MESSAGES = {
    row.error: row.message
    for row in map(refusal, ("throttled", "unavailable", "timed_out", "model_error", "no_access"))
}


@dataclass(frozen=True, slots=True)
class Broken:
    """A stream that goes wrong after ``after`` events.

    ``exception`` is the camelCase name of an exception frame (``throttlingException``), ``error`` the code of an error
    frame, ``truncate`` cuts the next frame in its middle; with none of them the stream closes cleanly, too early.
    """

    after: int = 2
    exception: str = ""
    error: str = ""
    truncate: bool = False
    message: str = "Too many requests, please wait before trying again."


@dataclass(frozen=True, slots=True)
class Plan:
    """One scripted answer: everything left out is the emulator's own."""

    response: Mapping[str, Any] | None = None
    events: Events | None = None
    failure: HttpError | None = None
    broken: Broken | None = None
    gate: threading.Event | None = None
    hold: threading.Event | None = None
    delay: float = 0.0
    raw: tuple[int, Mapping[str, str], bytes] | None = None
    operation: str = "*"
    model: str = "*"


class Script:
    """A queue of answers. Each plan is used once, by the first request that it fits, in the order of queueing.

    Requests are still checked: a refused request leaves the queue as it was.
    """

    def __init__(self) -> None:
        self._plans: deque[Plan] = deque()
        self._lock = threading.Lock()

    def next(
        self,
        answer: Mapping[str, Any] | Events | HttpError | Broken | None = None,
        *,
        times: int = 1,
        gate: threading.Event | None = None,
        hold: threading.Event | None = None,
        delay: float = 0.0,
        operation: str = "*",
        model: str = "*",
    ) -> None:
        """Queue an answer ``times`` times.

        ``answer``: a whole Converse response (a mapping; a stream cuts it into frames; for other operations the JSON
        body), a list of ``(event type, payload)``, an `HttpError`, a `Broken` stream, or None for the emulator's own
        answer. ``hold``: nothing at all is sent before this event. ``gate``: a stream waits for this event before
        every frame but the first. ``delay``: seconds between frames, cut short when the client leaves. ``operation``
        and ``model`` are globs on the operation's name and the model id as sent.
        """
        plan = Plan(gate=gate, hold=hold, delay=delay, operation=operation, model=model, **_content(answer))
        self._add([plan] * times)

    def throttle(self, times: int = 1, *, retry_after: str | None = None, operation: str = "*") -> None:
        """Queue 429 answers; what follows them is answered as usual."""
        headers = {"Retry-After": retry_after} if retry_after is not None else {}
        self.next(HttpError("ThrottlingException", headers=headers), times=times, operation=operation)

    def unavailable(self, times: int = 1, *, retry_after: str | None = None, operation: str = "*") -> None:
        """Queue 503 answers."""
        headers = {"Retry-After": retry_after} if retry_after is not None else {}
        self.next(HttpError("ServiceUnavailableException", headers=headers), times=times, operation=operation)

    def raw(
        self, status: int, headers: Mapping[str, str], body: bytes, *, operation: str = "*", model: str = "*"
    ) -> None:
        """Queue bytes to be sent as they are: malformed JSON, a proxy's HTML page, a recorded stream."""
        self._add([Plan(raw=(status, headers, body), operation=operation, model=model)])

    def clear(self) -> None:
        """Forget what is queued."""
        with self._lock:
            self._plans.clear()

    def __len__(self) -> int:
        return len(self._plans)

    def _add(self, plans: Iterable[Plan]) -> None:
        with self._lock:
            self._plans.extend(plans)

    def take(self, operation: str, model: str) -> Plan:
        """The plan for a request, removed from the queue; an empty plan if none fits."""
        with self._lock:
            for plan in self._plans:
                if fnmatchcase(operation, plan.operation) and fnmatchcase(model, plan.model):
                    self._plans.remove(plan)
                    return plan
        return Plan()


def _content(answer: Mapping[str, Any] | Events | HttpError | Broken | None) -> dict[str, Any]:
    if answer is None:
        return {}
    if isinstance(answer, HttpError):
        return {"failure": answer}
    if isinstance(answer, Broken):
        return {"broken": answer}
    if isinstance(answer, Mapping):
        return {"response": answer}
    return {"events": list(answer)}


def message(*content: Mapping[str, Any], stop_reason: str = "end_turn", **members: Any) -> dict[str, Any]:
    """A Converse response around some content blocks, for `Script.next`."""
    response: dict[str, Any] = {
        "output": {"message": {"role": "assistant", "content": list(content)}},
        "stopReason": stop_reason,
        "usage": {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15},
        "metrics": {"latencyMs": 1},
    }
    return {**response, **members}
