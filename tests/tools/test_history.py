"""Calls and results of the history."""

from collections.abc import Callable
from typing import Any

import pytest

from bedrock_adapter import Adapter, Call, Converter, RequestError, Route, hookimpl
from bedrock_adapter.types import Json

from .conftest import ASK, CLAUDE, GPT_OSS, LLAMA, LLAMA_4, MISTRAL, NO_TOOLS, NOVA, WRITER, called, result, tool

Encode = Callable[..., Json]
NOW = {"role": "user", "content": "And now?"}


def shape(body: Json) -> list[tuple[str, list[str]]]:
    """Roles with kinds of blocks; calls and results with their ids."""

    def said(block: Json) -> str:
        kind = next(iter(block))
        return f"{kind} {block[kind]['toolUseId']}" if kind in ("toolUse", "toolResult") else kind

    return [(turn["role"], [said(block) for block in turn["content"]]) for turn in body["messages"]]


def results(body: Json) -> dict[str, Json]:
    blocks = [block["toolResult"] for turn in body["messages"] for block in turn["content"] if "toolResult" in block]
    return {block["toolUseId"]: block for block in blocks}


def inputs(body: Json) -> list[Any]:
    return [block["toolUse"]["input"] for turn in body["messages"] for block in turn["content"] if "toolUse" in block]


def test_parallel_results_are_one_turn_in_the_order_of_calls(encode: Encode) -> None:
    body = encode(CLAUDE, ASK, called(("a", "f", "{}"), ("b", "f", "{}")), result("b"), result("a"), NOW)
    assert shape(body)[1:] == [
        ("assistant", ["toolUse a", "toolUse b"]),
        ("user", ["toolResult a", "toolResult b", "text"]),
    ]


def test_empty_ids_pair_in_order(encode: Encode) -> None:
    body = encode(CLAUDE, ASK, called(("", "a", "{}"), ("", "b", "{}")), result("", "first"), result("", "second"))
    uses = [block["toolUse"]["toolUseId"] for block in body["messages"][1]["content"]]
    assert len(set(uses)) == 2
    assert all(uses)
    assert [results(body)[use]["content"][0]["text"] for use in uses] == ["first", "second"]


def test_a_missing_result_is_an_error(encode: Encode) -> None:
    body = encode(CLAUDE, ASK, called(("a", "f", "{}"), ("b", "g", "{}")), result("b"))
    assert results(body)["a"]["status"] == "error"
    assert "no result" in results(body)["a"]["content"][0]["text"]
    assert "status" not in results(encode(WRITER, ASK, called(("a", "f", "{}")), NOW))["a"]


def test_calls_at_the_end_are_answered(encode: Encode) -> None:
    assert shape(encode(NOVA, ASK, called(("a", "f", "{}"))))[2:] == [("user", ["toolResult a"])]


def test_an_orphan_is_text(encode: Encode) -> None:
    body = encode(CLAUDE, ASK, result("z", "it rains"), NOW)
    assert shape(body) == [("user", ["text", "text", "text"])]
    assert "it rains" in body["messages"][0]["content"][1]["text"]
    assert "toolConfig" not in body


def test_a_late_result_is_moved_to_its_call(encode: Encode) -> None:
    late = [ASK, called(("a", "f", "{}")), NOW, {"role": "assistant", "content": "Wait"}, result("a", "late"), NOW]
    body = encode(CLAUDE, *late)
    assert shape(body)[1:] == [
        ("assistant", ["toolUse a"]),
        ("user", ["toolResult a", "text"]),
        ("assistant", ["text"]),
        ("user", ["text"]),
    ]
    assert results(body)["a"]["content"] == [{"text": "late"}]


def test_a_turn_left_empty_goes(encode: Encode) -> None:
    body = encode(
        CLAUDE,
        ASK,
        called(("a", "f", "{}")),
        NOW,
        {"role": "assistant", "content": "Wait"},
        result("a"),
        called(("b", "f", "{}")),
    )
    assert shape(body)[3:] == [("assistant", ["text", "toolUse b"]), ("user", ["toolResult b"])]


