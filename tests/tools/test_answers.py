"""Calls in answers, streamed and not."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from bedrock_adapter import Adapter
from bedrock_adapter.streaming import fold
from bedrock_adapter.testing.emulator import BedrockEmulator
from bedrock_adapter.testing.emulator.script import message
from bedrock_adapter.types import Json

from .conftest import ASK, CLAUDE, LLAMA, tool

UNION = {"anyOf": [{"type": "object", "properties": {"x": {"type": "integer"}}}, {"type": "array"}]}


def use(id_: str, name: str, given: Json, **members: Any) -> Json:
    return {"toolUse": {"toolUseId": id_, "name": name, "input": given, **members}}


def said(answer: Json) -> Json:
    """The choice, arguments compared as JSON: a stream has the model's white space."""
    choice = answer["choices"][0]
    message = dict(choice["message"])
    calls = [each.get("function", {}).get("arguments") for each in message.get("tool_calls", ())]
    message["tool_calls"] = [each.get("id") for each in message.get("tool_calls", ())]
    function = message.pop("function_call", {}).get("arguments")
    return {**choice, "message": message, "arguments": [given and json.loads(given) for given in [*calls, function]]}


class Asker:
    """Asks once complete and once streamed; both must say the same."""

    def __init__(self, adapter: Adapter, emulator: BedrockEmulator) -> None:
        self._adapter, self._emulator = adapter, emulator
        self.chunks: list[Json] = []

    def __call__(self, content: Iterable[Json], stop: str = "tool_use", **request: Any) -> Json:
        body = {"model": CLAUDE, "messages": [ASK], **request}
        content = list(content)
        self._emulator.script.next(message(*content, stop_reason=stop), times=2)
        answer = self._adapter.chat(body)
        self.chunks = list(self._adapter.stream(body))
        assert said(fold(self.chunks)) == said(answer)
        choice = answer["choices"][0]
        assert isinstance(choice, dict)
        return choice


@pytest.fixture
def ask(bedrock_emulator: BedrockEmulator, adapter: Adapter) -> Asker:
    return Asker(adapter, bedrock_emulator)


def test_calls_have_the_clients_names(ask: Asker) -> None:
    content = [{"text": "Let me see"}, use("1", "get_weather", {"city": "Shanghai"}), use("2", "made_up", {})]
    choice = ask(content, tools=[tool("get.weather")])
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] == "Let me see"
    assert [(each["id"], each["type"], each["function"]["name"]) for each in choice["message"]["tool_calls"]] == [
        ("1", "function", "get.weather"),
        ("2", "function", "made_up"),
    ]
    assert [json.loads(each["function"]["arguments"]) for each in choice["message"]["tool_calls"]] == [
        {"city": "Shanghai"},
        {},
    ]


def test_one_requests_names_are_not_anothers(ask: Asker) -> None:
    ask([use("1", "get_weather", {})], tools=[tool("get.weather")])
    choice = ask([use("1", "get_weather", {})], tools=[tool("get_weather")])
    assert choice["message"]["tool_calls"][0]["function"]["name"] == "get_weather"


@pytest.mark.parametrize("stop", ["tool_use", "max_tokens", "end_turn", "stop_sequence"])
def test_calls_are_kept_whatever_the_stop_reason(ask: Asker, stop: str) -> None:
    choice = ask([use("1", "f", {"a": 1})], stop, tools=[tool("f")])
    assert len(choice["message"]["tool_calls"]) == 1
    assert choice["finish_reason"] == ("length" if stop == "max_tokens" else "tool_calls")


@pytest.mark.parametrize("value", [{"x": 1}, [1, 2], {"value": 1}])
def test_wrapped_arguments_are_taken_out(ask: Asker, value: Any) -> None:
    wrapped = {"type": "function", "function": {"name": "u", "parameters": UNION}}
    choice = ask([use("1", "u", {"value": value}), use("2", "f", {"value": 3})], tools=[wrapped, tool("f")])
    assert [json.loads(each["function"]["arguments"]) for each in choice["message"]["tool_calls"]] == [
        value,
        {"value": 3},
    ]


def test_arguments_that_the_model_did_not_wrap_stay(ask: Asker) -> None:
    wrapped = {"type": "function", "function": {"name": "u", "parameters": UNION}}
    choice = ask([use("1", "u", {"x": 1})], tools=[wrapped])
    assert json.loads(choice["message"]["tool_calls"][0]["function"]["arguments"]) == {"x": 1}


def test_custom_tools_answer_with_their_input(ask: Asker) -> None:
    custom = {"type": "custom", "custom": {"name": "run.code"}}
    choice = ask([use("1", "run_code", {"input": 'print("x")'})], tools=[custom])
    assert choice["message"]["tool_calls"] == [
        {"id": "1", "type": "custom", "custom": {"name": "run.code", "input": 'print("x")'}}
    ]


