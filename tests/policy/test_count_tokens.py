"""Counting input tokens by Bedrock."""

from collections.abc import Callable
from typing import Any

import pytest

from bedrock_adapter import Adapter, Context
from bedrock_adapter.errors import RequestError, ServiceError, UnsupportedFeatureError
from bedrock_adapter.testing.emulator import BedrockEmulator

SONNET = "anthropic.claude-sonnet-4-20250514-v1:0"
ARN = "arn:aws:bedrock:us-east-1:123456789012:"


def request(model: str = SONNET, **fields: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "Hello, world!"}], **fields}


@pytest.mark.parametrize(
    "model",
    [
        SONNET,
        "us." + SONNET,
        "converse/eu-west-1/eu." + SONNET,
        ARN + "inference-profile/us." + SONNET,
        "arn:aws:bedrock:us-east-1::foundation-model/" + SONNET,
    ],
)
def test_it_is_counted_on_the_foundation_model(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator, model: str
) -> None:
    counted = bedrock_adapter_for().count_tokens(request(model))
    assert isinstance(counted, int)
    assert counted > 0
    sent = bedrock_emulator.requests[-1]
    assert (sent.operation, sent.model) == ("CountTokens", SONNET)


def test_a_model_behind_an_opaque_arn(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator
) -> None:
    context = Context(base_model=SONNET)
    assert bedrock_adapter_for().count_tokens(request(ARN + "application-inference-profile/abc"), context=context) > 0
    assert bedrock_emulator.requests[-1].model == SONNET


def test_only_input_is_sent(bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator) -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
    adapter = bedrock_adapter_for()
    asked = request(messages=messages, tools=[tool], max_tokens=5, temperature=0.5, service_tier="flex", anthropic_beta=["context-1m-2025-08-07"], stream=True)  # fmt: skip
    more = adapter.count_tokens(asked)
    assert set(bedrock_emulator.requests[-1].body["input"]["converse"]) == {
        "messages",
        "system",
        "toolConfig",
        "additionalModelRequestFields",
    }
    assert more > adapter.count_tokens(request(messages=messages))


async def test_async(bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator) -> None:
    adapter = bedrock_adapter_for()
    assert await adapter.acount_tokens(request()) > 0
    await adapter.aclose()


@pytest.mark.parametrize(
    "model", ["us.amazon.nova-lite-v1:0", "us.meta.llama3-3-70b-instruct-v1:0", "newvendor.x-v1:0"]
)
def test_models_that_are_not_counted_are_refused_before_any_call(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator, model: str
) -> None:
    with pytest.raises(UnsupportedFeatureError) as caught:
        bedrock_adapter_for().count_tokens(request(model))
    assert (caught.value.status, caught.value.param) == (400, "model")
    assert not bedrock_emulator.requests


def test_an_embedding_model_is_refused(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator
) -> None:
    with pytest.raises(RequestError):
        bedrock_adapter_for().count_tokens(request("amazon.titan-embed-text-v2:0"))


def test_an_answer_of_another_form_is_the_services_fault(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator
) -> None:
    bedrock_emulator.script.next({"tokens": 7})
    with pytest.raises(ServiceError) as caught:
        bedrock_adapter_for().count_tokens(request())
    assert caught.value.status == 502
