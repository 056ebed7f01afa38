"""`reasoning_effort` becomes what each family wants; every change of it is a note."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_adapter import Adapter, Layer, RequestError, hookimpl
from bedrock_adapter.testing.emulator import BedrockEmulator
from bedrock_adapter.types import Json
from bedrock_adapter_plugins.reasoning.levels import LEVELS, nearest

from .conftest import Encode

SONNET_4 = "us.anthropic.claude-sonnet-4-20250514-v1:0"
SONNET_4_6 = "us.anthropic.claude-sonnet-4-6"
OPUS_4_7 = "us.anthropic.claude-opus-4-7"
SONNET_5 = "us.anthropic.claude-sonnet-5"
SONNET_5_5 = "us.anthropic.claude-sonnet-5-5"
OPUS_5_5 = "us.anthropic.claude-opus-5-5"
NOVA_2 = "us.amazon.nova-2-lite-v1:0"
GPT_OSS = "openai.gpt-oss-120b-1:0"
QWEN = "qwen.qwen3-32b-v1:0"
R1 = "us.deepseek.r1-v1:0"
LLAMA = "meta.llama3-1-8b-instruct-v1:0"


def adaptive(effort: str) -> Json:
    return {"thinking": {"type": "adaptive"}, "output_config": {"effort": effort}}


def nova(effort: str) -> Json:
    return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}}


@pytest.mark.parametrize(
    ("model", "level", "fields", "changed"),
    [
        (SONNET_4_6, "low", adaptive("low"), False),
        (SONNET_4_6, "minimal", adaptive("low"), True),
        (SONNET_4_6, "xhigh", adaptive("max"), True),
        (OPUS_4_7, "xhigh", adaptive("xhigh"), False),
        (OPUS_4_7, "none", None, False),
        (SONNET_5, "none", {"thinking": {"type": "disabled"}}, False),
        (SONNET_5_5, "none", {"thinking": {"type": "between_tools"}}, False),
        (OPUS_5_5, "none", adaptive("low"), True),
        (NOVA_2, "medium", nova("medium"), False),
        (NOVA_2, "max", nova("high"), True),
        (NOVA_2, "none", None, False),
        (f"global.{NOVA_2.partition('.')[2]}", "low", nova("low"), False),
        (GPT_OSS, "high", {"reasoning_effort": "high"}, False),
        (GPT_OSS, "none", {"reasoning_effort": "low"}, True),
        (QWEN, "high", {"reasoning_config": "high"}, False),
        (QWEN, "none", {"reasoning_config": "none"}, False),
        ("us.openai.gpt-5.6-sol", "minimal", {"reasoning": {"effort": "low"}}, True),
        (R1, "high", None, True),
        (R1, "none", None, True),
        (LLAMA, "high", None, True),
        (LLAMA, "none", None, False),
    ],
)
def test_each_family(encode: Encode, model: str, level: str, fields: Json | None, changed: bool) -> None:
    body, notes = encode(model, reasoning_effort=level)
    assert body.get("additionalModelRequestFields") == fields
    assert ("reasoning_effort" in notes) == changed


@pytest.mark.parametrize("model", [SONNET_4, SONNET_4_6, SONNET_5, OPUS_5_5, NOVA_2, GPT_OSS, QWEN, R1, LLAMA])
def test_nothing_asked_nothing_sent(encode: Encode, model: str) -> None:
    for fields in ({}, {"reasoning_effort": None}, {"reasoning": None, "thinking": None}):
        body, _ = encode(model, **fields)
        assert "additionalModelRequestFields" not in body


def test_object_of_the_responses_api(encode: Encode) -> None:
    body, notes = encode(SONNET_4_6, reasoning={"effort": "high", "summary": "auto"})
    assert body["additionalModelRequestFields"] == adaptive("high")
    assert notes == {"reasoning.summary": "ignored"}
    assert encode(GPT_OSS, reasoning_effort={"effort": "low"})[0]["additionalModelRequestFields"] == {
        "reasoning_effort": "low"
    }
    gpt, _ = encode("us.openai.gpt-5.6-sol", reasoning={"effort": "low", "summary": "auto"})
    assert gpt["additionalModelRequestFields"] == {"reasoning": {"effort": "low", "summary": "auto"}}


def test_budget_needs_max_tokens(encode: Encode) -> None:
    body, notes = encode(SONNET_4, reasoning_effort="high")
    most = body["inferenceConfig"]["maxTokens"]
    assert body["additionalModelRequestFields"]["thinking"] == {"type": "enabled", "budget_tokens": most - most // 20}
    assert notes["max_completion_tokens"] == "added"
    body, notes = encode(SONNET_4, reasoning_effort="high", max_tokens=4096)
    assert body["additionalModelRequestFields"]["thinking"]["budget_tokens"] == 3892
    assert not notes
    body, _ = encode(SONNET_4, reasoning_effort="low", max_tokens=9000, max_completion_tokens=4096)
    assert body["additionalModelRequestFields"]["thinking"]["budget_tokens"] == 1228


def test_budget_that_does_not_fit(encode: Encode, bedrock_adapter_for: Callable[..., Adapter]) -> None:
    body, notes = encode(SONNET_4, reasoning_effort="high", max_tokens=1000)
    assert "additionalModelRequestFields" not in body
    assert notes == {"reasoning_effort": "dropped"}
    with pytest.raises(RequestError) as caught:
        encode(SONNET_4, adapter=bedrock_adapter_for(strict=True), reasoning_effort="high", max_tokens=1000)
    assert caught.value.param == "reasoning_effort"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"reasoning_effort": 3}, "reasoning_effort"),
        ({"reasoning_effort": True}, "reasoning_effort"),
        ({"reasoning_effort": "enormous"}, "reasoning_effort"),
        ({"reasoning_effort": ["high"]}, "reasoning_effort"),
        ({"reasoning_effort": {"effort": 1}}, "reasoning_effort.effort"),
        ({"reasoning": "high"}, "reasoning"),
        ({"reasoning": {"effort": {}}}, "reasoning.effort"),
        ({"thinking": True}, "thinking"),
        ({"thinking": {"budget_tokens": 2000}}, "thinking.type"),
        ({"thinking": {"type": "enabled", "budget_tokens": "many"}}, "thinking.budget_tokens"),
        ({"reasoning_config": "much"}, "reasoning_config"),
        ({"reasoningConfig": "high"}, "reasoningConfig"),
    ],
)
@pytest.mark.parametrize("model", [SONNET_4, SONNET_4_6, NOVA_2, GPT_OSS, R1, LLAMA])
def test_malformed(encode: Encode, model: str, fields: Json, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        encode(model, **fields)
    assert caught.value.param == param


class Rungs:
    def __init__(self, levels: Sequence[str]) -> None:
        self.levels = levels

    @hookimpl
    def bedrock_profiles(self, settings: object) -> list[Layer]:
        facts = {"reasoning": {"shape": "effort", "levels": self.levels}}
        return [Layer("acme.owl-1", facts, source="test")]


@given(level=st.sampled_from(LEVELS), rungs=st.lists(st.sampled_from(LEVELS), min_size=1, unique=True))
def test_nearest_rung_ties_upward(level: str, rungs: list[str]) -> None:
    chosen = nearest(level, rungs)
    place = LEVELS.index

    def away(rung: str) -> int:
        return abs(place(rung) - place(level))

    assert chosen in rungs
    assert all(
        away(chosen) < away(rung) or (away(chosen) == away(rung) and place(chosen) >= place(rung)) for rung in rungs
    )


def test_rungs_are_data(encode: Encode, bedrock_adapter_for: Callable[..., Adapter]) -> None:
    body, notes = encode(
        "acme.owl-1", adapter=bedrock_adapter_for(Rungs(["low", "high", "max"])), reasoning_effort="medium"
    )
    assert body["additionalModelRequestFields"] == {"reasoning_effort": "high"}
    assert notes == {"reasoning_effort": "changed"}


@pytest.mark.parametrize("level", ["none", *LEVELS])
def test_every_level_on_every_family_is_taken_by_bedrock(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator, level: str
) -> None:
    adapter = bedrock_adapter_for()
    for model in (SONNET_4, SONNET_4_6, OPUS_4_7, SONNET_5, SONNET_5_5, OPUS_5_5, NOVA_2, GPT_OSS, QWEN, R1, LLAMA,
                  "zai.glm-4.7", "deepseek.v3.2", "us.openai.gpt-5.6-sol", "us.xai.grok-4.6", "moonshotai.kimi-k2.5",
                  "minimax.minimax-m2", "us.amazon.nova-lite-v1:0"):  # fmt: skip
        answer = adapter.chat(
            {
                "model": model,
                "messages": [{"role": "user", "content": "Say something nice."}],
                "reasoning_effort": level,
                "temperature": 0.4,
                "top_p": 0.5,
                "max_tokens": 3000,
            }
        )
        assert answer["choices"][0]["finish_reason"] == "stop"
