"""InvokeModel and its stream: embeddings, and Claude's native bodies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import embeddings, native, shapes
from .converse import Answer, JsonAnswer
from .refusals import refusal
from .script import Plan
from .state import State
from .targets import Target, check_access, resolve


class NativeStream(Answer):
    """The stream of a native message."""

    streaming = True

    def __init__(self, whole: Mapping[str, Any]) -> None:
        super().__init__()
        self._whole = dict(whole)

    def frames(self, plan: Plan) -> Iterator[bytes]:
        """Chunk frames."""
        return native.stream({**self._whole, **(plan.response or {})})


def _resolve(operation: str, model: str, body: Any, state: State) -> Target:
    shapes.check_model_id(operation, model)
    target = resolve(model, state.arns)
    check_access(target, state.access)
    if not isinstance(body, dict):
        raise refusal("invoke_type", where="#: ", expected="JSONObject", found=type(body).__name__)
    return target


def _message(target: Target, body: dict[str, Any]) -> dict[str, Any]:
    if target.model.embedding:
        raise refusal("no_streaming")
    if not target.family.anthropic:
        raise refusal("not_emulated", model=target.model.id)
    native.check(body)
    return native.message(target, body)


def invoke(operation: str, model: str, body: Any, state: State) -> Answer:
    """InvokeModel."""
    target = _resolve(operation, model, body, state)
    if target.model.embedding:
        made, used = embeddings.embed(target.model.id, body)
        return JsonAnswer(made, _counts(used))
    whole = _message(target, body)
    return JsonAnswer(whole, _counts(whole["usage"]["input_tokens"], whole["usage"]["output_tokens"]))


def _counts(used: int, made: int | None = None) -> dict[str, str]:
    headers = {"x-amzn-bedrock-input-token-count": str(used), "x-amzn-bedrock-invocation-latency": "1"}
    return headers if made is None else {**headers, "x-amzn-bedrock-output-token-count": str(made)}


def invoke_stream(operation: str, model: str, body: Any, state: State) -> Answer:
    """InvokeModelWithResponseStream."""
    return NativeStream(_message(_resolve(operation, model, body, state), body))
