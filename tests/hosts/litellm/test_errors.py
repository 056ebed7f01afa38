"""Errors are LiteLLM's own classes with status and headers, so that it retries, cools down and falls back."""

import asyncio
import logging
from typing import Any

import litellm
import pytest

from bedrock_adapter import Call, Route, Stage, Step, hookimpl
from bedrock_adapter.errors import ContextLengthError, RequestError, RequestTooLargeError
from bedrock_adapter.hosts import litellm as host
from bedrock_adapter.testing.emulator import BedrockEmulator, Broken, HttpError

from .conftest import EMBEDDER, HELLO, MODEL, Serve

BEDROCKS = {
    "ValidationException": (litellm.BadRequestError, 400),
    "AccessDeniedException": (litellm.PermissionDeniedError, 403),
    "ResourceNotFoundException": (litellm.NotFoundError, 404),
    "ThrottlingException": (litellm.RateLimitError, 429),
    "ServiceQuotaExceededException": (litellm.RateLimitError, 429),
    "ModelErrorException": (litellm.BadGatewayError, 502),
    "InternalServerException": (litellm.InternalServerError, 500),
    "ServiceUnavailableException": (litellm.ServiceUnavailableError, 503),
    "ModelTimeoutException": (litellm.Timeout, 504),
}
STATUS = {"ValidationException": 400, "AccessDeniedException": 403, "ResourceNotFoundException": 404, "ThrottlingException": 429,
          "ServiceQuotaExceededException": 400, "ModelErrorException": 424, "InternalServerException": 500,
          "ServiceUnavailableException": 503, "ModelTimeoutException": 408}  # fmt: skip


class Raises:
    """A plugin whose step raises `error`."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    @hookimpl
    def bedrock_transform_request(self, route: Route) -> Step:
        return Step(Stage.IDENTITY, self.fail, operation=route.operation)

    def fail(self, call: Call) -> None:
        raise self.error


async def failure(**keywords: Any) -> Any:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever LiteLLM lets out
        await litellm.acompletion(model=MODEL, messages=HELLO, **keywords)
    return caught.value


async def stream_failure(**keywords: Any) -> Any:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        async for _ in await litellm.acompletion(model=MODEL, messages=HELLO, stream=True, **keywords):
            pass
    return getattr(caught.value, "original_exception", None) or caught.value


@pytest.mark.parametrize("name", BEDROCKS)
async def test_bedrocks_errors(serve: Serve, bedrock_emulator: BedrockEmulator, name: str) -> None:
    bedrock_emulator.script.next(HttpError(name, "Bedrock says no.", STATUS[name]))
    error = await failure()
    kind, status = BEDROCKS[name]
    assert type(error) is kind
    assert error.status_code == status
    assert "Bedrock says no." in error.message
    assert error.headers["x-amzn-requestid"]
    assert error.response.status_code == status


@pytest.mark.parametrize("name", BEDROCKS)
async def test_bedrocks_errors_before_a_stream(serve: Serve, bedrock_emulator: BedrockEmulator, name: str) -> None:
    bedrock_emulator.script.next(HttpError(name, "Bedrock says no.", STATUS[name]))
    error = await stream_failure()
    assert isinstance(error, BEDROCKS[name][0])
    assert error.status_code == BEDROCKS[name][1]


async def test_retry_after_is_in_both_headers(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    bedrock_emulator.script.throttle(retry_after="7")
    error = await failure()
    assert error.headers["retry-after"] == error.response.headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("ours", "kind", "status"),
    [
        (ContextLengthError("too long"), litellm.ContextWindowExceededError, 400),
        (RequestError("no", code="content_policy_violation"), litellm.ContentPolicyViolationError, 400),
        (RequestError("no", param="tools"), litellm.BadRequestError, 400),
        (RequestError("no", status=422), litellm.UnprocessableEntityError, 422),
        (RequestTooLargeError("no"), litellm.APIError, 413),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_our_errors(serve: Serve, ours: Exception, kind: type, status: int) -> None:
    serve(Raises(ours))
    error = await failure()
    assert error.status_code == status
    assert type(error) is kind


async def test_error_body_has_param_and_code(serve: Serve) -> None:
    error = await failure(temperature="hot")
    assert isinstance(error, litellm.BadRequestError)
    assert (error.param, error.type) == ("temperature", "invalid_request_error")


async def test_a_bug_is_no_fault_of_the_clients(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """LiteLLM reports any AttributeError in an exception's context as status 400."""
    serve(Raises(AttributeError("x")))
    error = await failure()
    assert error.status_code == 500
    assert "Traceback" not in error.message
    chain: BaseException | None = error
    while chain is not None:
        assert not isinstance(chain, AttributeError)
        chain = chain.__cause__ or chain.__context__