def test_functions_answer_with_a_function_call(ask: Asker) -> None:
    choice = ask([use("1", "f_g", {"a": 1}), use("2", "f_g", {})], functions=[{"name": "f.g"}])
    assert choice["finish_reason"] == "function_call"
    assert "tool_calls" not in choice["message"]
    assert choice["message"]["function_call"]["name"] == "f.g"
    assert json.loads(choice["message"]["function_call"]["arguments"]) == {"a": 1}


def test_indexes_are_dense_and_deltas_go_to_their_call(bedrock_emulator: BedrockEmulator, adapter: Adapter) -> None:
    def start(block: int, id_: str) -> tuple[str, Json]:
        return "contentBlockStart", {"contentBlockIndex": block, "start": {"toolUse": {"toolUseId": id_, "name": "f"}}}

    def delta(block: int, text: str) -> tuple[str, Json]:
        return "contentBlockDelta", {"contentBlockIndex": block, "delta": {"toolUse": {"input": text}}}

    def stop(block: int) -> tuple[str, Json]:
        return "contentBlockStop", {"contentBlockIndex": block}

    events = [
        ("messageStart", {"role": "assistant"}),
        start(2, "a"), delta(2, '{"n":'), start(5, "b"), delta(5, '{"n":2'), delta(2, "1}"), start(7, "c"), delta(5, "}"),
        stop(7), stop(5), stop(2),
        ("messageStop", {"stopReason": "tool_use"}),
        ("metadata", {"usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}, "metrics": {"latencyMs": 1}}),
    ]  # fmt: skip
    bedrock_emulator.script.next(events)
    chunks = list(adapter.stream({"model": CLAUDE, "messages": [ASK], "tools": [tool("f")]}))
    calls = fold(chunks)["choices"][0]["message"]["tool_calls"]
    assert [(each["id"], each["function"]["arguments"]) for each in calls] == [
        ("a", '{"n":1}'),
        ("b", '{"n":2}'),
        ("c", "{}"),
    ]


def test_a_family_that_cannot_stream_tools_answers_by_one_call(
    bedrock_emulator: BedrockEmulator, adapter: Adapter
) -> None:
    content = [{"text": "Two at once"}, use("1", "f", {"a": 1}), use("2", "f", {"a": 2})]
    bedrock_emulator.script.next(message(*content, stop_reason="tool_use"))
    request = {"model": LLAMA, "messages": [ASK], "tools": [tool("f")], "stream_options": {"include_usage": True}}
    chunks = list(adapter.stream(request))
    assert [each.operation for each in bedrock_emulator.requests] == ["Converse"]
    answer = fold(chunks)
    assert answer["choices"][0]["message"]["content"] == "Two at once"
    assert [each["id"] for each in answer["choices"][0]["message"]["tool_calls"]] == ["1", "2"]
    assert answer["usage"]["total_tokens"] == 15


def test_text_that_looks_like_a_call_is_text(ask: Asker) -> None:
    text = '{"type":"function","name":"f","arguments":{}}'
    choice = ask([{"text": text}], "end_turn", tools=[tool("f")])
    assert choice["message"]["content"] == text
    assert "tool_calls" not in choice["message"]


def test_server_tools_are_no_calls(ask: Asker) -> None:
    content = [use("s", "nova_code_interpreter", {}, type="server_tool_use"), {"text": "4"}]
    choice = ask(content, tools=[tool("f")])
    assert (choice["finish_reason"], choice["message"].get("tool_calls")) == ("stop", None)


def test_a_finish_in_the_middle_of_a_wrapped_call_releases_it(
    bedrock_emulator: BedrockEmulator, adapter: Adapter
) -> None:
    events: list[tuple[str, Json]] = [
        ("messageStart", {"role": "assistant"}),
        ("contentBlockStart", {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "a", "name": "u"}}}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"toolUse": {"input": '{"value": {"x'}}}),
        ("messageStop", {"stopReason": "max_tokens"}),
    ]
    bedrock_emulator.script.next(events)
    wrapped = {"type": "function", "function": {"name": "u", "parameters": UNION}}
    choice = fold(adapter.stream({"model": CLAUDE, "messages": [ASK], "tools": [wrapped]}))["choices"][0]
    assert choice["finish_reason"] == "length"
    assert choice["message"]["tool_calls"][0]["function"]["arguments"] == '{"value": {"x'


def test_mapped_ids_come_back(bedrock_emulator: BedrockEmulator, adapter: Adapter) -> None:
    odd = "call 1"
    messages = [
        ASK,
        {
            "role": "assistant",
            "tool_calls": [{"id": odd, "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": odd, "content": "x"},
    ]
    request = {"model": CLAUDE, "messages": messages, "tools": [tool("f")]}
    body = adapter.encode(request).requests[0].body
    assert body is not None
    wire = body["messages"][1]["content"][0]["toolUse"]["toolUseId"]
    bedrock_emulator.script.next(message(use(wire, "f", {}), stop_reason="tool_use"))
    assert adapter.chat(request)["choices"][0]["message"]["tool_calls"][0]["id"] == odd
