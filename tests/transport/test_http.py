"""HttpTransport: requests as sent, answers, streams, failures, limits."""

import asyncio
import hashlib
import hmac
import threading
from typing import Any
from urllib.parse import quote

import pytest

from bedrock_adapter.errors import (
    CredentialsError,
    InvalidRequestError,
    ModelTimeoutError,
    StreamTruncatedError,
    ThrottledError,
    TransportError,
)
from bedrock_adapter.transport import Timeouts, Transport
from bedrock_adapter.transport.http import HttpTransport
from bedrock_adapter.wire import Target, WireRequest

from .conftest import collect

pytestmark = pytest.mark.usefixtures("environment")
HERE = Target()


def signature(received: Any, secret: str) -> str:
    """SigV4 from the specification, without botocore."""
    scope, names = (
        received.headers["authorization"].split(f"{key}=")[1].split(",")[0] for key in ("Credential", "SignedHeaders")
    )
    _, day, region, service, _ = scope.split("/")
    path, _, query = received.path.partition("?")
    canonical = "\n".join(
        (
            received.method, quote(path, safe="/~"), "&".join(sorted(query.split("&"))) if query else "",
            *(f"{name}:{received.headers[name]}" for name in names.split(";")), "", names,
            hashlib.sha256(received.body).hexdigest(),
        )
    )  # fmt: skip
    text = "\n".join(
        (
            "AWS4-HMAC-SHA256", received.headers["x-amz-date"], f"{day}/{region}/{service}/aws4_request",
            hashlib.sha256(canonical.encode()).hexdigest(),
        )
    )  # fmt: skip
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request", text):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


def test_it_is_a_transport() -> None:
    assert isinstance(HttpTransport(), Transport)


async def test_unary(server: Any, converse: WireRequest) -> None:
    server.reply(body=b'{"output":{}}', headers={"x-amzn-RequestId": "req-7", "Content-Type": "application/json"})
    response = await HttpTransport().send(converse, HERE)
    assert (response.status, response.json()) == (200, {"output": {}})
    assert response.headers["x-amzn-requestid"] == "req-7"
    (received,) = server.requests
    assert received.method == "POST"
    assert received.path == "/model/m%3A0/converse"
    assert received.json() == converse.body
    assert received.headers["content-type"] == "application/json"
    assert received.headers["accept-encoding"] == "identity"
    assert "/eu-west-1/bedrock/aws4_request" in received.headers["authorization"]


@pytest.mark.parametrize(
    "request_",
    [
        WireRequest("Converse", "arn:aws:bedrock:us-east-1:1:application-inference-profile/a b", {"messages": []}),
        WireRequest("InvokeModel", "m", {"a": "é"}, headers={"X-Amzn-Bedrock-Trace": "ENABLED"}),
        WireRequest("ListInferenceProfiles", query={"maxResults": "1000", "nextToken": "a/b+c="}),
        WireRequest("GetInferenceProfile", "arn:aws:bedrock:us-east-1:1:inference-profile/us.m"),
    ],
)
async def test_signature_as_specified(server: Any, request_: WireRequest) -> None:
    await HttpTransport().send(request_, HERE)
    (received,) = server.requests
    assert received.path == request_.path
    for name, value in request_.headers.items():
        assert received.headers[name.lower()] == value
        assert name.lower() in received.headers["authorization"]
    assert received.headers["authorization"].endswith(f"Signature={signature(received, 'secret')}")


async def test_header_that_cannot_be_sent(server: Any) -> None:
    with pytest.raises(InvalidRequestError, match="cannot be sent"):
        await HttpTransport().send(
            WireRequest("InvokeModel", "m", {}, headers={"X-Amzn-Bedrock-Trace": "a\r\nb"}), HERE
        )
    assert server.requests == []


async def test_large_body(server: Any) -> None:
    body = {"messages": ["x" * 3_000_000]}
    await HttpTransport().send(WireRequest("Converse", "m", body), HERE)
    assert server.requests[0].json() == body
    assert server.requests[0].headers["authorization"].endswith(signature(server.requests[0], "secret"))


async def test_connections_are_reused(server: Any, converse: WireRequest) -> None:
    transport = HttpTransport(retries=0)
    for _ in range(3):
        await transport.send(converse, HERE)
    server.refuse(400, "ValidationException")
    with pytest.raises(InvalidRequestError):
        await transport.send(converse, HERE)
    await transport.send(converse, HERE)
    assert len(server.connections) == 1


async def test_refusal(server: Any, converse: WireRequest, converse_stream: WireRequest) -> None:
    transport = HttpTransport(retries=0)
    server.refuse(429, "ThrottlingException", "Too many requests", **{"Retry-After": "7"})
    with pytest.raises(ThrottledError, match=r"^Too many requests$") as caught:
        await transport.send(converse, HERE)
    assert (caught.value.retry_after, caught.value.request_id) == (7.0, "req-1")
    server.refuse(400, "ValidationException")
    with pytest.raises(InvalidRequestError):
        await transport.open_stream(converse_stream, HERE)


