"""Formats, tools and thinking together: whatever a client combines, each family's rules accept what becomes of it."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from bedrock_adapter import Adapter
from bedrock_adapter.streaming import fold
from bedrock_adapter.testing.emulator import BedrockEmulator
from bedrock_adapter.types import Json

from .conftest import CITY, CLAUDE, LLAMA, MISTRAL, NO_TOOLS, NOVA, WEATHER, wanted

OTHERS = [
    "us.anthropic.claude-sonnet-4-20250514-v1:0",
    "us.anthropic.claude-opus-5-5",
    "us.anthropic.claude-sonnet-5-5",
    "openai.gpt-oss-120b-1:0",
    "deepseek.v3-v1:0",
    "cohere.command-r-plus-v1:0",
    "us.writer.palmyra-x5-v1:0",
    "qwen.qwen3-32b-v1:0",
]
ROOTS = [
    CITY,
    {"type": "array", "items": {"type": "string"}},
    {"type": "object", "additionalProperties": {"type": "integer"}},
]
FORMATS = [*(wanted(root) for root in ROOTS), {"type": "json_object"}]
CHOICES: list[Any] = [None, "none", "required", {"type": "function", "function": {"name": "get_weather"}}]
LOOP = [
    {"role": "user", "content": "Hello"},
    {
        "role": "assistant",
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "1", "content": "fine"},
    {"role": "user", "content": "Tell me about a city"},
]


@pytest.mark.parametrize("model", [CLAUDE, NOVA, LLAMA, MISTRAL, NO_TOOLS, *OTHERS])
def test_every_combination_is_accepted(
    model: str, bedrock_emulator: BedrockEmulator, bedrock_adapter_for: Callable[..., Adapter]
) -> None:
    adapter = bedrock_adapter_for()
    tools: list[Json] = [] if model == NO_TOOLS else [WEATHER]
    for form, choice, messages, effort in itertools.product(FORMATS, CHOICES, (LOOP[-1:], LOOP), (None, "low")):
        request: Json = {"model": model, "messages": messages, "response_format": form, "max_tokens": 2048}
        if tools:
            request |= {"tools": tools, "tool_choice": choice, "parallel_tool_calls": False}
        if effort:
            request["reasoning_effort"] = effort
        adapter.chat(request)
        list(adapter.stream(request))


@pytest.mark.parametrize("model", [CLAUDE, NOVA, MISTRAL])
@pytest.mark.parametrize("root", ROOTS)
def test_the_answer_is_json_of_the_schema(
    model: str, root: Json, bedrock_emulator: BedrockEmulator, bedrock_adapter_for: Callable[..., Adapter]
) -> None:
    adapter = bedrock_adapter_for()
    request = {"model": model, "messages": LOOP[-1:], "response_format": wanted(root)}
    kind = {"object": dict, "array": list}[root["type"]]
    for answer in (adapter.chat(request), fold(adapter.stream(request))):
        choice = answer["choices"][0]
        assert isinstance(json.loads(choice["message"]["content"]), kind)
        assert choice["finish_reason"] == "stop"
