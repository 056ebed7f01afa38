"""Whatever a client can send of calls and results, each family's rules accept what becomes of it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedrock_adapter import Adapter
from bedrock_adapter.testing.emulator import BedrockEmulator

from .conftest import CLAUDE, CLAUDE_AUTO, COHERE, GPT_OSS, LLAMA, MISTRAL, NO_TOOLS, NOVA, WRITER, tool

IDS = st.sampled_from(["call_1", "call_2", "call_3", "functions.get weather:0", "x" * 80, "日本"])
NAMES = st.sampled_from(["get_weather", "get-weather", "get.weather", "天気", "n" * 70])
ARGUMENTS = st.sampled_from(["", "{}", '{"city":"Paris"}', "[1]", "null", '"{\\"a\\":1}"', "{broken", '"text"'])
TEXTS = st.sampled_from(["Hello", "", " \n", "Go on"])

user = TEXTS.map(lambda text: {"role": "user", "content": text})
system = TEXTS.map(lambda text: {"role": "system", "content": text})
plain = TEXTS.map(lambda text: {"role": "assistant", "content": text})
calls = st.lists(st.tuples(IDS, NAMES, ARGUMENTS), min_size=1, max_size=3)
calling = st.tuples(calls, st.none() | TEXTS).map(
    lambda made: {
        "role": "assistant",
        "content": made[1],
        "tool_calls": [
            {"id": id_, "type": "function", "function": {"name": name, "arguments": given}}
            for id_, name, given in made[0]
        ],
    }
)
parts = st.lists(TEXTS.map(lambda text: {"type": "text", "text": text}), max_size=2)
answer = st.tuples(IDS, TEXTS | parts | st.none(), st.booleans()).map(
    lambda made: {"role": "tool", "tool_call_id": made[0], "content": made[1], "is_error": made[2]}
)
old_call = st.tuples(NAMES, ARGUMENTS).map(
    lambda made: {"role": "assistant", "content": None, "function_call": {"name": made[0], "arguments": made[1]}}
)
old_answer = st.tuples(NAMES, TEXTS).map(lambda made: {"role": "function", "name": made[0], "content": made[1]})
conversations = st.lists(
    user | system | plain | calling | calling | answer | answer | old_call | old_answer, max_size=20
)
tools = st.lists(NAMES, unique=True, max_size=4).map(lambda names: [tool(name) for name in names])


@pytest.mark.parametrize("model", [CLAUDE, CLAUDE_AUTO, NOVA, LLAMA, MISTRAL, WRITER, GPT_OSS, COHERE, NO_TOOLS])
def test_every_order_of_calls_and_results_is_accepted(
    model: str, bedrock_emulator: BedrockEmulator, bedrock_adapter_for: Callable[..., Adapter]
) -> None:
    adapter = bedrock_adapter_for()

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(conversation=conversations, given_tools=tools, choice=st.sampled_from([None, "auto", "none", "required"]))
    def accepted(conversation: list[dict[str, Any]], given_tools: list[dict[str, Any]], choice: str | None) -> None:
        request: dict[str, Any] = {"model": model, "messages": [*conversation, {"role": "user", "content": "Now?"}]}
        if given_tools and model != NO_TOOLS:
            request |= {"tools": given_tools, "tool_choice": choice}
        before = json.dumps(request)
        adapter.chat(request)
        assert json.dumps(request) == before

    accepted()


@given(conversation=conversations)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_no_result_is_lost(adapter: Adapter, conversation: list[dict[str, Any]]) -> None:
    marked = [
        {**message, "content": f"result {index}"} if message["role"] in ("tool", "function") else message
        for index, message in enumerate(conversation)
    ]
    request = {"model": CLAUDE, "messages": [*marked, {"role": "user", "content": "Now?"}]}
    sent = json.dumps(adapter.encode(request).requests[0].body)
    assert all(message["content"] in sent for message in marked if message["role"] in ("tool", "function"))
