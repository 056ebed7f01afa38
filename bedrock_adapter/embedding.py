"""Embeddings: one request, one or many calls to Bedrock, one answer."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from bedrock_adapter.call import Call
from bedrock_adapter.errors import AdapterError, ServiceError
from bedrock_adapter.routes import EmbeddingDialect
from bedrock_adapter.types import Json
from bedrock_adapter.wire import WireRequest, WireResponse

Send = Callable[[WireRequest], Awaitable[WireResponse]]


async def embed(call: Call, send: Send, concurrency: int) -> tuple[Json, str]:
    """Make all calls, at most `concurrency` at a time, and join what they answer.

    Each answer is decoded when it comes, so that memory holds vectors, never the JSON of all answers.

    Returns:
        The OpenAI object without what response steps add, and the first call's request id.

    Raises:
        ServiceError: the first failure; the other calls are cancelled. Where there are several calls it names the inputs
            that the failed one carried.
    """
    requests = wire_requests(call)
    parts: list[Json] = [{}] * len(requests)
    request_ids = [""] * len(requests)
    waiting = iter(enumerate(requests))

    async def work() -> None:
        for index, request in waiting:
            try:
                response = await send(request)
                parts[index] = decode_part(call, request, response)
            except AdapterError as error:
                if len(requests) > 1:
                    _locate(error, request)
                raise
            request_ids[index] = response.headers.get("x-amzn-requestid", "")

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(requests))):
                group.create_task(work())
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return join(call, requests, parts), request_ids[0] if request_ids else ""


def wire_requests(call: Call) -> list[WireRequest]:
    """The calls that an encoded request means."""
    return list(_dialect(call).encode(call))


def decode_part(call: Call, request: WireRequest, response: WireResponse) -> Json:
    """What one answer holds: `{"data": [{"embedding": …}, …], "usage": {"prompt_tokens": N}}`.

    Raises:
        ServiceError: it has an unknown form, or not one vector for each input.
    """
    try:
        part = _dialect(call).decode(call, request, response)
        count = len(part["data"])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ServiceError(
            f"Bedrock's answer has an unknown form: {type(error).__name__}: {error}", status=502
        ) from error
    if request.inputs and count != len(request.inputs):
        raise ServiceError(f"Bedrock answered with {count} vectors for {len(request.inputs)} inputs", status=502)
    return part


def join(call: Call, requests: Iterable[WireRequest], parts: Iterable[Json]) -> Json:
    """One OpenAI object from the parts, vectors in the order of the client's inputs.

    `usage` is the sum; where a part has none it is left out, for a response step to estimate.
    """
    data: list[Json] = []
    counts: list[int | None] = []
    for request, part in zip(requests, parts, strict=True):
        positions = request.inputs or range(len(data), len(data) + len(part["data"]))
        for position, item in zip(positions, part["data"], strict=True):
            data.append({"object": "embedding", "index": position, **item})
        counts.append((part.get("usage") or {}).get("prompt_tokens"))
    data.sort(key=_index)
    answer: Json = {"object": "list", "model": call.route.model.answer, "data": data}
    if None not in counts:
        total = sum(count for count in counts if count is not None)
        answer["usage"] = {"prompt_tokens": total, "total_tokens": total}
    return answer


def _index(item: Json) -> Any:
    return item["index"]


def _dialect(call: Call) -> EmbeddingDialect:
    dialect = call.route.dialect
    assert isinstance(dialect, EmbeddingDialect)  # by Router._build
    return dialect


def _locate(error: AdapterError, request: WireRequest) -> None:
    """Say which inputs a failed call carried."""
    if where := said(request.inputs):
        error.message = f"{where}: {error.message}"
        error.args = (error.message,)


def said(inputs: Sequence[int]) -> str:
    """Positions in words: `input[3]`, `input[0] to input[95]`, or ""."""
    if not inputs:
        return ""
    first, last = inputs[0], inputs[-1]
    return f"input[{first}]" if first == last else f"input[{first}] to input[{last}]"