def test_a_result_before_its_call_follows_it(encode: Encode) -> None:
    body = encode(CLAUDE, ASK, result("a", "early"), called(("a", "f", "{}")), NOW)
    assert results(body)["a"]["content"] == [{"text": "early"}]


def test_two_results_of_one_call(encode: Encode) -> None:
    same = encode(CLAUDE, ASK, called(("a", "f", "{}")), result("a", "x"), result("a", "x"))
    assert results(same)["a"]["content"] == [{"text": "x"}]
    other = encode(CLAUDE, ASK, called(("a", "f", "{}")), result("a", "x"), result("a", "y"))
    assert results(other)["a"]["content"] == [{"text": "x"}, {"text": "y"}]


def test_different_calls_with_one_id_are_told_apart(encode: Encode) -> None:
    both = called(("a", "f", '{"n":1}'), ("a", "f", '{"n":2}'))
    body = encode(CLAUDE, ASK, both, result("a", "one"), result("a", "two"))
    first, second = results(body)
    assert first == "a" != second
    assert [results(body)[first]["content"], results(body)[second]["content"]] == [[{"text": "one"}], [{"text": "two"}]]
    assert shape(body)[1] == ("assistant", ["toolUse a", f"toolUse {second}"])


def test_an_id_used_again_in_a_later_turn(encode: Encode) -> None:
    body = encode(
        CLAUDE, ASK, called(("0", "f", "{}")), result("0", "one"), called(("0", "f", "{}")), result("0", "two")
    )
    assert [block["content"][0]["text"] for block in results(body).values()] == ["one", "two"]


def test_a_call_sent_twice_is_one(encode: Encode) -> None:
    body = encode(CLAUDE, ASK, called(("a", "f", "{}"), ("a", "f", "{}")), result("a"))
    assert shape(body)[1:] == [("assistant", ["toolUse a"]), ("user", ["toolResult a"])]


@pytest.mark.parametrize(
    "content", ["", " \n", None, [], [{"type": "text", "text": ""}], [{"type": "text", "text": " "}]]
)
def test_a_blank_result_says_so(encode: Encode, content: Any) -> None:
    body = encode(CLAUDE, ASK, called(("a", "f", "{}")), result("a", content))
    assert results(body)["a"]["content"] == [{"text": "(no output)"}]


@pytest.mark.parametrize("failed", [{"is_error": True}, {"status": "error"}])
def test_a_failed_call_has_its_status(encode: Encode, failed: Json) -> None:
    failing = [ASK, called(("a", "f", "{}")), result("a", "boom", **failed)]
    assert results(encode(CLAUDE, *failing))["a"] == {
        "toolUseId": "a",
        "content": [{"text": "boom"}],
        "status": "error",
    }
    assert results(encode(WRITER, *failing))["a"]["content"] == [{"text": "The tool call failed:"}, {"text": "boom"}]


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ("", {}),
        ("  ", {}),
        (None, {}),
        ('{"a":1}', {"a": 1}),
        ({"a": 1}, {"a": 1}),
        ('"{\\"a\\":1}"', {"a": 1}),
        ("[1]", {"value": [1]}),
        ('"text"', {"value": "text"}),
        ("{broken", {"_raw": "{broken"}),
        ('{"a":1}{"b":2}', {"_raw": '{"a":1}{"b":2}'}),
        ("[" * 100_000, {"_raw": "[" * 100_000}),
        ('{"n":123456789012345678901234567890}', {"n": 123456789012345678901234567890}),
    ],
)
def test_arguments_are_an_object_on_the_wire(encode: Encode, arguments: Any, sent: Json) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": arguments}}
    body = encode(CLAUDE, ASK, {"role": "assistant", "tool_calls": [call]}, result("a"))
    assert inputs(body) == [sent]


