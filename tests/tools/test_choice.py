"""`tool_choice` and `parallel_tool_calls` by what a family takes."""

from collections.abc import Callable
from typing import Any

import pytest

from bedrock_adapter import Adapter, RequestError
from bedrock_adapter.types import Json

from .conftest import ASK, CLAUDE, CLAUDE_AUTO, COHERE, LLAMA, MISTRAL, NOVA, called, result, tool

Encode = Callable[..., Json]
TOOLS = [tool("f"), tool("g.h")]


def named(name: str) -> Json:
    return {"type": "function", "function": {"name": name}}


def names(body: Json) -> list[str]:
    return [each["toolSpec"]["name"] for each in body["toolConfig"]["tools"]]


@pytest.mark.parametrize("choice", [None, "auto", {"type": "auto"}])
@pytest.mark.parametrize("model", [CLAUDE, COHERE])
def test_auto_is_said_by_silence(encode: Encode, model: str, choice: Any) -> None:
    body = encode(model, tools=TOOLS, tool_choice=choice)
    assert "toolChoice" not in body["toolConfig"]
    assert "system" not in body


@pytest.mark.parametrize("choice", ["required", "any", {"type": "required"}])
@pytest.mark.parametrize("model", [CLAUDE, NOVA, MISTRAL])
def test_required_is_any(encode: Encode, model: str, choice: Any) -> None:
    assert encode(model, tools=TOOLS, tool_choice=choice)["toolConfig"]["toolChoice"] == {"any": {}}


@pytest.mark.parametrize(
    "choice", [named("g.h"), {"type": "custom", "custom": {"name": "g.h"}}, {"type": "function", "name": "g.h"}]
)
def test_a_named_tool(encode: Encode, choice: Json) -> None:
    config = encode(CLAUDE, tools=TOOLS, tool_choice=choice)["toolConfig"]
    assert config["toolChoice"] == {"tool": {"name": "g_h"}}
    assert len(config["tools"]) == 2


def test_a_named_tool_where_the_family_knows_only_any(encode: Encode) -> None:
    body = encode(MISTRAL, tools=TOOLS, tool_choice=named("f"))
    assert (names(body), body["toolConfig"]["toolChoice"]) == (["f"], {"any": {}})


@pytest.mark.parametrize("model", [CLAUDE_AUTO, LLAMA, COHERE])
def test_a_family_that_cannot_be_forced_is_asked(
    encode: Encode, bedrock_adapter_for: Callable[..., Adapter], model: str
) -> None:
    body = encode(model, tools=TOOLS, tool_choice=named("f"))
    assert names(body) == ["f"]
    assert "toolChoice" not in body["toolConfig"]
    assert "the tool f" in body["system"][0]["text"]
    assert names(encode(model, tools=TOOLS, tool_choice="required")) == ["f", "g_h"]
    with pytest.raises(RequestError, match="cannot be forced"):
        bedrock_adapter_for(strict=True).encode(
            {"model": model, "messages": [ASK], "tools": TOOLS, "tool_choice": "required"}
        )


@pytest.mark.parametrize(("mode", "sent"), [("auto", None), ("required", {"any": {}})])
def test_allowed_tools_are_the_only_ones_offered(encode: Encode, mode: str, sent: Json | None) -> None:
    allowed = {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [named("g.h")]}}
    body = encode(CLAUDE, tools=TOOLS, tool_choice=allowed)
    assert (names(body), body["toolConfig"].get("toolChoice")) == (["g_h"], sent)


def test_none_without_history_sends_no_tools(encode: Encode) -> None:
    body = encode(CLAUDE, tools=TOOLS, tool_choice="none")
    assert "toolConfig" not in body
    assert "additionalModelRequestFields" not in body


HISTORY = [ASK, called(("1", "f", "{}")), result("1"), {"role": "user", "content": "And now?"}]


def test_none_with_history_keeps_the_tools_where_the_family_has_a_none(encode: Encode) -> None:
    body = encode(CLAUDE, *HISTORY, tools=TOOLS, tool_choice="none")
    assert names(body) == ["f", "g_h"]
    assert body["additionalModelRequestFields"] == {"tool_choice": {"type": "none"}}
    assert "toolChoice" not in body["toolConfig"]


def test_none_with_history_tells_calls_as_text_where_it_has_not(encode: Encode) -> None:
    body = encode(NOVA, *HISTORY, tools=TOOLS, tool_choice="none")
    assert "toolConfig" not in body
    assert body["messages"][1]["content"] == [{"text": "Tool call 1: f {}"}]
    assert body["messages"][2]["content"] == [{"text": "Result of the tool call 1:\n20 degrees"}, {"text": "And now?"}]


def test_a_choice_without_tools_is_dropped(adapter: Adapter) -> None:
    encoded = adapter.encode(
        {"model": CLAUDE, "messages": [ASK], "tool_choice": "required", "parallel_tool_calls": False}
    )
    assert encoded.requests[0].body is not None
    assert encoded.requests[0].body.keys() == {"messages"} | ({"inferenceConfig"} & encoded.requests[0].body.keys())
    assert [note[:2] for note in encoded.notes if note.plugin == "tools"] == [("tool_choice", "dropped")]


def test_parallel_calls_are_switched_off_where_there_is_a_switch(encode: Encode) -> None:
    body = encode(CLAUDE, tools=TOOLS, parallel_tool_calls=False)
    assert body["additionalModelRequestFields"] == {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}
    body = encode(CLAUDE, tools=TOOLS, parallel_tool_calls=False, tool_choice=named("f"))
    assert body["additionalModelRequestFields"] == {
        "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": True}
    }
    assert "toolChoice" not in body["toolConfig"]  # both places at once are refused
    assert "additionalModelRequestFields" not in encode(CLAUDE, tools=TOOLS, parallel_tool_calls=True)


def test_parallel_calls_are_noted_where_there_is_none(adapter: Adapter) -> None:
    request = {"model": NOVA, "messages": [ASK], "tools": TOOLS, "parallel_tool_calls": False}
    assert ("parallel_tool_calls", "ignored") in [note[:2] for note in adapter.encode(request).notes]


def test_tools_of_the_history_are_stood_in_for(encode: Encode) -> None:
    body = encode(NOVA, ASK, called(("1", "get-weather", "{}")), result("1"))
    assert names(body) == ["get_weather"]
    assert "not available" in body["toolConfig"]["tools"][0]["toolSpec"]["description"]
    assert encode(CLAUDE, *HISTORY)["additionalModelRequestFields"] == {"tool_choice": {"type": "none"}}
