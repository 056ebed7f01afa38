"""What is tried again, how often, how long."""

from typing import Any

import pytest

from bedrock_adapter.errors import (
    InternalServiceError,
    InvalidRequestError,
    ModelFailedError,
    ModelTimeoutError,
    QuotaExceededError,
    ServiceError,
    ServiceUnavailableError,
    ThrottledError,
    TransportError,
)
from bedrock_adapter.transport.http import HttpTransport
from bedrock_adapter.transport.retry import RetryPolicy
from bedrock_adapter.wire import Target, WireRequest

HERE = Target()


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def policy(self, **given: Any) -> RetryPolicy:
        return RetryPolicy(sleep=self.sleep, clock=lambda: self.now, jitter=lambda: 0.5, **given)


async def outcome(policy: RetryPolicy, *errors: ServiceError, takes: float = 0.0, time: Time | None = None) -> int:
    """Attempts made until success, with `errors` raised one after another."""
    remaining = list(errors)
    attempts = 0

    async def attempt() -> int:
        nonlocal attempts
        attempts += 1
        if time is not None:
            time.now += takes
        if remaining:
            raise remaining.pop(0)
        return attempts

    return await policy.run(attempt)


PASSING = [
    ThrottledError("x"),
    ServiceUnavailableError("x"),
    InternalServiceError("x"),
    TransportError("x"),
    TransportError("x", status=504, code="timeout"),
]
FINAL = [
    InvalidRequestError("x"),
    QuotaExceededError("x"),
    ModelFailedError("x"),
    ModelTimeoutError("x"),
    TransportError("x", code="tls_error"),
    ServiceError("x"),
]


@pytest.mark.parametrize("error", PASSING, ids=lambda error: f"{type(error).__name__} {error.code}")
async def test_passing_errors_are_tried_again(error: ServiceError) -> None:
    time = Time()
    assert await outcome(time.policy(), error, error) == 3
    assert time.slept == [0.25, 0.5]
    with pytest.raises(type(error)):
        await outcome(Time().policy(), error, error, error)
    with pytest.raises(type(error)):
        await outcome(Time().policy(retries=0), error)


@pytest.mark.parametrize("error", FINAL, ids=lambda error: f"{type(error).__name__} {error.code}")
async def test_final_errors_are_not(error: ServiceError) -> None:
    time = Time()
    with pytest.raises(type(error)):
        await outcome(time.policy(), error)
    assert time.slept == []


async def test_growing_jittered_waits() -> None:
    time = Time()
    assert await outcome(time.policy(retries=8, budget=1000), *[ThrottledError("x")] * 8) == 9
    assert time.slept == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    waits = {RetryPolicy().wait(ThrottledError("x"), 0) for _ in range(20)}
    assert len(waits) > 1
    assert all(wait is not None and 0.125 <= wait <= 0.375 for wait in waits)


async def test_retry_after_is_honoured_if_short() -> None:
    time = Time()
    assert await outcome(time.policy(), ThrottledError("x", retry_after=3.0)) == 2
    assert time.slept == [3.0]
    with pytest.raises(ThrottledError) as caught:
        await outcome(time.policy(), ThrottledError("x", retry_after=40.0))
    assert caught.value.headers()["retry-after"] == "40"
    assert time.slept == [3.0]


async def test_no_try_starts_after_the_deadline() -> None:
    time = Time()
    assert await outcome(time.policy(), InternalServiceError("x"), takes=59, time=time) == 2
    time = Time()
    with pytest.raises(InternalServiceError):
        await outcome(time.policy(), InternalServiceError("x"), takes=60, time=time)
    assert time.slept == []


@pytest.mark.usefixtures("environment")
async def test_over_http(server: Any, converse: WireRequest, converse_stream: WireRequest) -> None:
    time = Time()
    transport = HttpTransport(policy=time.policy())
    server.refuse(429, "ThrottlingException")
    server.refuse(503, "ServiceUnavailableException")
    assert (await transport.send(converse, HERE)).status == 200
    assert len(server.requests) == 3
    assert time.slept == [0.25, 0.5]
    server.refuse(429, "ModelNotReadyException")
    server.stream(server.frame("messageStart"))
    stream = await transport.open_stream(converse_stream, HERE)
    assert [batch async for batch in stream] == [[("messageStart", {})]]
    assert time.slept == [0.25, 0.5, 10.0]


@pytest.mark.usefixtures("environment")
async def test_lost_connection_over_http(server: Any, converse: WireRequest) -> None:
    """As when Bedrock has closed an idle connection just before it was used."""
    time = Time()
    hung_up: list[Any] = []
    server.default = lambda received: hung_up.append(received) if not hung_up else type(server).ok()
    assert (await HttpTransport(policy=time.policy()).send(converse, HERE)).status == 200
    assert len(server.requests) == 2


@pytest.mark.usefixtures("environment")
async def test_nothing_is_tried_again_once_an_answer_began(server: Any, converse_stream: WireRequest) -> None:
    transport = HttpTransport(policy=Time().policy())
    server.stream(server.frame("messageStart") + server.exception("throttlingException", "Slow"))
    stream = await transport.open_stream(converse_stream, HERE)
    with pytest.raises(ThrottledError):
        [batch async for batch in stream]
    assert len(server.requests) == 1


async def test_settings_of_the_transport() -> None:
    policy = HttpTransport(retries=5, retry_deadline=7)._policy
    assert (policy.retries, policy.budget) == (5, 7)
