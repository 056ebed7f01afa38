"""What thinking forbids is resolved by the family's rules, with notes."""

from collections.abc import Callable

import pytest

from bedrock_adapter import Adapter, RequestError
from bedrock_adapter.types import Json

from .conftest import Encode

SONNET_4 = "us.anthropic.claude-sonnet-4-20250514-v1:0"
SONNET_4_6 = "us.anthropic.claude-sonnet-4-6"
NOVA_2 = "us.amazon.nova-2-lite-v1:0"
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]
USER = {"role": "user", "content": "hi"}


def test_sampling_while_thinking(encode: Encode) -> None:
    body, notes = encode(SONNET_4, reasoning_effort="low", max_tokens=4096, temperature=0.2, top_p=0.9, top_k=7)
    assert body["inferenceConfig"] == {"maxTokens": 4096}
    assert list(body["additionalModelRequestFields"]) == ["thinking"]
    assert notes == {"temperature": "dropped", "top_p": "dropped", "top_k": "dropped"}


def test_sampling_that_does_no_harm_stays(encode: Encode) -> None:
    body, notes = encode(SONNET_4, reasoning_effort="low", max_tokens=4096, temperature=1, top_p=0.95)
    assert body["inferenceConfig"] == {"maxTokens": 4096, "temperature": 1, "topP": 0.95}
    assert not notes


def test_sampling_without_thinking_stays(encode: Encode) -> None:
    for fields in ({}, {"reasoning_effort": "none"}, {"reasoning_effort": "high", "max_tokens": 1000}):
        body, _ = encode(SONNET_4, temperature=0.2, top_k=7, **fields)
        assert body["inferenceConfig"]["temperature"] == 0.2
        assert body["additionalModelRequestFields"] == {"top_k": 7}


def test_rules_hold_for_a_switch_of_the_clients_own(encode: Encode) -> None:
    for fields in (
        {"thinking": {"type": "enabled", "budget_tokens": 2000}},
        {"additional_model_request_fields": {"thinking": {"type": "enabled", "budget_tokens": 2000}}},
    ):
        body, notes = encode(SONNET_4, temperature=0.2, **fields)
        assert "inferenceConfig" not in body
        assert notes == {"temperature": "dropped"}


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "f"}}])
def test_forced_tools(encode: Encode, choice: str | Json) -> None:
    body, notes = encode(SONNET_4, reasoning_effort="low", max_tokens=4096, tools=TOOLS, tool_choice=choice)
    assert body["toolConfig"].get("toolChoice", {"auto": {}}) == {"auto": {}}
    assert notes == {"tool_choice": "changed"}
    body, _ = encode(SONNET_4_6, reasoning_effort="low", tools=TOOLS, tool_choice=choice)
    assert body["toolConfig"]["toolChoice"]
    body, _ = encode(SONNET_4_6, thinking={"type": "enabled", "budget_tokens": 2000}, tools=TOOLS, tool_choice=choice)
    assert "toolChoice" not in body["toolConfig"]


def test_forced_tools_may_win_by_option(encode: Encode, bedrock_adapter_for: Callable[..., Adapter]) -> None:
    off = bedrock_adapter_for(options={"reasoning": {"forced_tools": "off"}})
    body, notes = encode(
        SONNET_4, adapter=off, reasoning_effort="low", tools=TOOLS, tool_choice="required", temperature=0.2
    )
    assert body["toolConfig"]["toolChoice"] == {"any": {}}
    assert "additionalModelRequestFields" not in body
    assert body["inferenceConfig"] == {"temperature": 0.2}
    assert notes == {"reasoning_effort": "ignored"}
    raw = {"thinking": {"type": "enabled", "budget_tokens": 2000}, "top_k": 3}
    body, _ = encode(SONNET_4, adapter=off, additional_model_request_fields=raw, tools=TOOLS, tool_choice="required")
    assert body["additionalModelRequestFields"] == {"top_k": 3}


def test_prefill(encode: Encode) -> None:
    prefilled = [USER, {"role": "assistant", "content": "Once"}]
    body, _ = encode(SONNET_4, messages=prefilled)
    assert body["messages"][-1]["role"] == "assistant"
    body, notes = encode(SONNET_4, messages=prefilled, reasoning_effort="low", max_tokens=4096)
    assert body["messages"][-1]["role"] == "user"
    assert notes == {"messages": "added"}


def test_nova_at_its_highest_level(encode: Encode) -> None:
    body, notes = encode(NOVA_2, reasoning_effort="high", max_tokens=4096, temperature=1, top_p=0.99, top_k=7)
    assert "inferenceConfig" not in body
    assert list(body["additionalModelRequestFields"]) == ["reasoningConfig"]
    assert set(notes) == {"temperature", "top_p", "top_k", "max_completion_tokens"}
    body, notes = encode(NOVA_2, reasoning_effort="medium", max_tokens=4096, temperature=0.4)
    assert body["inferenceConfig"] == {"maxTokens": 4096, "temperature": 0.4}
    assert not notes


def test_strict_refuses(encode: Encode, bedrock_adapter_for: Callable[..., Adapter]) -> None:
    strict = bedrock_adapter_for(strict=True)
    with pytest.raises(RequestError) as caught:
        encode(SONNET_4, adapter=strict, reasoning_effort="low", max_tokens=4096, temperature=0.2)
    assert caught.value.param == "temperature"