async def test_refusal_with_a_broken_body(server: Any, converse: WireRequest) -> None:
    server.reply(429, headers={"x-amzn-ErrorType": "ThrottlingException"}, parts=[b'{"mess'], cut=True)
    with pytest.raises(ThrottledError):
        await HttpTransport(retries=0).send(converse, HERE)


async def test_stream(server: Any, converse_stream: WireRequest) -> None:
    gate = threading.Event()
    first, rest = (
        server.frame("messageStart", {"role": "assistant"}),
        server.frame("messageStop", {"stopReason": "end_turn"}),
    )
    server.stream(first[:40], first[40:], gate, rest + server.frame("metadata"))
    stream = await HttpTransport().open_stream(converse_stream, HERE)
    assert stream.headers["x-amzn-requestid"] == "req-2"
    batches = aiter(stream)
    assert await anext(batches) == [("messageStart", {"role": "assistant"})]
    gate.set()
    assert await anext(batches) == [("messageStop", {"stopReason": "end_turn"}), ("metadata", {})]
    with pytest.raises(StopAsyncIteration):
        await anext(batches)
    with pytest.raises(StopAsyncIteration):
        await anext(batches)
    await stream.aclose()
    await stream.aclose()


async def test_exception_within_a_stream_comes_last(server: Any, converse_stream: WireRequest) -> None:
    server.stream(server.frame("messageStart") + server.exception("throttlingException", "Slow down"))
    stream = await HttpTransport().open_stream(converse_stream, HERE)
    assert await anext(aiter(stream)) == [("messageStart", {})]
    with pytest.raises(ThrottledError, match="Slow down") as caught:
        await anext(aiter(stream))
    assert caught.value.request_id == "req-2"


@pytest.mark.parametrize("cut", [True, False])
async def test_stream_that_ends_within_a_frame(server: Any, converse_stream: WireRequest, cut: bool) -> None:
    server.stream(server.frame("messageStart") + server.frame("contentBlockDelta")[:30], cut=cut)
    stream = await HttpTransport().open_stream(converse_stream, HERE)
    found: list[Any] = []
    with pytest.raises(StreamTruncatedError) as caught:
        await collect(stream, found)
    assert found == [("messageStart", {})]
    assert caught.value.request_id == "req-2"


async def test_what_came_before_a_cut_is_not_lost(server: Any, converse_stream: WireRequest) -> None:
    """Even if the connection breaks before anybody has read."""
    server.stream(server.frame("messageStart") + server.exception("throttlingException", "Slow down"), cut=True)
    stream = await HttpTransport().open_stream(converse_stream, HERE)
    while stream._response.content.exception() is None:  # noqa: ASYNC110 - aiohttp has no event for this
        await asyncio.sleep(0)
    assert await anext(aiter(stream)) == [("messageStart", {})]
    with pytest.raises(ThrottledError):
        await anext(aiter(stream))


async def test_answer_cut_short(server: Any, converse: WireRequest) -> None:
    server.reply(headers={"x-amzn-RequestId": "req-3"}, parts=[b'{"a":'], cut=True)
    with pytest.raises(StreamTruncatedError) as caught:
        await HttpTransport().send(converse, HERE)
    assert caught.value.request_id == "req-3"
    assert len(server.requests) == 1


async def test_no_event_stream(server: Any, converse_stream: WireRequest) -> None:
    server.reply(body=b"<html>Log in</html>", headers={"Content-Type": "text/html"})
    with pytest.raises(TransportError, match="text/html instead of an event stream"):
        await HttpTransport().open_stream(converse_stream, HERE)


async def test_redirect_is_not_followed(server: Any, converse: WireRequest) -> None:
    server.reply(302, headers={"Location": "/elsewhere"})
    with pytest.raises(TransportError, match="HTTP 302"):
        await HttpTransport(retries=0).send(converse, HERE)
    assert len(server.requests) == 1


async def test_too_large_an_answer(server: Any, converse: WireRequest) -> None:
    server.reply(body=b'"' + b"x" * 5000 + b'"')
    with pytest.raises(TransportError, match="larger than 1000 bytes"):
        await HttpTransport(max_body=1000).send(converse, HERE)


async def test_no_first_byte(server: Any, converse: WireRequest, converse_stream: WireRequest) -> None:
    gate = threading.Event()
    server.default = lambda _: gate.wait(20) and None  # hangs up without an answer
    transport = HttpTransport(retries=0)
    with pytest.raises(ModelTimeoutError, match=r"within 0\.05 seconds") as caught:
        await transport.send(converse, HERE, timeout=0.05)
    assert caught.value.headers()["x-should-retry"] == "false"
    with pytest.raises(ModelTimeoutError):
        await HttpTransport(timeouts=Timeouts(first_byte=0.05)).open_stream(converse_stream, HERE)
    gate.set()


