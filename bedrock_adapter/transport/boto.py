"""A user's own boto3 client as a transport."""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from bedrock_adapter import json_codec
from bedrock_adapter.errors import ConfigError, ModelTimeoutError
from bedrock_adapter.transport.boto_shapes import arguments, to_wire
from bedrock_adapter.transport.boto_stream import BotoStream
from bedrock_adapter.transport.flight import Flight, landed
from bedrock_adapter.transport.sdk_errors import sdk_error
from bedrock_adapter.wire import Target, WireRequest, WireResponse

T = TypeVar("T")


class BotoTransport:
    """Sends requests by a boto3 client, each in a thread.

    Credentials, region, endpoint, retries and timeouts are the client's; set its `read_timeout` to an hour for long
    answers and `retries={"total_max_attempts": 1}` where callers retry. A target that names anything else is refused.

    boto3's parser knows only the members of its own service model: whatever Bedrock adds later is lost until boto3 is
    updated, unknown request members are refused, and a stream that is cut ends without an error of its own.
    """

    def __init__(self, client: Any, control_client: Any = None) -> None:
        """
        Args:
            client: a boto3 (or botocore) `bedrock-runtime` client.
            control_client: a `bedrock` client, for model lists and ARN look-ups.

        Raises:
            ConfigError: a client is for another service.
        """
        self._clients = {"bedrock-runtime": client, "bedrock": control_client}
        for service, given in self._clients.items():
            if given is not None and given.meta.service_model.service_name != service:
                raise ConfigError(f"a {service} client is needed, not one for {given.meta.service_model.service_name}")

    async def send(self, request: WireRequest, target: Target, timeout: float | None = None) -> WireResponse:
        """See `Transport.send`. After a timeout the call goes on in its thread until the client's own timeout."""
        client = self._client(request, target)
        return await _in_thread(functools.partial(_call, client, request), timeout, _ignore)

    async def open_stream(self, request: WireRequest, target: Target, timeout: float | None = None) -> BotoStream:
        """See `Transport.open_stream`."""
        client = self._client(request, target)
        response = await _in_thread(functools.partial(_invoke, client, request), timeout, _discard)
        shape = _operation(client, request).output_shape
        name = shape.event_stream_name
        return BotoStream(response[name], shape.members[name], response["ResponseMetadata"]["HTTPHeaders"])

    async def aclose(self) -> None:
        """Does nothing: the clients are the caller's."""

    def _client(self, request: WireRequest, target: Target) -> Any:
        client = self._clients[request.service]
        if client is None:
            raise ConfigError(f"{request.operation} needs a bedrock client: BotoTransport(client, control_client=…)")
        if target not in (Target(), Target(region=client.meta.region_name)):
            raise ConfigError("the boto3 client given decides on region, endpoint and credentials; a target cannot")
        return client


def _operation(client: Any, request: WireRequest) -> Any:
    return client.meta.service_model.operation_model(request.operation)


def _invoke(client: Any, request: WireRequest) -> Any:
    methods = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}
    given = arguments(request, _operation(client, request))
    try:
        return getattr(client, methods[request.operation])(**given)
    except Exception as error:
        raise sdk_error(error) from error


def _call(client: Any, request: WireRequest) -> WireResponse:
    response = _invoke(client, request)
    meta = response.pop("ResponseMetadata")
    shape = _operation(client, request).output_shape
    payload = shape.serialization.get("payload")
    try:
        if payload is not None:
            content = response[payload].read()
            response[payload].close()
        else:
            content = json_codec.dumps(to_wire(response, shape))
    except Exception as error:
        raise sdk_error(error) from error
    return WireResponse(meta["HTTPStatusCode"], meta["HTTPHeaders"], content)


async def _in_thread(work: Callable[[], T], limit: float | None, discard: Callable[["Future[T]"], None]) -> T:
    """The result of `work`, within `limit` seconds; a result that comes after its caller has gone goes to `discard`."""
    running = Flight(work, "Bedrock call").start()
    try:
        async with asyncio.timeout(limit):
            return await landed(running)
    except BaseException as error:
        running.add_done_callback(discard)
        if isinstance(error, TimeoutError):
            raise ModelTimeoutError(f"Bedrock did not start to answer within {limit:g} seconds") from None
        raise


def _ignore(_: "Future[Any]") -> None:
    """Nobody waits for this answer any more."""


def _discard(done: "Future[Any]") -> None:
    """Close the stream that nobody waits for any more."""
    if done.exception() is None:
        for value in done.result().values():
            if hasattr(value, "close"):
                value.close()
