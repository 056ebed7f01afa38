"""The same cases over every transport: the same bytes to Bedrock, the same answers, events and errors from it."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from bedrock_adapter.errors import (
    ContextLengthError,
    ModelFailedError,
    ModelNotFoundError,
    ServiceError,
    ServiceUnavailableError,
    StreamError,
    ThrottledError,
    TransportError,
)
from bedrock_adapter.testing.emulator import BedrockEmulator
from bedrock_adapter.transport import BotoTransport, HttpTransport, Transport
from bedrock_adapter.wire import Target, WireRequest

from .conftest import collect

HERE = Target()
BLOB = b64encode(b"\x00\xff signed").decode()
IMAGE = {"image": {"format": "png", "source": {"bytes": BLOB}}}
REASONING = {"reasoningContent": {"redactedContent": BLOB}}


def boto_transport() -> BotoTransport:
    config = Config(retries={"total_max_attempts": 1})
    return BotoTransport(*(boto3.client(name, "eu-west-1", config=config) for name in ("bedrock-runtime", "bedrock")))


@pytest.fixture(params=["http", "boto"])
def transport(request: pytest.FixtureRequest) -> Iterator[Transport]:
    """Made for whatever the test's other fixtures point the environment at."""
    if "bedrock_emulator" not in request.fixturenames:
        request.getfixturevalue("environment")
    if request.param == "http":
        yield HttpTransport(retries=0)
        return
    given = boto_transport()
    yield given
    for client in given._clients.values():
        client.close()


def user(*content: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(content)}]}