async def test_timeout_is_over_with_the_first_byte(
    server: Any, converse: WireRequest, converse_stream: WireRequest
) -> None:
    gate = threading.Event()
    server.reply()
    server.stream(server.frame("messageStart"), gate, server.frame("messageStop"))
    transport = HttpTransport()
    await transport.send(converse, HERE)
    stream = await transport.open_stream(converse_stream, HERE, timeout=1)
    assert await anext(aiter(stream))
    asyncio.get_running_loop().call_later(1.1, gate.set)
    found: list[Any] = []
    await collect(stream, found)
    assert found == [("messageStop", {})]


async def test_silence(server: Any, converse: WireRequest, converse_stream: WireRequest) -> None:
    transport = HttpTransport(timeouts=Timeouts(idle=0.3))
    server.stream(server.frame("messageStart"), hold=True)
    stream = await transport.open_stream(converse_stream, HERE)
    assert await anext(aiter(stream)) == [("messageStart", {})]
    with pytest.raises(ModelTimeoutError, match=r"nothing for 0\.3 seconds"):
        await anext(aiter(stream))
    assert await asyncio.to_thread(server.left.wait, 10)
    server.reply(parts=[b"{"], hold=True)
    with pytest.raises(ModelTimeoutError):
        await transport.send(converse, HERE)


async def test_silence_before_the_first_event(server: Any, converse_stream: WireRequest) -> None:
    """The headers are no first byte: a model may think for an hour after them."""
    transport = HttpTransport(timeouts=Timeouts(idle=0.1, first_byte=0.6))
    server.stream(server.frame("messageStart")[:9], hold=True)
    stream = await transport.open_stream(converse_stream, HERE)
    with pytest.raises(ModelTimeoutError, match=r"nothing for 0\.6 seconds"):
        await anext(aiter(stream))


async def test_cancelled_stream_closes_the_connection(server: Any, converse_stream: WireRequest) -> None:
    server.stream(server.frame("messageStart"), hold=True)
    stream = await HttpTransport().open_stream(converse_stream, HERE)
    assert await anext(aiter(stream))
    reading = asyncio.ensure_future(anext(aiter(stream)))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert await asyncio.to_thread(server.left.wait, 10)


async def test_closed_stream_closes_the_connection(server: Any, converse_stream: WireRequest) -> None:
    server.stream(server.frame("messageStart"), hold=True)
    stream = await HttpTransport().open_stream(converse_stream, HERE)
    assert await anext(aiter(stream))
    await stream.aclose()
    assert await asyncio.to_thread(server.left.wait, 10)
    with pytest.raises(StopAsyncIteration):
        await anext(aiter(stream))
    await stream.aclose()


async def test_closing_the_transport_ends_its_streams(server: Any, converse_stream: WireRequest) -> None:
    transport = HttpTransport()
    server.stream(server.frame("messageStart"), hold=True)
    stream = await transport.open_stream(converse_stream, HERE)
    assert await anext(aiter(stream))
    reading = asyncio.ensure_future(anext(aiter(stream)))
    await asyncio.sleep(0)
    await transport.aclose()
    with pytest.raises(StreamTruncatedError):
        await reading
    assert await asyncio.to_thread(server.left.wait, 10)


async def test_cancelled_call_closes_the_connection(server: Any, converse: WireRequest) -> None:
    server.reply(parts=[b"{"], hold=True)
    call = asyncio.ensure_future(HttpTransport().send(converse, HERE))
    assert await asyncio.to_thread(server.arrived.wait, 10)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await asyncio.to_thread(server.left.wait, 10)


async def test_nobody_listens(environment: pytest.MonkeyPatch, converse: WireRequest) -> None:
    environment.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://127.0.0.1:1")
    with pytest.raises(TransportError, match="no connection to Bedrock") as caught:
        await HttpTransport(retries=0).send(converse, HERE)
    assert caught.value.status == 502


async def test_refused_credentials_are_read_anew(
    server: Any, environment: pytest.MonkeyPatch, converse: WireRequest
) -> None:
    transport = HttpTransport()
    server.refuse(403, "ExpiredTokenException", "The security token included in the request is expired")
    with pytest.raises(CredentialsError):
        await transport.send(converse, HERE)
    environment.setenv("AWS_ACCESS_KEY_ID", "AKIDRENEWED")
    await transport.send(converse, HERE)
    assert "AKIDRENEWED" in server.requests[1].headers["authorization"]


async def test_targets_share_nothing(server: Any, converse: WireRequest) -> None:
    transport = HttpTransport(default_target=Target(region="us-west-2"))
    one = Target(access_key="AKIDONE", secret_key="one")
    two = Target(access_key="AKIDTWO", secret_key="two", region="us-east-1")
    for target in (one, two, HERE):
        await transport.send(converse, target)
    found = [received.headers["authorization"].split("/aws4")[0].split("=")[1] for received in server.requests]
    assert [(scope.split("/")[0], scope.split("/")[2]) for scope in found] == [
        ("AKIDONE", "us-west-2"),
        ("AKIDTWO", "us-east-1"),
        ("AKIDEXAMPLE", "us-west-2"),
    ]
    for received, secret in zip(server.requests, ("one", "two", "secret"), strict=True):
        assert received.headers["authorization"].endswith(signature(received, secret))