def test_custom_calls_and_wrapped_arguments_look_as_their_definitions(encode: Encode) -> None:
    custom = {"id": "a", "type": "custom", "custom": {"name": "run", "input": "print(1)"}}
    body = encode(CLAUDE, ASK, {"role": "assistant", "tool_calls": [custom]}, result("a"))
    assert inputs(body) == [{"input": "print(1)"}]
    union = {"type": "function", "function": {"name": "u", "parameters": {"anyOf": [{"type": "object"}]}}}
    assert inputs(encode(CLAUDE, ASK, called(("a", "u", '{"x":1}')), result("a"), tools=[union])) == [
        {"value": {"x": 1}}
    ]


def test_deprecated_function_calls_pair_by_name(encode: Encode) -> None:
    def calls(name: str) -> Json:
        return {"role": "assistant", "content": None, "function_call": {"name": name, "arguments": "{}"}}

    def answers(name: str, text: str) -> Json:
        return {"role": "function", "name": name, "content": text}

    body = encode(CLAUDE, ASK, calls("f"), answers("f", "one"), calls("f"), answers("f", "two"), answers("g", "lost"))
    assert [block["content"][0]["text"] for block in results(body).values()] == ["one", "two"]
    assert "lost" in body["messages"][-1]["content"][-1]["text"]


def test_ids_outside_the_pattern_are_mapped_in_pairs(encode: Encode) -> None:
    body = encode(
        CLAUDE,
        ASK,
        called(("functions.f:0", "f", "{}"), ("x" * 70, "f", "{}")),
        result("functions.f:0"),
        result("x" * 70),
    )
    ids = list(results(body))
    assert shape(body)[1] == ("assistant", [f"toolUse {id_}" for id_ in ids])
    assert all(len(id_) <= 64 and id_.replace("_", "").isalnum() for id_ in ids)
    kept = encode(GPT_OSS, ASK, called(("functions.f:0", "f", "{}")), result("functions.f:0"))
    assert list(results(kept)) == ["functions.f:0"]


def test_nothing_shares_a_turn_with_tools_where_the_family_refuses_it(encode: Encode) -> None:
    body = encode(LLAMA, ASK, called(("a", "f", "{}"), content="Let me see"), result("a"), NOW)
    assert shape(body) == [
        ("user", ["text"]),
        ("assistant", ["text"]),
        ("user", ["text"]),
        ("assistant", ["toolUse a"]),
        ("user", ["toolResult a"]),
        ("assistant", ["text"]),
        ("user", ["text"]),
    ]


class Pictures:
    """A kind of part that becomes the block it holds, to stand for media."""

    @hookimpl
    def bedrock_content_converters(self, route: Route) -> list[Converter]:
        def block(call: Call, part: Any, path: str) -> list[Json]:
            return [part["block"]]

        return [Converter("part", "owl_block", block)]


IMAGE = {"image": {"format": "png", "source": {"bytes": "AA=="}}}
PDF = {"document": {"format": "pdf", "name": "a", "source": {"bytes": "AA=="}}}


@pytest.mark.parametrize(
    ("model", "block", "shaped"),
    [
        (CLAUDE, IMAGE, [("user", ["toolResult a"])]),
        (CLAUDE, PDF, [("user", ["toolResult a"])]),
        (NOVA, PDF, [("user", ["toolResult a", "text", "document"])]),
        (LLAMA_4, IMAGE, [("user", ["toolResult a"])]),
        (WRITER, IMAGE, [("user", ["toolResult a"]), ("assistant", ["text"]), ("user", ["text", "image"])]),
    ],
)
def test_media_stay_in_a_result_where_the_family_takes_them(
    bedrock_adapter_for: Callable[..., Adapter], model: str, block: Json, shaped: list[Any]
) -> None:
    adapter = bedrock_adapter_for(Pictures())
    content = [{"type": "text", "text": "see"}, {"type": "owl_block", "block": block}]
    request = {"model": model, "messages": [ASK, called(("a", "f", "{}")), result("a", content)]}
    body = adapter.encode(request).requests[0].body
    assert body is not None
    assert shape(body)[2:] == shaped
    assert results(body)["a"]["content"][0] == {"text": "see"}


