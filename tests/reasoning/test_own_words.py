"""`thinking` and other switches that a client sends in a model's own words win, and are sent as they are."""

import pytest

from bedrock_adapter import Adapter
from bedrock_adapter.types import Json

from .conftest import Encode

SONNET_4 = "us.anthropic.claude-sonnet-4-20250514-v1:0"
SONNET_4_6 = "us.anthropic.claude-sonnet-4-6"
OPUS_4_7 = "us.anthropic.claude-opus-4-7"
OPUS_5 = "us.anthropic.claude-opus-5"
OPUS_5_5 = "us.anthropic.claude-opus-5-5"
SONNET_5_5 = "us.anthropic.claude-sonnet-5-5"
NOVA_2 = "us.amazon.nova-2-lite-v1:0"
GPT_OSS = "openai.gpt-oss-120b-1:0"
BUDGET = {"type": "enabled", "budget_tokens": 2048}


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (SONNET_4, {"thinking": BUDGET}),
        (SONNET_4, {"thinking": {"type": "disabled"}}),
        (SONNET_4, {"reasoning_config": BUDGET}),
        (SONNET_4_6, {"thinking": BUDGET}),
        (SONNET_4_6, {"thinking": {"type": "adaptive", "display": "omitted"}}),
        (OPUS_4_7, {"thinking": {"type": "adaptive"}}),
        (OPUS_4_7, {"thinking": {"type": "of the future", "depth": 3}}),
        (SONNET_5_5, {"thinking": {"type": "between_tools"}}),
        (NOVA_2, {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}}),
        (NOVA_2, {"reasoningConfig": {"type": "disabled"}}),
        ("qwen.qwen3-32b-v1:0", {"reasoning_config": "low"}),
        (SONNET_4_6, {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}),
    ],
)
def test_sent_as_it_is(encode: Encode, model: str, fields: Json) -> None:
    body, notes = encode(model, **fields)
    assert body["additionalModelRequestFields"] == fields
    assert "maxTokens" not in body.get("inferenceConfig", {})
    assert not notes
    nested, _ = encode(model, additional_model_request_fields=fields)
    assert nested["additionalModelRequestFields"] == fields


def test_it_wins_over_reasoning_effort(encode: Encode) -> None:
    body, notes = encode(SONNET_4, thinking=BUDGET, reasoning_effort="high", max_tokens=4000)
    assert body["additionalModelRequestFields"] == {"thinking": BUDGET}
    assert notes == {"reasoning_effort": "ignored"}


def test_effort_beside_adaptive_thinking_is_a_knob_of_its_own(encode: Encode) -> None:
    body, _ = encode(OPUS_4_7, thinking={"type": "adaptive"}, reasoning_effort="max")
    assert body["additionalModelRequestFields"] == {
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "max"},
    }


def test_effort_while_off_is_capped(encode: Encode) -> None:
    body, notes = encode(OPUS_5, thinking={"type": "disabled"}, reasoning_effort="max")
    assert body["additionalModelRequestFields"] == {
        "thinking": {"type": "disabled"},
        "output_config": {"effort": "high"},
    }
    assert notes == {"reasoning_effort": "changed"}


def test_interleaved_thinking_by_the_client(encode: Encode) -> None:
    """Its budget may exceed max_tokens (bedrock-api 12.3 rule 24)."""
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]
    beta = ["interleaved-thinking-2025-05-14"]
    thinking = {"type": "enabled", "budget_tokens": 9000}
    body, _ = encode(SONNET_4, thinking=thinking, anthropic_beta=beta, max_tokens=3000, tools=tools)
    assert body["additionalModelRequestFields"] == {"thinking": thinking, "anthropic_beta": beta}
    assert body["inferenceConfig"] == {"maxTokens": 3000}


@pytest.mark.parametrize(
    ("model", "thinking", "fields"),
    [
        (OPUS_4_7, {"type": "enabled", "budget_tokens": 8000}, {"thinking": {"type": "adaptive"}, "output_config": {"effort": "medium"}}),
        (NOVA_2, {"type": "enabled", "budget_tokens": 32_000}, {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}}),
        (GPT_OSS, {"type": "adaptive"}, {"reasoning_effort": "high"}),
        (GPT_OSS, {"type": "enabled", "budget_tokens": 3000}, {"reasoning_effort": "low"}),
        (SONNET_5_5, {"type": "disabled"}, {"thinking": {"type": "between_tools"}}),
        (OPUS_5_5, {"type": "disabled"}, {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}),
        (SONNET_4, {"type": "adaptive"}, {"thinking": {"type": "enabled", "budget_tokens": 3800}}),
        ("us.deepseek.r1-v1:0", BUDGET, None),
        ("meta.llama3-1-8b-instruct-v1:0", BUDGET, None),
    ],
)  # fmt: skip
def test_a_form_that_the_family_refuses_is_translated(
    encode: Encode, model: str, thinking: Json, fields: Json | None
) -> None:
    body, notes = encode(model, thinking=thinking, max_tokens=4000)
    assert body.get("additionalModelRequestFields") == fields
    assert notes["thinking"] in ("changed", "ignored")


@pytest.mark.parametrize(
    ("fields", "ignored"),
    [
        ({"reasoning_effort": "low", "reasoning": {"effort": "high"}}, "reasoning"),
        ({"thinking": {"type": "disabled"}, "reasoning_config": {"type": "disabled"}}, "reasoning_config"),
    ],
)
def test_of_two_wishes_the_one_ignored_is_noted(adapter: Adapter, fields: Json, ignored: str) -> None:
    asked = {"model": "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "messages": [{"role": "user", "content": "Hi"}]}
    notes = adapter.encode({**asked, "max_tokens": 4096, **fields}).notes
    assert (ignored, "ignored") in [(note.param, note.action) for note in notes]
