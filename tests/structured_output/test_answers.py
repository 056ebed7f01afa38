"""Structured answers on the way to the client, streamed and not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_adapter import Adapter
from bedrock_adapter.errors import InvalidRequestError
from bedrock_adapter.streaming import fold
from bedrock_adapter.testing.emulator import BedrockEmulator, HttpError
from bedrock_adapter.testing.emulator.script import message
from bedrock_adapter.types import Json
from bedrock_adapter_plugins.structured_output.answers import Unfenced
from bedrock_adapter_plugins.tools.peeling import Peeler

from .conftest import ASK, CITY, CLAUDE, LLAMA, MISTRAL, NO_TOOLS, NOVA, WEATHER, Asker, use, wanted

PARIS = {"city": "Paris", "population": 2100000}
LIST = {"type": "array", "items": CITY}


def test_a_native_answer_is_the_content(ask: Asker) -> None:
    choice = ask(CLAUDE, [{"text": json.dumps(PARIS)}])
    assert (json.loads(choice["message"]["content"]), choice["finish_reason"]) == (PARIS, "stop")


@pytest.mark.parametrize("value", [[PARIS], [], "a }} b", 7, None, {"value": {"value": 1}}])
def test_a_wrapped_native_answer_is_taken_out(ask: Asker, value: Any) -> None:
    choice = ask(CLAUDE, [{"text": json.dumps({"value": value}, indent=2)}], response_format=wanted(LIST))
    assert json.loads(choice["message"]["content"]) == value


@pytest.mark.parametrize("model", [NOVA, MISTRAL, LLAMA])
def test_a_tools_arguments_are_the_content(ask: Asker, model: str) -> None:
    choice = ask(model, [{"text": "Here it is:"}, use("json_response", PARIS)], "tool_use")
    assert json.loads(choice["message"]["content"]) == PARIS
    assert choice["finish_reason"] == "stop"
    assert "tool_calls" not in choice["message"]


def test_a_tools_arguments_are_streamed(ask: Asker) -> None:
    ask(NOVA, [use("json_response", PARIS)], "tool_use")
    assert sum(bool(choice["delta"].get("content")) for chunk in ask.chunks for choice in chunk["choices"]) > 3


def test_wrapped_arguments_are_taken_out(ask: Asker) -> None:
    choice = ask(NOVA, [use("json_response", {"value": [PARIS, PARIS]})], "tool_use", response_format=wanted(LIST))
    assert json.loads(choice["message"]["content"]) == [PARIS, PARIS]


def test_the_clients_calls_pass(ask: Asker) -> None:
    choice = ask(NOVA, [{"text": "Let me see"}, use("get_weather", {"a": 1})], "tool_use", tools=[WEATHER])
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] == "Let me see"
    assert choice["message"]["tool_calls"][0]["function"]["name"] == "get_weather"


def test_both_kinds_of_calls_together(ask: Asker) -> None:
    content = [use("json_response", PARIS, "1"), use("get_weather", {}, "2"), use("json_response", {"no": 1}, "3")]
    choice = ask(NOVA, content, "tool_use", tools=[WEATHER])
    assert json.loads(choice["message"]["content"]) == PARIS
    assert [each["id"] for each in choice["message"]["tool_calls"]] == ["2"]
    assert choice["finish_reason"] == "tool_calls"


def test_a_cut_answer_says_so(ask: Asker) -> None:
    assert ask(NOVA, [use("json_response", PARIS)], "max_tokens")["finish_reason"] == "length"


def test_text_instead_of_the_call_is_the_answer(ask: Asker) -> None:
    choice = ask(LLAMA, [{"text": f"```json\n{json.dumps(PARIS)}\n```"}])
    assert json.loads(choice["message"]["content"]) == PARIS


@pytest.mark.parametrize("form", [wanted(), {"type": "json_object"}])
@pytest.mark.parametrize("text", ["```json\n{}\n```\n", "```\n{}\n```", " {}", "{}"])
def test_a_code_fence_is_no_json(ask: Asker, form: Json, text: str) -> None:
    assert json.loads(ask(NO_TOOLS, [{"text": text}], response_format=form)["message"]["content"]) == {}


def test_a_refused_output_config_is_replaced_and_remembered(
    ask: Asker, bedrock_emulator: BedrockEmulator, adapter: Adapter
) -> None:
    bedrock_emulator.script.next(
        HttpError(
            "ValidationException",
            "This model doesn't support the outputConfig field. Remove outputConfig and try again.",
        )
    )
    choice = ask(CLAUDE, [use("json_response", PARIS)], "tool_use")
    assert json.loads(choice["message"]["content"]) == PARIS
    assert [("outputConfig" in each.body) for each in bedrock_emulator.requests] == [True, False, False]
    assert ask.body["toolConfig"]["toolChoice"] == {"tool": {"name": "json_response"}}


@pytest.mark.parametrize(
    "text",
    ["output_config.format: Extra inputs are not permitted", "output_config.format.schema: the schema is too complex"],
)
def test_other_refusals_of_the_format(bedrock_emulator: BedrockEmulator, adapter: Adapter, text: str) -> None:
    bedrock_emulator.script.next(HttpError("ValidationException", f"The model returned the following errors: {text}"))
    bedrock_emulator.script.next(message(use("json_response", {"value": [PARIS]}), stop_reason="tool_use"))
    request = {"model": CLAUDE, "messages": [ASK], "response_format": wanted(LIST)}
    choice = fold(adapter.stream(request))["choices"][0]
    assert json.loads(choice["message"]["content"]) == [PARIS]
    again = adapter.encode(request).requests[0].body
    assert again is not None
    assert ("outputConfig" in again) is ("schema" in text)  # another schema may pass


def test_a_refusal_of_something_else_stays(bedrock_emulator: BedrockEmulator, adapter: Adapter) -> None:
    bedrock_emulator.script.next(HttpError("ValidationException", "foo.bar: Extra inputs are not permitted"))
    with pytest.raises(InvalidRequestError, match="Extra inputs"):
        adapter.chat({"model": CLAUDE, "messages": [ASK], "response_format": wanted()})


def test_a_refused_forced_call_is_asked_for(bedrock_emulator: BedrockEmulator, adapter: Adapter) -> None:
    bedrock_emulator.script.next(
        HttpError(
            "ValidationException",
            "This model doesn't support the toolConfig.toolChoice.tool field. Remove toolConfig.toolChoice.tool and try again.",
        )
    )
    adapter.chat({"model": NOVA, "messages": [ASK], "response_format": wanted()})
    body = bedrock_emulator.requests[-1].body
    assert "toolChoice" not in body["toolConfig"]
    assert "json_response" in body["system"][0]["text"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


def through(text: Any, pieces: str, cuts: list[int]) -> str:
    ends = sorted({min(cut, len(pieces)) for cut in cuts} | {len(pieces)})
    parts = [pieces[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    return "".join(text.feed(part) for part in parts) + str(text.close())


@given(value=json_values, indent=st.none() | st.integers(0, 3), cuts=st.lists(st.integers(0, 60)))
def test_a_wrapper_comes_off_however_the_text_is_cut(value: Any, indent: int | None, cuts: list[int]) -> None:
    assert json.loads(through(Peeler(), json.dumps({"value": value}, indent=indent), cuts)) == value


@given(value=json_values, cuts=st.lists(st.integers(0, 60)))
def test_text_without_a_wrapper_stays(value: Any, cuts: list[int]) -> None:
    if not (isinstance(value, dict) and next(iter(value), "") == "value"):
        assert json.loads(through(Peeler(), json.dumps(value), cuts)) == value


@given(value=json_values, language=st.sampled_from(["", "json", "JSON "]), cuts=st.lists(st.integers(0, 60)))
def test_a_fence_comes_off_however_the_text_is_cut(value: Any, language: str, cuts: list[int]) -> None:
    text = json.dumps(value)
    assert through(Unfenced(), f"```{language}\n{text}\n```\n", cuts) == text
    assert through(Unfenced(), text, cuts) == text
