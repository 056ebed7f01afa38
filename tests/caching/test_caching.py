"""Where cache points stand, for every family."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bedrock_adapter import Adapter, Note
from bedrock_adapter.errors import ConfigError, RequestError
from bedrock_adapter.testing.emulator import BedrockEmulator, HttpError
from bedrock_adapter.types import Json

Encode = Callable[..., tuple[Json, list[Note]]]
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
CLAUDE_5M = "us.anthropic.claude-3-7-sonnet-20250219-v1:0"
BOUND = "us.anthropic.claude-opus-5-5"
NOVA = "us.amazon.nova-lite-v1:0"
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"
EPHEMERAL = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}
POINT = {"cachePoint": {"type": "default"}}
POINT_1H = {"cachePoint": {"type": "default", "ttl": "1h"}}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
CSV = {"type": "file", "file": {"file_data": "data:text/csv;base64,YSxi", "filename": "a.csv"}}
PDF = {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0xLjQK", "filename": "a.pdf"}}


def text(said: str, mark: Any = None, name: str = "cache_control") -> dict[str, Any]:
    return {"type": "text", "text": said, **({name: mark} if mark is not None else {})}


def user(*parts: Any, **members: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(parts), **members}


def assistant(said: str, **members: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": said, **members}


def kinds(blocks: Any) -> list[str]:
    return [next(iter(block)) for block in blocks]


@pytest.fixture
def encode(bedrock_adapter_for: Callable[..., Adapter]) -> Encode:
    """`encode(messages, model=…, **fields)`: the body and the notes."""

    def run(
        *messages: Any, model: str = CLAUDE, options: Any = None, strict: bool = False, **fields: Any
    ) -> tuple[Json, list[Note]]:
        adapter = bedrock_adapter_for(strict=strict, options={"caching": options or {}})
        encoded = adapter.encode({"model": model, "messages": list(messages), **fields})
        body = encoded.requests[0].body
        assert body is not None
        return body, encoded.notes

    return run


# -- marks ------------------------------------------------------------------------------------------------------------


def test_marks_become_points_right_after_what_they_stand_on(encode: Encode) -> None:
    body, notes = encode(
        {"role": "system", "content": [text("a", EPHEMERAL), text("b")]},
        user(text("c", EPHEMERAL), text("d")),
        assistant("e"),
        user(text("f"), cache_control=EPHEMERAL),
        strict=True,
    )
    assert body["system"] == [{"text": "a"}, POINT, {"text": "b"}]
    assert [turn["content"] for turn in body["messages"]] == [
        [{"text": "c"}, POINT, {"text": "d"}],
        [{"text": "e"}],
        [{"text": "f"}, POINT],
    ]
    assert notes == []


def test_openais_breakpoints_are_the_same(encode: Encode) -> None:
    body, _ = encode(user(text("a", {"mode": "explicit"}, "prompt_cache_breakpoint"), text("b")))
    assert body["messages"][0]["content"] == [{"text": "a"}, POINT, {"text": "b"}]


def test_marks_on_tools(encode: Encode) -> None:
    body, _ = encode(user(text("a")), tools=[{**TOOL, "cache_control": EPHEMERAL}])
    assert body["toolConfig"]["tools"][1:] == [POINT]


def test_two_marks_on_one_place_are_one_point(encode: Encode) -> None:
    body, notes = encode(user(text("a", EPHEMERAL), cache_control=HOUR), strict=True)
    assert body["messages"][0]["content"] == [{"text": "a"}, POINT_1H]
    assert notes == []


def test_a_mark_on_a_tool_result_stands_behind_it(encode: Encode) -> None:
    call = {"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    for result in (
        {"role": "tool", "tool_call_id": "t1", "content": [text("r", EPHEMERAL)]},
        {"role": "tool", "tool_call_id": "t1", "content": "r", "cache_control": EPHEMERAL},
    ):
        body, _ = encode(user(text("a")), {"role": "assistant", "tool_calls": [call]}, result, tools=[TOOL])
        assert kinds(body["messages"][-1]["content"]) == ["toolResult", "cachePoint"]
        assert body["messages"][-1]["content"][0]["toolResult"]["content"] == [{"text": "r"}]


def test_a_mark_on_nothing_marks_what_is_before_it(encode: Encode) -> None:
    body, _ = encode(user(text("a")), assistant("b"), user(text(" ", EPHEMERAL), text("c")))
    assert body["messages"][1]["content"] == [{"text": "b"}, POINT]
    body, _ = encode(user(text("a")), assistant("", cache_control=EPHEMERAL), user(text("c")))
    assert body["messages"] == [{"role": "user", "content": [{"text": "a"}, POINT, {"text": "c"}]}]
    body, _ = encode(user(text("", EPHEMERAL), text("a")))
    assert body["messages"] == [{"role": "user", "content": [{"text": "a"}]}]
    body, _ = encode({"role": "system", "content": "s"}, user(text("", EPHEMERAL)))
    assert body["messages"] == [{"role": "user", "content": [{"text": "."}]}]


@pytest.mark.parametrize(
    ("mark", "param"),
    [
        (7, ""),
        ("ephemeral", ""),
        ([], ""),
        ({"type": "persistent"}, ".type"),
        ({"type": "ephemeral", "ttl": "2h"}, ".ttl"),
        ({"type": "ephemeral", "ttl": 5}, ".ttl"),
        ({"type": "ephemeral", "ttl": ["1h"]}, ".ttl"),
    ],
)
def test_malformed_marks_name_the_key(encode: Encode, mark: Any, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        encode(user(text("a", mark)))
    assert (caught.value.status, caught.value.param) == (400, "messages[0].content[0].cache_control" + param)


@pytest.mark.parametrize(
    ("field", "value", "param"),
    [
        ("cache_control", 7, "cache_control"),
        ("prompt_cache_options", 7, "prompt_cache_options"),
        ("prompt_cache_options", {"mode": "never"}, "prompt_cache_options.mode"),
        ("prompt_cache_options", {"ttl": "9h"}, "prompt_cache_options.ttl"),
        ("prompt_cache_retention", "forever", "prompt_cache_retention"),
        ("prompt_cache_retention", {}, "prompt_cache_retention"),
        ("prompt_caching", True, "prompt_caching"),
    ],
)
def test_malformed_fields_name_the_key(encode: Encode, field: str, value: Any, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        encode(user(text("a")), **{field: value})
    assert (caught.value.status, caught.value.param) == (400, param)


# -- time to live -----------------------------------------------------------------------------------------------------


def test_times_to_live(encode: Encode) -> None:
    body, notes = encode(user(text("a", HOUR), text("b", {"type": "ephemeral", "ttl": "5m"})), strict=True)
    assert body["messages"][0]["content"] == [{"text": "a"}, POINT_1H, {"text": "b"}, POINT]
    assert notes == []


def test_a_model_of_five_minutes_gets_five_minutes(encode: Encode) -> None:
    for model in (CLAUDE_5M, NOVA):
        body, notes = encode(user(text("a", HOUR), text("b", HOUR)), model=model)
        assert body["messages"][0]["content"] == [{"text": "a"}, POINT, {"text": "b"}, POINT]
        assert [note.action for note in notes if note.plugin == "caching"] == ["changed"]


@pytest.mark.parametrize(
    ("fields", "point"),
    [
        ({"prompt_cache_options": {"mode": "explicit", "ttl": "30m"}}, POINT),
        ({"prompt_cache_retention": "24h"}, POINT_1H),
        ({"prompt_cache_retention": "in_memory"}, POINT),
        ({"options": {"ttl": "1h"}}, POINT_1H),
        ({"options": {"ttl": "1h"}, "prompt_cache_options": {"mode": "explicit", "ttl": "30m"}}, POINT_1H),
    ],
)
def test_marks_that_name_none_have_the_requests_or_the_operators(encode: Encode, fields: Any, point: Any) -> None:
    body, _ = encode(user(text("a", {"mode": "explicit"}, "prompt_cache_breakpoint"), text("b")), **fields)
    assert body["messages"][0]["content"][1] == point


def test_points_before_one_of_an_hour_live_an_hour(encode: Encode) -> None:
    body, notes = encode(
        {"role": "system", "content": [text("s", EPHEMERAL)]}, user(text("a", HOUR), text("b", EPHEMERAL), text("c"))
    )
    assert body["system"][1] == POINT_1H
    assert body["messages"][0]["content"] == [{"text": "a"}, POINT_1H, {"text": "b"}, POINT, {"text": "c"}]
    assert [note.action for note in notes if note.plugin == "caching"] == ["changed"]


# -- families and sections --------------------------------------------------------------------------------------------


def test_models_without_caching_get_no_points_and_one_note(encode: Encode) -> None:
    body, notes = encode(
        {"role": "system", "content": [text("a", EPHEMERAL)]},
        user(text("b", EPHEMERAL), text("c", EPHEMERAL)),
        model=LLAMA,
    )
    assert "cachePoint" not in str(body)
    assert [(note.param, note.action) for note in notes] == [("messages[0].content[0].cache_control", "ignored")]


def test_nova_takes_none_in_tools_nor_beside_tool_blocks(encode: Encode) -> None:
    call = {"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    body, notes = encode(
        {"role": "system", "content": [text("s", EPHEMERAL)]},
        user(text("a", EPHEMERAL)),
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "t1", "content": "r"},
        user(text("b", EPHEMERAL)),
        model=NOVA,
        tools=[{**TOOL, "cache_control": EPHEMERAL}],
    )
    assert kinds(body["toolConfig"]["tools"]) == ["toolSpec"]
    assert kinds(body["system"]) == ["text", "cachePoint"]
    assert kinds(body["messages"][0]["content"]) == ["text", "cachePoint"]
    assert kinds(body["messages"][2]["content"]) == ["toolResult", "text"]
    assert [(note.param, note.action) for note in notes if note.plugin == "caching"] == [
        ("tools", "dropped"),
        ("messages", "dropped"),
    ]


def test_no_point_stands_right_after_reasoning(encode: Encode) -> None:
    thinking = [{"type": "thinking", "thinking": "hm", "signature": "c2ln"}]
    body, _ = encode(
        user(text("a")), {"role": "assistant", "content": None, "thinking_blocks": thinking, "cache_control": EPHEMERAL}, user(text("b")),
        thinking={"type": "enabled", "budget_tokens": 1024}, max_tokens=2000,
    )  # fmt: skip
    assert "cachePoint" not in str(body["messages"][1])


def test_nor_right_after_a_document_of_text(encode: Encode) -> None:
    body, _ = encode(user(text("a"), {**CSV, "cache_control": EPHEMERAL}, text("b")))
    content = body["messages"][0]["content"]
    assert kinds(content) == ["text", "document", "text", "cachePoint", "text"]
    assert content[2] == {"text": "\n"}
    body, _ = encode(user(text("a"), {**PDF, "cache_control": EPHEMERAL}, text("b")))
    assert kinds(body["messages"][0]["content"]) == ["text", "document", "cachePoint", "text"]


def test_the_last_four_points_stay(encode: Encode) -> None:
    body, notes = encode(
        {"role": "system", "content": [text("s", EPHEMERAL)]},
        user(*(text(str(number), EPHEMERAL) for number in range(5))),
        tools=[{**TOOL, "cache_control": EPHEMERAL}],
    )
    assert kinds(body["toolConfig"]["tools"]) == ["toolSpec"]
    assert kinds(body["system"]) == ["text"]
    assert kinds(body["messages"][0]["content"]) == ["text", "text", *["cachePoint", "text"] * 3, "cachePoint"]
    assert ["7 cache points" in note.reason for note in notes if note.plugin == "caching"] == [True]


# -- automatic --------------------------------------------------------------------------------------------------------

CONVERSATION = [
    {"role": "system", "content": "s"},
    user(text("a")),
    assistant("b"),
    user(text("c")),
    assistant("d"),
    user(text("e")),
]
AUTOMATIC = [
    {"cache_control": EPHEMERAL},
    {"prompt_cache_options": {}},
    {"prompt_cache_options": {"mode": "implicit", "ttl": "30m"}},
    {"options": {"auto": True}},
    {"prompt_caching": {"system": True, "messages": True}},
]


@pytest.mark.parametrize("fields", AUTOMATIC)
def test_automatic_points_cover_tools_system_and_the_last_two_requests(encode: Encode, fields: Any) -> None:
    body, notes = encode(*CONVERSATION, tools=[TOOL], strict=True, **fields)
    assert kinds(body["toolConfig"]["tools"]) == ["toolSpec", "cachePoint"]
    assert kinds(body["system"]) == ["text", "cachePoint"]
    assert [kinds(turn["content"]) for turn in body["messages"]] == [
        ["text"],
        ["text"],
        ["text", "cachePoint"],
        ["text"],
        ["text", "cachePoint"],
    ]
    assert notes == []


def test_marks_of_the_client_come_first(encode: Encode) -> None:
    marked = [user(text("1", EPHEMERAL), text("2", EPHEMERAL), text("3", EPHEMERAL)), assistant("b"), user(text("c"))]
    body, notes = encode({"role": "system", "content": "s"}, *marked, cache_control=EPHEMERAL, strict=True)
    assert kinds(body["system"]) == ["text"]
    assert kinds(body["messages"][2]["content"]) == ["text", "cachePoint"]
    assert notes == []
    body, _ = encode(*CONVERSATION[:-1], user(text("e", EPHEMERAL)), cache_control=EPHEMERAL)
    assert kinds(body["messages"][-1]["content"]) == ["text", "cachePoint"]


def test_explicit_mode_adds_none(encode: Encode) -> None:
    body, _ = encode(*CONVERSATION, prompt_cache_options={"mode": "explicit"}, options={"auto": True})
    assert "cachePoint" not in str(body)


def test_sections_by_switch(encode: Encode) -> None:
    body, _ = encode(*CONVERSATION, prompt_caching={"system": True, "messages": False})
    assert "cachePoint" in str(body["system"])
    assert "cachePoint" not in str(body["messages"])


def test_automatic_points_live_as_asked_and_end_a_document_rightly(encode: Encode) -> None:
    body, _ = encode(user(text("a"), CSV), cache_control=HOUR)
    assert body["messages"][0]["content"][2:] == [{"text": "\n"}, POINT_1H]


def test_automatic_points_follow_the_family(encode: Encode) -> None:
    body, notes = encode(*CONVERSATION, tools=[TOOL], model=NOVA, cache_control=EPHEMERAL)
    assert kinds(body["toolConfig"]["tools"]) == ["toolSpec"]
    assert kinds(body["system"]) == ["text", "cachePoint"]
    body, notes = encode(*CONVERSATION, model=LLAMA, cache_control=EPHEMERAL)
    assert "cachePoint" not in str(body)
    assert [note.param for note in notes] == ["cache_control"]
    _, notes = encode(*CONVERSATION, model=LLAMA, options={"auto": True}, strict=True)
    assert notes == []


def test_nova_gets_no_automatic_point_beside_tool_results(encode: Encode) -> None:
    call = {"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    loop = [{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "t1", "content": "r"}]
    body, _ = encode(user(text("a")), *loop, tools=[TOOL], model=NOVA, cache_control=EPHEMERAL)
    assert kinds(body["messages"][-1]["content"]) == ["toolResult"]
    assert kinds(body["messages"][0]["content"]) == ["text", "cachePoint"]
    body, _ = encode(user(text("a")), *loop, tools=[TOOL], cache_control=EPHEMERAL)
    assert kinds(body["messages"][-1]["content"]) == ["toolResult", "cachePoint"]


def test_a_prefix_that_thinking_is_bound_to_stays_the_same(encode: Encode) -> None:
    """Of one request and the next, what the first one sent is the beginning of what the second one sends."""
    first, _ = encode(*CONVERSATION[:2], model=BOUND, tools=[TOOL], cache_control=EPHEMERAL)
    second, _ = encode(*CONVERSATION[:4], model=BOUND, tools=[TOOL], cache_control=EPHEMERAL)
    third, _ = encode(*CONVERSATION, model=BOUND, tools=[TOOL], cache_control=EPHEMERAL)
    assert "cachePoint" in str(first["messages"])
    for before, after in ((first, second), (second, third)):
        assert after["toolConfig"] == before["toolConfig"]
        assert after["system"] == before["system"]
        assert after["messages"][: len(before["messages"])] == before["messages"]


# -- with Bedrock -----------------------------------------------------------------------------------------------------


def test_usage_shows_writes_and_reads(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator
) -> None:
    adapter = bedrock_adapter_for()
    long = "all work and no play " * 2000
    asked = {"model": CLAUDE, "messages": [user(text(long, EPHEMERAL), text("why?"))]}
    first, second = adapter.chat(asked)["usage"], adapter.chat(asked)["usage"]
    written = first["prompt_tokens_details"]["cache_write_tokens"]
    assert written > 1024
    assert first["prompt_tokens_details"]["cached_tokens"] == 0
    assert second["prompt_tokens_details"] == {"cached_tokens": written}
    assert first["prompt_tokens"] == second["prompt_tokens"] > written


@pytest.mark.parametrize(
    ("code", "status", "message"),
    [
        ("AccessDeniedException", 403, "You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more information."),
        ("ValidationException", 400, "This model doesn't support the cachePoint field. Remove cachePoint and try again."),
        ("ValidationException", 400, "The model returned the following errors: Malformed input request: #/messages/0/content/1: extraneous key [cachePoint] is not permitted"),
    ],
)  # fmt: skip
def test_a_refusal_of_points_is_mended_once(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator, code: str, status: int, message: str
) -> None:
    bedrock_emulator.script.next(HttpError(code, message, status))
    asked = {"model": CLAUDE, "messages": [user(text("a", EPHEMERAL), text("b"))]}
    answer = bedrock_adapter_for().chat(asked)
    assert answer["choices"]
    first, second = bedrock_emulator.requests
    assert "cachePoint" in str(first.body)
    assert "cachePoint" not in str(second.body)


marks = st.sampled_from([None, None, EPHEMERAL, HOUR])
parts = st.one_of(
    st.tuples(st.sampled_from(["a", " ", "", "b"]), marks).map(lambda pair: text(pair[0], pair[1])),
    st.tuples(st.sampled_from([CSV, PDF]), marks).map(lambda pair: {**pair[0], **({"cache_control": pair[1]} if pair[1] else {})}),
)  # fmt: skip
messages = st.lists(
    st.one_of(
        st.tuples(st.lists(parts, max_size=4), marks).map(lambda pair: {"role": "user", "content": pair[0], "cache_control": pair[1]}),
        st.tuples(st.sampled_from(["x", ""]), marks).map(lambda pair: {"role": "assistant", "content": pair[0], "cache_control": pair[1]}),
        st.tuples(st.sampled_from(["s", ""]), marks).map(lambda pair: {"role": "system", "content": [text(pair[0], pair[1])]}),
    ),
    max_size=6,
)  # fmt: skip


@pytest.fixture
def adapter(bedrock_emulator: BedrockEmulator, bedrock_adapter_for: Callable[..., Adapter]) -> Adapter:
    return bedrock_adapter_for()


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages, marks, st.booleans(), st.sampled_from([CLAUDE, CLAUDE_5M, NOVA, LLAMA]))
def test_whatever_is_marked_bedrock_takes_it(
    adapter: Adapter, said: Any, mark: Any, automatic: bool, model: str
) -> None:
    tool = {**TOOL, "cache_control": mark} if mark else TOOL
    fields = {"cache_control": EPHEMERAL} if automatic else {}
    assume(str(said).count("file_data") <= 5)  # Bedrock's limit
    said = [message for message in said if model != LLAMA or "document" not in str(message)]
    asked = {"model": model, "messages": [*said, user(text("end"))], "tools": [tool], **fields}
    answer = adapter.chat(asked)
    assert answer["choices"]


@pytest.mark.parametrize("options", [{"auto": "maybe"}, {"ttl": "2h"}])
def test_options_that_cannot_work_are_refused(bedrock_adapter_for: Callable[..., Adapter], options: Any) -> None:
    with pytest.raises(ConfigError):
        bedrock_adapter_for(options={"caching": options}).encode({"model": CLAUDE, "messages": [user(text("a"))]})


@pytest.mark.parametrize(
    ("model", "fields", "noted"),
    [
        (LLAMA, {"prompt_cache_options": {"mode": "explicit"}}, []),
        (LLAMA, {"prompt_cache_options": {}}, ["prompt_cache_options"]),
        (LLAMA, {"prompt_cache_retention": "24h"}, ["prompt_cache_retention"]),
        (LLAMA, {"prompt_caching": {"system": True}}, ["prompt_caching"]),
        (CLAUDE, {"prompt_cache_retention": "24h"}, ["prompt_cache_retention"]),
        (CLAUDE, {"prompt_cache_retention": "24h", "cache_control": EPHEMERAL}, []),
    ],
)
def test_what_has_no_effect_is_noted(encode: Encode, model: str, fields: Any, noted: list[str]) -> None:
    _, notes = encode(user(text("a")), model=model, **fields)
    assert [note.param for note in notes] == noted


# -- work ----------------------------------------------------------------------------------------------------------------


def test_many_marks_in_a_turn_are_no_quadratic_work(encode: Encode) -> None:
    def work(count: int) -> int:
        turn = user(*(text("x", EPHEMERAL) for _ in range(count)))
        calls = 0

        def counted(frame: Any, event: str, argument: Any) -> None:
            nonlocal calls
            calls += event == "call"

        before = sys.getprofile()
        sys.setprofile(counted)
        try:
            encode(turn, model=NOVA)
        finally:
            sys.setprofile(before)
        return calls

    work(1)  # what is done once
    few, more, most = (work(count) for count in (20, 40, 80))
    assert most - more <= 3 * (more - few), (few, more, most)