def test_a_document_beside_a_result_has_its_own_turn_on_claude(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for(Pictures())
    more = {"role": "user", "content": [{"type": "text", "text": "And this"}, {"type": "owl_block", "block": PDF}]}
    body = (
        adapter.encode({"model": CLAUDE, "messages": [ASK, called(("a", "f", "{}")), result("a"), more]})
        .requests[0]
        .body
    )
    assert body is not None
    assert shape(body)[2:] == [("user", ["toolResult a"]), ("assistant", ["text"]), ("user", ["text", "document"])]


def test_a_model_without_tool_use_is_told_the_history(encode: Encode) -> None:
    body = encode(NO_TOOLS, ASK, called(("a", "f", '{"x":1}')), result("a", "sunny"), NOW)
    assert shape(body) == [("user", ["text"]), ("assistant", ["text"]), ("user", ["text", "text"])]
    assert body["messages"][1]["content"][0]["text"] == 'Tool call a: f {"x":1}'


def test_repairs_are_noted(adapter: Adapter) -> None:
    request = {"model": CLAUDE, "messages": [ASK, called(("a", "f", "{}")), NOW, result("z")]}
    reasons = " ".join(note.reason for note in adapter.encode(request).notes)
    assert "had no result" in reasons
    assert "answers no call" in reasons


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"role": "tool", "content": "x"}, "messages[1].tool_call_id"),
        ({"role": "tool", "tool_call_id": 1, "content": "x"}, "messages[1].tool_call_id"),
        ({"role": "tool", "tool_call_id": "a", "content": 1}, "messages[1].content"),
        ({"role": "tool", "tool_call_id": "a", "content": [1]}, "messages[1].content[0]"),
        ({"role": "tool", "tool_call_id": "a", "content": [{"type": "x"}]}, "messages[1].content[0].type"),
        ({"role": "tool", "tool_call_id": "a", "content": [{"type": []}]}, "messages[1].content[0].type"),
        ({"role": "function", "content": "x"}, "messages[1].name"),
        ({"role": "assistant", "tool_calls": "x"}, "messages[1].tool_calls"),
        ({"role": "assistant", "tool_calls": [1]}, "messages[1].tool_calls[0]"),
        ({"role": "assistant", "tool_calls": [{"id": "a", "type": "x"}]}, "messages[1].tool_calls[0].type"),
        ({"role": "assistant", "tool_calls": [{"id": None}]}, "messages[1].tool_calls[0].id"),
        ({"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": ""}}]}, "messages[1].tool_calls[0].function.name"),
        ({"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": 1}}]}, "messages[1].tool_calls[0].function.arguments"),
        ({"role": "assistant", "tool_calls": [{"id": "a", "type": "custom", "custom": {"name": "c", "input": 1}}]}, "messages[1].tool_calls[0].custom.input"),
        ({"role": "assistant", "function_call": "f"}, "messages[1].function_call"),
    ],
)  # fmt: skip
def test_malformed_history_is_named(encode: Encode, message: Json, param: str) -> None:
    with pytest.raises(RequestError) as refused:
        encode(CLAUDE, ASK, message, tools=[tool("f")])
    assert (refused.value.status, refused.value.param) == (400, param)


def test_ids_of_bedrocks_own_stay_where_a_family_wants_others(encode: Encode) -> None:
    kept = encode(MISTRAL, ASK, called(("tooluse_aB3-x_9", "f", "{}")), result("tooluse_aB3-x_9"))
    assert list(results(kept)) == ["tooluse_aB3-x_9"]
    (mapped,) = results(encode(MISTRAL, ASK, called(("call_abc", "f", "{}")), result("call_abc")))
    assert len(mapped) == 9
    assert mapped.isalnum()
