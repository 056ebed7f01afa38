"""Parameters that LiteLLM refuses or drops for custom providers arrive (defects #53 and #55)."""

from typing import Any

import litellm
import pytest
from litellm.caching.caching import Cache

from bedrock_adapter.hosts import litellm as host
from bedrock_adapter.testing.emulator import BedrockEmulator

from .conftest import EMBEDDER, HELLO, MODEL, Seen

GATED: dict[str, Any] = {
    "reasoning_effort": "low",
    "thinking": {"type": "disabled"},
    "verbosity": "low",
    "user": "somebody",
    "prompt_cache_retention": "24h",
}


@pytest.mark.parametrize("drop_params", [False, True])
@pytest.mark.parametrize("name", GATED)
async def test_chat_parameters_arrive(
    seen: Seen, monkeypatch: pytest.MonkeyPatch, name: str, drop_params: bool
) -> None:
    monkeypatch.setattr(litellm, "drop_params", drop_params)
    await litellm.acompletion(model=MODEL, messages=HELLO, **{name: GATED[name]})
    assert seen.request[name] == GATED[name]


@pytest.mark.parametrize("name", GATED)
def test_chat_parameters_arrive_by_the_sync_function(seen: Seen, name: str) -> None:
    host.completion(model=MODEL, messages=HELLO, **{name: GATED[name]})
    assert seen.request[name] == GATED[name]


async def test_chat_parameters_arrive_through_a_router_and_in_streams(seen: Seen) -> None:
    router = litellm.Router(model_list=[{"model_name": "m", "litellm_params": {"model": MODEL, "drop_params": True}}])
    async for _ in await router.acompletion(model="m", messages=HELLO, reasoning_effort="low", stream=True):
        pass
    assert seen.request["reasoning_effort"] == "low"


async def test_callers_allowed_params_are_kept(seen: Seen) -> None:
    await litellm.acompletion(model=MODEL, messages=HELLO, verbosity="low", allowed_openai_params=["user"], user="me")
    assert (seen.request["verbosity"], seen.request["user"]) == ("low", "me")


async def test_max_completion_tokens_is_told_once(seen: Seen) -> None:
    await litellm.acompletion(model=MODEL, messages=HELLO, max_completion_tokens=9)
    assert seen.request["max_tokens"] == 9
    assert "max_completion_tokens" not in seen.request


async def test_other_providers_are_left_alone(seen: Seen) -> None:
    with pytest.raises(litellm.UnsupportedParamsError):
        await litellm.acompletion(model="cohere/command-r", messages=HELLO, reasoning_effort="low", api_key="x")
    assert not seen.calls


@pytest.mark.parametrize("drop_params", [False, True])
async def test_embedding_parameters_arrive(seen: Seen, monkeypatch: pytest.MonkeyPatch, drop_params: bool) -> None:
    monkeypatch.setattr(litellm, "drop_params", drop_params)
    await litellm.aembedding(model=EMBEDDER, input=["a"], dimensions=256, encoding_format="base64", user="me")
    assert seen.request == {
        "model": EMBEDDER.partition("/")[2],
        "input": ["a"],
        "dimensions": 256,
        "encoding_format": "base64",
        "user": "me",
    }


def test_embedding_parameters_arrive_by_the_sync_function(seen: Seen) -> None:
    answer = host.embedding(EMBEDDER, ["a"], dimensions=256)
    assert seen.request["dimensions"] == 256
    assert len(answer.data[0]["embedding"]) == 256


async def test_embeddings_in_base64_stay_so(seen: Seen) -> None:
    answer = await litellm.aembedding(model=EMBEDDER, input="a", dimensions=256, encoding_format="base64")
    assert isinstance(answer.data[0]["embedding"], str)
    assert answer.usage.prompt_tokens > 0


@pytest.mark.parametrize("tokens", [[9906, 1917], [[9906, 1917], [9906]]])
async def test_token_arrays_arrive_as_they_are(seen: Seen, tokens: list[Any]) -> None:
    await litellm.aembedding(model=EMBEDDER, input=tokens)
    assert seen.request["input"] == tokens


async def test_cache_tells_apart_what_litellm_does_not_know(
    seen: Seen, bedrock_emulator: BedrockEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LiteLLM's cache key leaves unknown parameters out: 256 numbers for who asked for 512, unguarded for guarded."""
    monkeypatch.setattr(litellm, "cache", Cache(type="local"))
    sizes = []
    for size in (256, 512, 256):
        answer = await litellm.aembedding(model=EMBEDDER, input=["a"], dimensions=size, caching=True)
        sizes.append(len(answer.data[0]["embedding"]))
    assert sizes == [256, 512, 256]
    for top_k in (1, 2):
        await litellm.acompletion(model=MODEL, messages=HELLO, extra_body={"top_k": top_k}, caching=True)
    assert [request.operation for request in bedrock_emulator.requests].count("Converse") == 2
