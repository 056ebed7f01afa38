"""Refusals that a model gives although its profile does not say so."""

from collections.abc import Callable

import pytest

from bedrock_adapter import Adapter, Call, Route, Stage, Step, hookimpl
from bedrock_adapter.errors import InvalidRequestError
from bedrock_adapter.streaming import fold
from bedrock_adapter.testing.emulator import BedrockEmulator, HttpError
from bedrock_adapter.testing.emulator.script import message
from bedrock_adapter.types import Json

from .conftest import ASK, CLAUDE, tool


def refusal(text: str) -> HttpError:
    return HttpError("ValidationException", text)


def field(name: str) -> HttpError:
    return refusal(f"This model doesn't support the {name} field. Remove {name} and try again.")


@pytest.mark.parametrize(
    "text",
    [
        "This model doesn't support the toolConfig.toolChoice.any field. Remove toolConfig.toolChoice.any and try again.",
        'The model returned the following errors: tool_choice: type "tool" and "any" are not supported for this model.',
        "The model returned the following errors: Thinking may not be enabled when tool_choice forces tool use.",
    ],
)
@pytest.mark.parametrize("parallel", [None, False])
def test_a_refused_choice_is_dropped(
    bedrock_emulator: BedrockEmulator, adapter: Adapter, text: str, parallel: bool | None
) -> None:
    bedrock_emulator.script.next(refusal(text))
    request = {
        "model": CLAUDE,
        "messages": [ASK],
        "tools": [tool("f")],
        "tool_choice": "required",
        "parallel_tool_calls": parallel,
    }
    adapter.chat(request)
    body = bedrock_emulator.requests[-1].body
    assert "toolChoice" not in body["toolConfig"]
    assert "tool_choice" not in body.get("additionalModelRequestFields", {})
    assert len(bedrock_emulator.requests) == 2


def test_a_refused_stream_is_made_of_one_answer(bedrock_emulator: BedrockEmulator, adapter: Adapter) -> None:
    bedrock_emulator.script.next(refusal("This model doesn't support tool use in streaming mode."))
    bedrock_emulator.script.next(
        message({"toolUse": {"toolUseId": "1", "name": "f", "input": {}}}, stop_reason="tool_use")
    )
    chunks = list(adapter.stream({"model": CLAUDE, "messages": [ASK], "tools": [tool("f")]}))
    assert fold(chunks)["choices"][0]["message"]["tool_calls"][0]["id"] == "1"
    assert [each.operation for each in bedrock_emulator.requests] == ["ConverseStream", "Converse"]


@pytest.mark.parametrize(
    "text", ["compiled grammar is too large", "tools.0.custom.strict: Extra inputs are not permitted"]
)
def test_refused_constraints_are_dropped(bedrock_emulator: BedrockEmulator, adapter: Adapter, text: str) -> None:
    bedrock_emulator.script.next(refusal(text))
    adapter.chat({"model": CLAUDE, "messages": [ASK], "tools": [tool("f", strict=True)]})
    assert "strict" not in bedrock_emulator.requests[-1].body["toolConfig"]["tools"][0]["toolSpec"]


@pytest.mark.parametrize(
    ("name", "by", "gone"),
    [
        ("temperature", "refused_fields", lambda body: "inferenceConfig" not in body),
        ("inferenceConfig.temperature", "refused_fields", lambda body: "inferenceConfig" not in body),
        (
            "toolConfig.tools.toolSpec.strict",
            "tools",
            lambda body: "strict" not in body["toolConfig"]["tools"][0]["toolSpec"],
        ),
        ("status", "refused_fields", lambda body: "status" not in body["messages"][2]["content"][0]["toolResult"]),
    ],
)
def test_any_field_refused_by_name_is_removed(
    bedrock_emulator: BedrockEmulator, adapter: Adapter, name: str, by: str, gone: Callable[[Json], bool]
) -> None:
    status = {"type": "object", "properties": {"status": {"type": "string"}, "temperature": {"type": "number"}}}
    messages = [
        ASK,
        {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": '{"status":"x"}'}}]},
        {"role": "tool", "tool_call_id": "a", "content": "no", "is_error": True},
    ]
    tools = [{"type": "function", "function": {"name": "f", "parameters": status, "strict": True}}]
    bedrock_emulator.script.next(field(name))
    answer = adapter._portal.run(
        adapter.aanswer({"model": CLAUDE, "messages": messages, "tools": tools, "temperature": 0.5})
    )
    body = bedrock_emulator.requests[-1].body
    assert gone(body)
    assert set(body["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"]["properties"]) == {
        "status",
        "temperature",
    }
    assert body["messages"][1]["content"][0]["toolUse"]["input"] == {"status": "x"}
    assert [note.plugin for note in answer.notes if "refused" in note.reason] == [by]


class Points:
    """Puts a cache point into the system prompt."""

    @hookimpl
    def bedrock_transform_request(self, route: Route) -> Step:
        def add(call: Call) -> None:
            call.body["system"] = [{"text": "s"}, {"cachePoint": {"type": "default"}}]

        return Step(Stage.FINAL, add)


def test_cache_points_refused_are_removed_everywhere(bedrock_emulator: BedrockEmulator, adapter: Adapter) -> None:
    bedrock_emulator.script.next(field("cachePoint"))
    adapter.register(Points())
    adapter.chat({"model": CLAUDE, "messages": [ASK]})
    assert bedrock_emulator.requests[-1].body["system"] == [{"text": "s"}]


@pytest.mark.parametrize("name", ["messages", "text", "unheard_of"])
def test_what_is_needed_or_absent_stays_an_error(
    bedrock_emulator: BedrockEmulator, adapter: Adapter, name: str
) -> None:
    bedrock_emulator.script.next(field(name))
    with pytest.raises(InvalidRequestError, match=name):
        adapter.chat({"model": CLAUDE, "messages": [ASK]})
    assert len(bedrock_emulator.requests) == 1