async def test_nothing_raw_gets_out(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    adapter = serve()

    async def broken(*_: Any, **__: Any) -> None:
        raise LookupError("secret detail")

    for name in ("aanswer", "open_stream", "aembed"):
        monkeypatch.setattr(adapter, name, broken)
    with caplog.at_level(logging.ERROR, "bedrock_adapter"):
        errors = [await failure(), await stream_failure()]
        with pytest.raises(litellm.InternalServerError) as caught:
            await litellm.aembedding(model=EMBEDDER, input="a")
    for error in (*errors, caught.value):
        assert isinstance(error, litellm.InternalServerError)
        assert "secret detail" not in str(error)
    assert "secret detail" in caplog.text


async def test_exception_within_a_stream(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    bedrock_emulator.script.next(Broken(after=3, exception="throttlingException"))
    assert isinstance(await stream_failure(), litellm.RateLimitError)


async def test_cut_stream_is_an_error(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    bedrock_emulator.script.next(Broken(after=3))
    assert isinstance(await stream_failure(), litellm.BadGatewayError)


@pytest.mark.parametrize("timeout", [0.2, litellm.Timeout, "httpx"])
async def test_timeouts_are_ours_to_keep(serve: Serve, monkeypatch: pytest.MonkeyPatch, timeout: Any) -> None:
    """LiteLLM hands a timeout on and waits for ever."""
    import httpx

    adapter = serve()

    async def never(*_: Any, **__: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(adapter, "aanswer", never)
    monkeypatch.setattr(adapter, "open_stream", never)
    limit = httpx.Timeout(5, read=0.2) if timeout == "httpx" else 0.2
    for error in (await failure(timeout=limit), await stream_failure(timeout=limit)):
        assert isinstance(error, litellm.Timeout)
        assert error.status_code == 504


async def test_router_falls_back_when_the_context_is_too_long(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    bedrock_emulator.script.next(HttpError("ValidationException", "Input is too long for requested model.", 400))
    models = [{"model_name": name, "litellm_params": {"model": MODEL}} for name in ("short", "long")]
    router = litellm.Router(model_list=models, context_window_fallbacks=[{"short": ["long"]}], num_retries=0)
    answer = await router.acompletion(model="short", messages=HELLO)
    assert answer.choices[0].message.content == "hello."


async def test_router_retries_at_once_elsewhere(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    """We leave a Router's retries to it: a throttled deployment is cooled down, another one serves."""
    from bedrock_adapter.hosts.litellm.state import HOST
    from bedrock_adapter.settings import load_settings

    HOST.use(load_settings(retries=2))
    bedrock_emulator.script.throttle(retry_after="9")
    models = [
        {"model_name": "m", "litellm_params": {"model": MODEL, "aws_region_name": name}}
        for name in ("us-east-1", "us-west-2")
    ]
    router = litellm.Router(model_list=models, num_retries=1)
    answer = await router.acompletion(model="m", messages=HELLO)
    assert answer.choices[0].message.content == "hello."
    assert len(bedrock_emulator.requests) == 2
    await HOST.adapter.aclose()


async def test_without_a_router_we_retry(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    from bedrock_adapter.hosts.litellm.state import HOST
    from bedrock_adapter.settings import load_settings

    HOST.use(load_settings(retries=1))
    bedrock_emulator.script.throttle(times=2, retry_after="0")
    assert isinstance(await failure(), litellm.RateLimitError)
    assert len(bedrock_emulator.requests) == 2
    await HOST.adapter.aclose()


def test_sync_errors(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    bedrock_emulator.script.throttle(times=2)
    with pytest.raises(litellm.RateLimitError):
        host.completion(model=MODEL, messages=HELLO)
    with pytest.raises(litellm.RateLimitError):
        host.embedding(model=EMBEDDER, input="a")
