"""BotoTransport: what is particular to a client of the user's, and the mapping of botocore's exceptions."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.exceptions as sdk
import pytest
from botocore.config import Config

from bedrock_adapter.errors import (
    AdapterError,
    ConfigError,
    CredentialsError,
    InvalidRequestError,
    ModelTimeoutError,
    StreamError,
    ThrottledError,
    TransportError,
)
from bedrock_adapter.transport import BotoTransport, Transport
from bedrock_adapter.transport.sdk_errors import sdk_error
from bedrock_adapter.wire import Target, WireRequest

from .conftest import collect

pytestmark = pytest.mark.usefixtures("environment")
HERE = Target()


@pytest.fixture
def client(environment: pytest.MonkeyPatch) -> Iterator[Any]:
    client = boto3.client("bedrock-runtime", "eu-west-1", config=Config(retries={"total_max_attempts": 1}))
    yield client
    client.close()


def test_it_is_a_transport(client: Any) -> None:
    assert isinstance(BotoTransport(client), Transport)


def test_another_services_client(client: Any) -> None:
    with pytest.raises(ConfigError, match="a bedrock client is needed, not one for bedrock-runtime"):
        BotoTransport(client, client)


async def test_what_the_client_decides(client: Any, converse: WireRequest) -> None:
    transport = BotoTransport(client)
    await transport.send(converse, Target(region="eu-west-1"))
    with pytest.raises(ConfigError, match="a target cannot"):
        await transport.send(converse, Target(region="us-east-1"))
    with pytest.raises(ConfigError, match="control_client"):
        await transport.send(WireRequest("ListFoundationModels"), HERE)
    await transport.aclose()


async def test_members_that_boto3_does_not_know(server: Any, client: Any) -> None:
    body = {"messages": [{"role": "user", "content": [{"text": "x"}]}], "novelty": 1}
    with pytest.raises(InvalidRequestError, match="novelty"):
        await BotoTransport(client).send(WireRequest("Converse", "m", body), HERE)
    assert server.requests == []


async def test_blob_that_is_no_base64(client: Any) -> None:
    content = [{"image": {"format": "png", "source": {"bytes": "***"}}}]
    request = WireRequest("Converse", "m", {"messages": [{"role": "user", "content": content}]})
    with pytest.raises(InvalidRequestError, match="not base64"):
        await BotoTransport(client).send(request, HERE)


async def test_abandoned_calls(server: Any, client: Any, converse: WireRequest, converse_stream: WireRequest) -> None:
    transport = BotoTransport(client)
    gate = threading.Event()
    server.default = lambda _: gate.wait(10) and type(server).ok()
    with pytest.raises(ModelTimeoutError, match=r"within 0\.05 seconds"):
        await transport.send(converse, HERE, timeout=0.05)
    gate.set()
    gate.clear()
    call = asyncio.ensure_future(transport.open_stream(converse_stream, HERE))
    server.arrived.clear()
    assert await asyncio.to_thread(server.arrived.wait, 10)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    gate.set()


async def test_stream_abandoned_while_opening_is_closed(server: Any, client: Any, converse_stream: WireRequest) -> None:
    gate = threading.Event()
    headers = {"Content-Type": "application/vnd.amazon.eventstream"}

    def late(_: Any) -> Any:
        assert gate.wait(10)
        reply = type(server).ok()
        reply.headers, reply.parts, reply.hold = headers, [server.frame("messageStart")], True
        return reply

    server.default = late
    call = asyncio.ensure_future(BotoTransport(client).open_stream(converse_stream, HERE))
    assert await asyncio.to_thread(server.arrived.wait, 10)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    gate.set()
    assert await asyncio.to_thread(server.left.wait, 10)


async def test_the_queue_is_bounded_and_the_loop_woken_seldom(
    server: Any, client: Any, converse_stream: WireRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bedrock_adapter.transport.boto_stream._QUEUED", 10)
    server.stream(server.frame("messageStart") * 500)
    stream = await BotoTransport(client).open_stream(converse_stream, HERE)
    sizes = []
    async for batch in stream:
        sizes.append(len(batch))
        assert len(stream._queue) <= 10
    assert sum(sizes) == 500
    assert max(sizes) <= 10


async def test_loop_is_free_during_a_call(server: Any, client: Any, converse: WireRequest) -> None:
    gate = threading.Event()
    server.default = lambda _: gate.wait(10) and type(server).ok()
    call = asyncio.ensure_future(BotoTransport(client).send(converse, HERE))
    assert await asyncio.to_thread(server.arrived.wait, 10)
    gate.set()  # only a running loop gets here
    assert (await call).status == 200


def test_damaged_stream(client: Any, server: Any, converse_stream: WireRequest) -> None:
    async def read() -> None:
        server.stream(server.frame("messageStart") + server.frame("messageStop")[:-4] + b"\0\0\0\0")
        stream = await BotoTransport(client).open_stream(converse_stream, HERE)
        found: list[Any] = []
        with pytest.raises(StreamError, match="hecksum"):
            await collect(stream, found)
        assert found == [("messageStart", {})]

    asyncio.run(read())


URL = "http://host/"
THROTTLED: Any = {"Error": {"Code": "ThrottlingException", "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": 429}}
EXCEPTIONS: list[Any] = [
    (sdk.ParamValidationError(report="bad"), InvalidRequestError, 400),
    (sdk.NoCredentialsError(), CredentialsError, 401),
    (sdk.PartialCredentialsError(provider="p", cred_var="v"), CredentialsError, 401),
    (sdk.CredentialRetrievalError(provider="p", error_msg="m"), CredentialsError, 401),
    (sdk.TokenRetrievalError(provider="p", error_msg="m"), CredentialsError, 401),
    (sdk.UnauthorizedSSOTokenError(), CredentialsError, 401),
    (sdk.SSOTokenLoadError(error_msg="m"), CredentialsError, 401),
    (sdk.ProfileNotFound(profile="p"), ConfigError, 500),
    (sdk.NoRegionError(), ConfigError, 500),
    (sdk.InvalidRegionError(region_name="!"), ConfigError, 500),
    (sdk.ConnectTimeoutError(endpoint_url=URL), TransportError, 504),
    (sdk.ReadTimeoutError(endpoint_url=URL), ModelTimeoutError, 504),
    (sdk.EndpointConnectionError(endpoint_url=URL), TransportError, 502),
    (sdk.ConnectionClosedError(endpoint_url=URL), TransportError, 502),
    (sdk.SSLError(endpoint_url=URL, error=OSError("e")), TransportError, 502),
    (sdk.ProxyConnectionError(proxy_url="http://user:pass@proxy"), TransportError, 502),
    (sdk.ResponseStreamingError(error="e"), StreamError, 502),
    (sdk.BotoCoreError(), TransportError, 502),
    (RuntimeError("odd"), TransportError, 502),
    (
        sdk.ClientError(THROTTLED, "Converse"),
        ThrottledError,
        429,
    ),
    (
        sdk.EventStreamError({"Error": {"Code": "throttlingException", "Message": "m"}}, "ConverseStream"),
        ThrottledError,
        429,
    ),
    (sdk.EventStreamError({"Error": {"Code": "novelException", "Message": "m"}}, "ConverseStream"), StreamError, 502),
    (sdk.ClientError({"Error": {"Code": "AccessDenied", "Message": "m"}}, "AssumeRole"), CredentialsError, 401),
]


@pytest.mark.parametrize(("exception", "kind", "status"), EXCEPTIONS, ids=lambda value: type(value).__name__)
def test_botocore_exceptions(exception: Exception, kind: type[AdapterError], status: int) -> None:
    error = sdk_error(exception)
    assert (type(error), error.status) == (kind, status)
    assert "pass@" not in error.message
    assert sdk_error(error) is error
