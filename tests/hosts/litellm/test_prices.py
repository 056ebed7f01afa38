"""Spend is counted for every string that a model is served by."""

import logging

import litellm
import pytest

from bedrock_adapter import Alias
from bedrock_adapter.hosts.litellm import prices, unpriced
from bedrock_adapter.settings import Settings
from bedrock_adapter.testing.emulator import BedrockEmulator
from bedrock_adapter.testing.emulator.script import message

from .conftest import EMBEDDER, HELLO, MODEL, Serve

ID = MODEL.partition("/")[2]
ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/priced"


async def cost_of(model: str) -> float:
    answer = await litellm.acompletion(model=f"bedrock_adapter/{model}", messages=HELLO)
    return float(answer._hidden_params["response_cost"] or 0)


async def test_cost_is_that_of_litellms_own_table(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    usage = {
        "inputTokens": 1000,
        "outputTokens": 100,
        "totalTokens": 5100,
        "cacheReadInputTokens": 3000,
        "cacheWriteInputTokens": 1000,
    }
    bedrock_emulator.script.next(message({"text": "a"}, usage=usage))
    price = litellm.model_cost[ID]
    expected = (
        1000 * price["input_cost_per_token"]
        + 3000 * price["cache_read_input_token_cost"]
        + 1000 * price["cache_creation_input_token_cost"]
        + 100 * price["output_cost_per_token"]
    )
    assert await cost_of(ID) == pytest.approx(expected)


async def test_streams_and_embeddings_have_costs(serve: Serve) -> None:
    stream = await litellm.acompletion(model=MODEL, messages=HELLO, stream=True)
    chunks = [chunk async for chunk in stream]
    built = litellm.stream_chunk_builder(chunks)
    assert litellm.completion_cost(built, custom_llm_provider="bedrock_adapter") > 0
    answer = await litellm.aembedding(model=EMBEDDER, input=["a b c"])
    assert answer._hidden_params["response_cost"] > 0


@pytest.mark.parametrize("model", ["team", "us-east-1/" + ID, "converse/" + ID, "gpt-4o", ARN])
async def test_every_string_served_has_the_price(serve: Serve, bedrock_emulator: BedrockEmulator, model: str) -> None:
    serve(aliases=(Alias("team", ID),), default_model=ID)
    bedrock_emulator.arns[ARN] = ID
    assert await cost_of(model) > 0


async def test_litellms_own_entries_stay(serve: Serve) -> None:
    """Registering a prefixed name overwrites the entry that LiteLLM finds for it, unless there is one of that very name."""
    before = dict(litellm.model_cost[ID])
    await cost_of(ID)
    assert litellm.model_cost[ID] == before
    assert litellm.model_cost[MODEL]["litellm_provider"] == "bedrock_adapter"


async def test_operators_price_stays(serve: Serve) -> None:
    price = {
        "input_cost_per_token": 1.0,
        "output_cost_per_token": 0.0,
        "litellm_provider": "bedrock_adapter",
        "mode": "chat",
    }
    litellm.model_cost[MODEL] = dict(price)
    litellm.register_model({MODEL: price}, persist_across_reloads=False)
    assert await cost_of(ID) == pytest.approx(10.0)


async def test_price_of_a_deployment_is_no_reason_to_warn(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl"
    bedrock_emulator.arns[arn] = ID
    params = {"model": f"bedrock_adapter/{arn}", "input_cost_per_token": 1.0, "output_cost_per_token": 0.0}
    router = litellm.Router(model_list=[{"model_name": "m", "litellm_params": params}])
    answer = await router.acompletion(model="m", messages=HELLO)
    assert answer._hidden_params["response_cost"] == pytest.approx(answer.usage.prompt_tokens)
    assert unpriced() == []


async def test_what_has_no_price_is_warned_of_once(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    model = "global.anthropic.claude-without-a-price-v1:0"
    with caplog.at_level(logging.WARNING, "bedrock_adapter"):
        prices.PRICES.ensure(model, served=False)  # offered: nobody has spent anything
        assert model not in caplog.text
        for _ in range(2):
            prices.PRICES.ensure(model)
    assert caplog.text.count(model) == 1
    assert unpriced() == [model]


def test_unpriced_of_settings() -> None:
    settings = Settings(default_model=ID, aliases=(Alias("a", "made.up-v1"), Alias("b", ARN, base_model=ID)))
    assert unpriced(settings) == ["made.up-v1"]
