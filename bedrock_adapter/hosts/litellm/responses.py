"""Our answers as LiteLLM's objects.

What LiteLLM's stream wrapper demands of a provider, and loses otherwise: the role on the first chunk, one tool call per chunk,
nothing of worth on or after the chunk with the finish reason, usage in a chunk of its own before it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from litellm.types.utils import EmbeddingResponse, ModelResponse, ModelResponseStream, Usage

from bedrock_adapter.call import Note
from bedrock_adapter.hosts.notes import HEADER, notes_header
from bedrock_adapter.types import Chunk, Json

_HEAD = frozenset({"id", "object", "created", "model", "choices"})
_PREFIX = "llm_provider-"
"""LiteLLM's prefix for headers of a provider."""


def model_response(body: Json, notes: Sequence[Note], request_id: str) -> Any:
    """A `chat.completion` as `ModelResponse`."""
    response = ModelResponse(**{**body, "usage": usage(body.get("usage") or {})})
    _add_headers(response, notes, request_id)
    return response


def embedding_response(body: Json, notes: Sequence[Note], request_id: str) -> Any:
    """An embedding list as `EmbeddingResponse`; vectors stay numbers or base64, as asked for."""
    response = EmbeddingResponse(model=body["model"], data=body["data"], object="list", usage=Usage(**body["usage"]))
    _add_headers(response, notes, request_id)
    return response


def usage(counted: Json) -> Json:
    """OpenAI's usage with LiteLLM's members added: it prices cached tokens by names of its own."""
    details = counted.get("prompt_tokens_details") or {}
    names = {"cached_tokens": "cache_read_input_tokens", "cache_write_tokens": "cache_creation_input_tokens"}
    return {**counted, **{theirs: details[ours] for ours, theirs in names.items() if details.get(ours)}}


def _add_headers(response: Any, notes: Sequence[Note], request_id: str) -> None:
    headers: dict[str, str] = {}
    if request_id:
        headers[f"{_PREFIX}x-amzn-requestid"] = request_id
    if notes:
        headers[_PREFIX + HEADER] = notes_header(notes)
    if headers:
        response._hidden_params["additional_headers"] = headers  # noqa: SLF001 - the only place that LiteLLM reads


class StreamTranslator:
    """Full chunks of one stream to the chunks that LiteLLM keeps whole.

    Args:
        notes: notes of the call; they ride on the first chunk.
    """

    def __init__(self, notes: Sequence[Note]) -> None:
        self._notes = notes
        self._started = False
        self._finish: Chunk | None = None
        self._last: Json = {}  # what chunks carry beside choices: `bedrock`, `service_tier`, `usage`

    def feed(self, chunks: Iterable[Chunk]) -> list[Any]:
        """What can be sent now; the end of the answer is kept for `close`."""
        made: list[Any] = []
        for chunk in chunks:
            self._keep(chunk)
            if chunk["choices"] and chunk["choices"][0]["delta"]:
                made += [ModelResponseStream(**part) for part in self._parts(chunk)]
        return made

    def close(self) -> list[Any]:
        """The last chunks: extensions, usage, finish."""
        if self._finish is None:  # the core raises before it comes to this
            return []
        head = {name: self._finish[name] for name in ("id", "created", "model")}
        counted = self._last.pop("usage", None)
        made = []
        if self._last:
            delta = {"provider_specific_fields": dict(self._last)}
            made.append(ModelResponseStream(**head, choices=[_choice(delta)], **self._last))
        if counted:
            made.append(ModelResponseStream(**head, choices=[_choice({})], usage=usage(counted)))
        reason = self._finish["choices"][0]["finish_reason"]
        made.append(ModelResponseStream(**head, choices=[_choice({}, reason)]))
        return made

    def _keep(self, chunk: Chunk) -> None:
        if chunk["choices"] and chunk["choices"][0]["finish_reason"]:
            self._finish = chunk
        for name, value in chunk.items():
            if name == "bedrock":
                self._last["bedrock"] = {**self._last.get("bedrock", {}), **value}
            elif name not in _HEAD and value is not None:
                self._last[name] = value

    def _parts(self, chunk: Chunk) -> list[Json]:
        head = {name: chunk[name] for name in ("id", "created", "model")}
        delta = chunk["choices"][0]["delta"]
        if not self._started:
            self._started = True
            delta = {"role": "assistant", **delta}
            if self._notes:
                delta["provider_specific_fields"] = {HEADER: [note._asdict() for note in self._notes]}
        calls = list(delta.get("tool_calls") or ())
        if len(calls) < 2:
            return [{**head, "choices": [_choice(delta)]}]
        first = {**delta, "tool_calls": [calls[0]]}
        return [
            {**head, "choices": [_choice(part)]} for part in (first, *({"tool_calls": [call]} for call in calls[1:]))
        ]


def _choice(delta: Json, reason: str | None = None) -> Json:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