CONVERSE_ANSWER = {
    "output": {"message": {"role": "assistant", "content": [REASONING, {"text": "é"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3},
    "metrics": {"latencyMs": 1},
    "additionalModelResponseFields": {"stop_sequence": None, "n": [1, {"bytes": "x"}]},
}
UNARY = [
    (
        WireRequest("Converse", "arn:aws:bedrock:eu-west-1:1:inference-profile/m", user(IMAGE, {"text": "hi"})),
        CONVERSE_ANSWER,
    ),
    (
        WireRequest(
            "Converse",
            "m",
            {**user({"text": "hi"}), "additionalModelRequestFields": {"a": [1, {"bytes": "raw"}], "b": None}},
        ),
        CONVERSE_ANSWER,
    ),
    (WireRequest("Converse", "m", {"messages": [{"role": "assistant", "content": [REASONING]}]}), CONVERSE_ANSWER),
    (WireRequest("InvokeModel", "m", {"inputText": "é"}), {"embedding": [0.25, -1], "unknown": {"x": None}}),
    (WireRequest("CountTokens", "m", {"input": {"converse": user(IMAGE)}}), {"inputTokens": 12}),
    (WireRequest("CountTokens", "m", {"input": {"invokeModel": {"body": BLOB}}}), {"inputTokens": 12}),
    (WireRequest("ListFoundationModels"), {"modelSummaries": [{"modelId": "a.b", "modelArn": "arn"}]}),
    (
        WireRequest("ListInferenceProfiles", query={"maxResults": "5", "type": "APPLICATION"}),
        {"inferenceProfileSummaries": []},
    ),
    (
        WireRequest("GetInferenceProfile", "arn:aws:bedrock:eu-west-1:1:application-inference-profile/p"),
        {"inferenceProfileName": "n", "models": [{"modelArn": "arn"}], "createdAt": "2026-01-02T03:04:05Z"},
    ),
]


@pytest.mark.parametrize(("request_", "answer"), UNARY, ids=lambda value: getattr(value, "operation", ""))
async def test_unary(server: Any, transport: Transport, request_: WireRequest, answer: Any) -> None:
    server.reply(
        body=json.dumps(answer).encode(), headers={"x-amzn-RequestId": "req-5", "Content-Type": "application/json"}
    )
    response = await transport.send(request_, HERE)
    (received,) = server.requests
    assert received.path == request_.path
    assert received.method == request_.method
    if request_.body is not None:
        assert received.json() == request_.body
        assert received.headers["content-type"] == "application/json"
    assert response.json() == answer
    assert (response.status, response.headers["x-amzn-requestid"]) == (200, "req-5")


async def test_headers_of_invoke_model(server: Any, transport: Transport) -> None:
    server.reply(body=b"{}", headers={"X-Amzn-Bedrock-Input-Token-Count": "7"})
    headers = {
        "X-Amzn-Bedrock-Trace": "ENABLED",
        "X-Amzn-Bedrock-GuardrailIdentifier": "g",
        "Accept": "application/json",
    }
    response = await transport.send(WireRequest("InvokeModel", "m", {}, headers=headers), HERE)
    for name, value in headers.items():
        assert server.requests[0].headers[name.lower()] == value
    assert response.headers["x-amzn-bedrock-input-token-count"] == "7"


REFUSALS = [
    (429, "ThrottlingException", "Too many requests", ThrottledError, None),
    (400, "ValidationException", "Input is too long for requested model.", ContextLengthError, "messages"),
    (400, "ValidationException", "The provided model identifier is invalid.", ModelNotFoundError, "model"),
    (429, "ModelNotReadyException", "Loading", ServiceUnavailableError, None),
    (424, "ModelErrorException", "It failed", ModelFailedError, None),
    (503, "ServiceUnavailableException", "Busy", ServiceUnavailableError, None),
]


@pytest.mark.parametrize(("status", "code", "message", "kind", "param"), REFUSALS, ids=[row[1] for row in REFUSALS])
@pytest.mark.parametrize("streaming", [False, True])
async def test_refusals(
    server: Any,
    transport: Transport,
    streaming: bool,
    status: int,
    code: str,
    message: str,
    kind: type[ServiceError],
    param: str,
) -> None:
    server.refuse(status, code, message, **{"Retry-After": "9"})
    operation = "ConverseStream" if streaming else "Converse"
    call: Callable[..., Any] = transport.open_stream if streaming else transport.send
    with pytest.raises(kind) as caught:
        await call(WireRequest(operation, "m", user({"text": "hi"})), HERE)
    error = caught.value
    assert (type(error), error.message, error.param, error.aws_code) == (kind, message, param, code)
    assert (error.request_id, error.retry_after) == ("req-1", 9.0)


EVENTS = [
    ("messageStart", {"role": "assistant"}),
    ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": {"redactedContent": BLOB}}}),
    ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": "é"}}),
    ("messageStop", {"stopReason": "end_turn", "additionalModelResponseFields": {"n": None}}),
]


async def test_stream(server: Any, transport: Transport, converse_stream: WireRequest) -> None:
    server.stream(b"".join(server.frame(*event) for event in EVENTS))
    stream = await transport.open_stream(converse_stream, HERE)
    assert stream.headers["x-amzn-requestid"] == "req-2"
    batches = [batch async for batch in stream]
    assert [event for batch in batches for event in batch] == EVENTS
    assert all(batches)
    await stream.aclose()
    await stream.aclose()
    assert [batch async for batch in stream] == []
    assert server.requests[0].path == converse_stream.path


@pytest.mark.parametrize("operation", ["Converse", "InvokeModel"])
async def test_answer_cut_short(server: Any, transport: Transport, operation: str) -> None:
    server.reply(parts=[b'{"a":'], cut=True)
    with pytest.raises((StreamError, TransportError)) as caught:
        await transport.send(WireRequest(operation, "m", user({"text": "hi"})), HERE)
    assert caught.value.status == 502


async def test_stream_of_chunks(server: Any, transport: Transport) -> None:
    server.stream(server.frame("chunk", {"bytes": BLOB}))
    stream = await transport.open_stream(WireRequest("InvokeModelWithResponseStream", "m", {"a": 1}), HERE)
    assert [batch async for batch in stream] == [[("chunk", {"bytes": BLOB})]]
    assert server.requests[0].json() == {"a": 1}


@pytest.mark.parametrize(
    ("name", "kind"),
    [("throttlingException", ThrottledError), ("modelStreamErrorException", ModelFailedError)],
)
async def test_exception_within_a_stream(
    server: Any, transport: Transport, converse_stream: WireRequest, name: str, kind: type[ServiceError]
) -> None:
    server.stream(b"".join(server.frame(*event) for event in EVENTS[:2]) + server.exception(name, "Said."))
    stream = await transport.open_stream(converse_stream, HERE)
    found: list[Any] = []
    with pytest.raises(kind, match=r"^Said\.$") as caught:
        await collect(stream, found)
    assert found == EVENTS[:2]
    assert caught.value.request_id == "req-2"
    await stream.aclose()


async def test_closing_closes_the_connection(server: Any, transport: Transport, converse_stream: WireRequest) -> None:
    server.stream(server.frame(*EVENTS[0]), hold=True)
    stream = await transport.open_stream(converse_stream, HERE)
    assert await anext(aiter(stream)) == EVENTS[:1]
    await stream.aclose()
    assert await asyncio.to_thread(server.left.wait, 10)
    server.left.clear()
    server.stream(server.frame(*EVENTS[0]), hold=True)
    stream = await transport.open_stream(converse_stream, HERE)
    assert await anext(aiter(stream)) == EVENTS[:1]
    reading = asyncio.ensure_future(anext(aiter(stream)))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert await asyncio.to_thread(server.left.wait, 10)


async def test_emulated_conversation(bedrock_emulator: BedrockEmulator, transport: Transport) -> None:
    """Against the strict emulator, which checks requests as Bedrock does."""
    model = "amazon.nova-lite-v1:0"
    unary = await transport.send(WireRequest("Converse", model, user({"text": "Hi"})), HERE)
    text = unary.json()["output"]["message"]["content"][0]["text"]
    stream = await transport.open_stream(WireRequest("ConverseStream", model, user({"text": "Hi"})), HERE)
    events: list[Any] = []
    await collect(stream, events)
    assert "".join(payload["delta"]["text"] for name, payload in events if name == "contentBlockDelta") == text
    assert events[-1][0] == "metadata"
    with pytest.raises(ModelNotFoundError):
        await transport.send(WireRequest("Converse", "no.such-model", user({"text": "Hi"})), HERE)
    assert len(bedrock_emulator.requests) == 3
