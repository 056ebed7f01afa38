"""Bedrock's answers as OpenAI's: unary and streamed, one path for both."""

import json
import types
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_adapter import Adapter, PluginError, ServiceError, Stage, StreamStep, WireResponse, hookimpl
from bedrock_adapter.errors import ModelFailedError, StreamTruncatedError, ThrottledError
from bedrock_adapter.streaming import fold
from bedrock_adapter.testing.scripted import ScriptedTransport, converse_events, converse_response, event_frames
from bedrock_adapter.types import Event

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
REQUEST = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]}
STREAM = {**REQUEST, "stream": True, "stream_options": {"include_usage": True}}


@pytest.fixture
def answer(bedrock_adapter_for: Callable[..., Adapter]) -> Callable[..., dict[str, Any]]:
    def run(response: Any, **fields: Any) -> dict[str, Any]:
        return bedrock_adapter_for(transport=ScriptedTransport(response)).chat({**REQUEST, **fields})

    return run


@pytest.fixture
def chunks(bedrock_adapter_for: Callable[..., Adapter]) -> Callable[..., list[dict[str, Any]]]:
    def run(events: list[Event], **fields: Any) -> list[dict[str, Any]]:
        return list(bedrock_adapter_for(transport=ScriptedTransport(events)).stream({**STREAM, **fields}))

    return run


def message(body: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = body["choices"][0]["message"]
    return result


def tool(name: str, arguments: Any, call_id: str = "t1", **more: Any) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": call_id, "name": name, "input": arguments, **more}}


def test_a_complete_answer(answer: Callable[..., Any]) -> None:
    body = answer(converse_response("Hello"))
    assert body["id"].startswith("chatcmpl-")
    assert body["object"] == "chat.completion"
    assert body["model"] == MODEL
    assert isinstance(body["created"], int)
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": "Hello", "refusal": None},
        "logprobs": None,
        "finish_reason": "stop",
    }
    assert body["choices"] == [choice]
    usage = {
        "prompt_tokens": 7,
        "completion_tokens": 5,
        "total_tokens": 12,
        "prompt_tokens_details": {"cached_tokens": 0},
    }
    assert body["usage"] == usage


def test_all_text_is_kept_beside_tool_calls(answer: Callable[..., Any]) -> None:
    body = answer(converse_response("One. ", "Two. ", tool("f", {"a": 1}), "Three.", stop_reason="max_tokens"))
    assert message(body)["content"] == "One. Two. Three."
    assert [call["function"] for call in message(body)["tool_calls"]] == [{"name": "f", "arguments": '{"a":1}'}]
    assert body["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_long_integers_of_a_call_stay_integers(answer: Callable[..., Any], number: int) -> None:
    response = WireResponse(200, {}, json.dumps(converse_response(tool("f", {"a": [{"b": number}]}))).encode())
    (call,) = message(answer(response))["tool_calls"]
    assert json.loads(call["function"]["arguments"]) == {"a": [{"b": number}]}


def test_text_that_looks_like_a_call_stays_text(answer: Callable[..., Any]) -> None:
    text = '{"type": "function", "name": "f", "parameters": {}}'
    body = answer(converse_response(text))
    assert message(body)["content"] == text
    assert "tool_calls" not in message(body)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("content_filtered", "content_filter"),
        ("guardrail_intervened", "content_filter"),
        ("something_new", "stop"),
        ("tool_use", "stop"),  # a tool that Bedrock ran itself: nothing for the client to do
    ],
)
def test_finish_reasons_without_a_call(answer: Callable[..., Any], reason: str, finish: str) -> None:
    body = answer(converse_response("Hello", stop_reason=reason))
    assert body["choices"][0]["finish_reason"] == finish
    assert body["bedrock"]["stop_reason"] == reason


@pytest.mark.parametrize("reason", ["tool_use", "end_turn"])
def test_finish_reason_with_a_call(answer: Callable[..., Any], reason: str) -> None:
    assert answer(converse_response(tool("f", {}), stop_reason=reason))["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize("reason", ["malformed_model_output", "malformed_tool_use"])
def test_malformed_output_is_an_error_worth_a_retry(answer: Callable[..., Any], reason: str) -> None:
    with pytest.raises(ModelFailedError) as caught:
        answer(converse_response("Hel", stop_reason=reason))
    assert (caught.value.status, caught.value.code) == (502, reason)


def test_usage_holds_cached_tokens(answer: Callable[..., Any]) -> None:
    body = answer(
        converse_response("x", usage={"inputTokens": 3, "cacheReadInputTokens": 10, "cacheWriteInputTokens": 20})
    )
    assert body["usage"]["prompt_tokens"] == 33
    assert body["usage"]["total_tokens"] == 38
    assert body["usage"]["prompt_tokens_details"] == {"cached_tokens": 10, "cache_write_tokens": 20}


def test_server_tools_are_no_calls(answer: Callable[..., Any]) -> None:
    result = {
        "toolResult": {
            "toolUseId": "t1",
            "type": "nova_grounding_result",
            "status": "success",
            "content": [{"text": "x"}],
        }
    }
    body = answer(
        converse_response(
            tool("nova_grounding", {"q": 1}, type="server_tool_use"), result, "Hi", stop_reason="tool_use"
        )
    )
    assert message(body)["content"] == "Hi"
    assert "tool_calls" not in message(body)
    assert body["choices"][0]["finish_reason"] == "stop"
    assert len(body["bedrock"]["server_tools"]) == 2


def test_redacted_signature_only_and_empty_reasoning_break_nothing(answer: Callable[..., Any]) -> None:
    body = answer(
        converse_response(
            {"reasoningContent": {"redactedContent": "c2VjcmV0"}},
            {"reasoningContent": {"reasoningText": {"signature": "s"}}},
            {"reasoningContent": {"reasoningText": {"text": ""}}},
            {"reasoningContent": {}},
            "Hi",
        )
    )
    blocks = [{"type": "redacted_thinking", "data": "c2VjcmV0"}, {"type": "thinking", "thinking": "", "signature": "s"}]
    assert message(body)["thinking_blocks"] == blocks
    assert message(body)["content"] == "Hi"


def test_unknown_blocks_and_members_are_skipped(answer: Callable[..., Any]) -> None:
    response = converse_response({"futureBlock": {"x": 1}}, "Hi", newMember=1)
    assert message(answer(response))["content"] == "Hi"


def test_an_empty_answer_is_an_empty_string(answer: Callable[..., Any]) -> None:
    assert message(answer(converse_response()))["content"] == ""
    assert message(answer(converse_response(tool("f", {}))))["content"] is None


def test_citations_of_pages_are_annotations_on_their_block(answer: Callable[..., Any]) -> None:
    citation = {"title": "T", "location": {"web": {"url": "https://a.example/x"}}}
    cited = {"citationsContent": {"content": [{"text": "cited"}], "citations": [citation]}}
    body = answer(converse_response("Intro ", cited, " outro"))
    assert message(body)["content"] == "Intro cited outro"
    url = {"start_index": 6, "end_index": 11, "title": "T", "url": "https://a.example/x"}
    assert message(body)["annotations"] == [{"type": "url_citation", "url_citation": url}]


@pytest.mark.parametrize(
    "body", [{}, {"output": {}}, {"stopReason": "end_turn", "output": {"message": {"content": [5]}}}]
)
def test_an_answer_of_unknown_form_is_bad_gateway(answer: Callable[..., Any], body: dict[str, Any]) -> None:
    with pytest.raises(ServiceError) as caught:
        answer(body)
    assert caught.value.status == 502


def test_an_event_of_unknown_form_is_bad_gateway(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    events = [*converse_events("Hi")[:2], ("contentBlockDelta", {"delta": {"toolUse": {}}}), *converse_events("Hi")[2:]]
    with pytest.raises(ServiceError, match="contentBlockIndex") as caught:
        list(bedrock_adapter_for(transport=ScriptedTransport(events)).stream(STREAM))
    assert caught.value.status == 502


@pytest.mark.parametrize("stream", [False, True])
def test_a_failing_stream_step_is_named(bedrock_adapter_for: Callable[..., Adapter], stream: bool) -> None:
    owl = types.ModuleType("owl")
    step = StreamStep(Stage.FINAL, lambda call: lambda chunk: chunk["wisdom"], name="hoot")
    owl.bedrock_transform_stream = hookimpl(lambda route: step)  # type: ignore[attr-defined]
    adapter = bedrock_adapter_for(
        owl, transport=ScriptedTransport(converse_events("x") if stream else converse_response("x"))
    )
    with pytest.raises(PluginError, match=r"plugin 'owl' failed in hoot: KeyError: 'wisdom'"):
        list(adapter.stream(STREAM)) if stream else adapter.chat(REQUEST)


# -- streams -------------------------------------------------------------------------------------------------------------


def test_chunks_in_order(chunks: Callable[..., Any]) -> None:
    got = chunks(converse_events("Hel", "lo"))
    assert {(chunk["id"], chunk["object"], chunk["created"], chunk["model"]) for chunk in got} == {
        (got[0]["id"], "chat.completion.chunk", got[0]["created"], MODEL)
    }
    assert [chunk["choices"][0]["delta"] if chunk["choices"] else None for chunk in got] == [
        {"role": "assistant", "content": ""},
        {"content": "Hel"},
        {"content": "lo"},
        {},
        None,
    ]
    assert [choice["finish_reason"] for chunk in got for choice in chunk["choices"]] == [None, None, None, "stop"]
    assert [chunk["usage"] and chunk["usage"]["total_tokens"] for chunk in got] == [None, None, None, None, 12]


def test_usage_only_when_asked_for(chunks: Callable[..., Any]) -> None:
    got = chunks(converse_events("Hi"), stream_options=None)
    assert all(chunk["choices"] and "usage" not in chunk for chunk in got)


def test_a_guardrails_trace_comes_without_usage_too(chunks: Callable[..., Any]) -> None:
    *events, (name, metadata) = converse_events("Hi")
    traced = [*events, (name, {**metadata, "trace": {"guardrail": {"actionReason": "No action."}}})]
    got = chunks(traced, stream_options=None)
    assert got[-1]["bedrock"]["trace"] == {"guardrail": {"actionReason": "No action."}}
    assert [choice["finish_reason"] for chunk in got for choice in chunk["choices"]] == [None, None, "stop", None]
    assert all("usage" not in chunk for chunk in got)


def test_role_comes_first_even_without_message_start(chunks: Callable[..., Any]) -> None:
    got = chunks(converse_events("Hi")[1:])
    assert got[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}


def test_tool_call_indexes_are_dense_and_calls_without_input_get_an_object(chunks: Callable[..., Any]) -> None:
    events = converse_events(
        {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "s"}}},
        tool("web", {}, type="server_tool_use"),
        tool("a", [], "id-a"),
        "text",
        tool("b", ['{"x"', ": 1}"], "id-b"),
        tool("c", [""], "id-c"),
        stop_reason="tool_use",
    )
    got = chunks(events)
    parts = [part for chunk in got for choice in chunk["choices"] for part in choice["delta"].get("tool_calls", [])]
    assert [
        (part["index"], part.get("id"), part["function"].get("name"), part["function"]["arguments"]) for part in parts
    ] == [
        (0, "id-a", "a", ""),
        (0, None, None, "{}"),
        (1, "id-b", "b", ""),
        (1, None, None, '{"x"'),
        (1, None, None, ": 1}"),
        (2, "id-c", "c", ""),
        (2, None, None, "{}"),
    ]


def test_interleaved_blocks_go_to_their_own_calls(chunks: Callable[..., Any]) -> None:
    def start(block: int, name: str) -> Event:
        return "contentBlockStart", {
            "contentBlockIndex": block,
            "start": {"toolUse": {"toolUseId": name, "name": name}},
        }

    def delta(block: int, text: str) -> Event:
        return "contentBlockDelta", {"contentBlockIndex": block, "delta": {"toolUse": {"input": text}}}

    events = [start(0, "a"), start(1, "b"), delta(0, '{"x":'), delta(1, '{"y":'), delta(0, "1}"), delta(1, "2}")]
    events += [("contentBlockStop", {"contentBlockIndex": 0}), ("contentBlockStop", {"contentBlockIndex": 1})]
    folded = fold(chunks([*events, ("messageStop", {"stopReason": "tool_use"})]))
    assert [call["function"]["arguments"] for call in message(folded)["tool_calls"]] == ['{"x":1}', '{"y":2}']


def test_a_call_whose_block_never_stops_still_has_json(chunks: Callable[..., Any]) -> None:
    events = [
        event for event in converse_events(tool("a", [""]), stop_reason="tool_use") if event[0] != "contentBlockStop"
    ]
    assert message(fold(chunks(events)))["tool_calls"][0]["function"]["arguments"] == "{}"


def test_nothing_follows_the_finish_but_usage(chunks: Callable[..., Any]) -> None:
    events = converse_events("Hi")
    got = chunks([*events[:-1], events[1], events[-2], events[-1]])
    assert [choice["finish_reason"] for chunk in got for choice in chunk["choices"]] == [None, None, "stop"]
    assert got[-1]["usage"]["total_tokens"] == 12


def test_unknown_events_and_deltas_are_skipped(chunks: Callable[..., Any]) -> None:
    extra = [("newEvent", {}), ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"newDelta": {}}})]
    got = chunks([*converse_events("Hi")[:2], *extra, *converse_events("Hi")[2:]])
    assert message(fold(got))["content"] == "Hi"


def test_a_stream_without_message_stop_is_an_error(
    chunks: Callable[..., Any], bedrock_adapter_for: Callable[..., Adapter]
) -> None:
    stream = bedrock_adapter_for(transport=ScriptedTransport(converse_events("Hi")[:3])).stream(STREAM)
    assert next(stream)["choices"][0]["delta"]["role"] == "assistant"
    with pytest.raises(StreamTruncatedError) as caught:
        list(stream)
    assert (caught.value.status, caught.value.code) == (502, "incomplete_stream")


def test_errors_before_the_first_event_are_raised_when_the_stream_is_opened(
    bedrock_adapter_for: Callable[..., Adapter],
) -> None:
    adapter = bedrock_adapter_for(transport=ScriptedTransport([ThrottledError("slow down")]))  # type: ignore[list-item]
    with pytest.raises(ThrottledError):
        adapter.stream(STREAM)
    with pytest.raises(StreamTruncatedError):
        bedrock_adapter_for(transport=ScriptedTransport([])).stream(STREAM)


def test_closing_the_clients_stream_closes_bedrocks(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    transport = ScriptedTransport(converse_events("a", "b", "c"))
    stream = bedrock_adapter_for(transport=transport).stream(STREAM)
    next(stream)
    assert transport.closed == 0
    stream.close()  # type: ignore[attr-defined]
    assert transport.closed == 1


async def test_a_stream_closed_before_it_was_read_closes_bedrocks(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    transport = ScriptedTransport(converse_events("a"))
    opened = await bedrock_adapter_for(transport=transport).open_stream(STREAM)
    await opened.aclose()
    await opened.aclose()
    assert transport.closed == 1


# -- one fold serves both ------------------------------------------------------------------------------------------------

JSON_OBJECTS = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none(), max_size=3)
BLOCKS = st.one_of(
    st.text(max_size=20).map(lambda text: {"text": text}),
    st.builds(tool, st.sampled_from("abc"), JSON_OBJECTS, st.text("xyz0123456789", min_size=8, max_size=8)),
    st.builds(
        lambda text, sign: {"reasoningContent": {"reasoningText": {"text": text, "signature": sign}}},
        *[st.text(max_size=9)] * 2,
    ),
    st.binary(max_size=9).map(lambda data: {"reasoningContent": {"redactedContent": data.hex()}}),
)
STOPS = st.sampled_from(["end_turn", "max_tokens", "tool_use", "stop_sequence", "guardrail_intervened"])


@pytest.fixture(scope="module")
def offline() -> Adapter:
    from bedrock_adapter_plugins import load_builtins

    return Adapter(plugins=load_builtins(), autoload=False)


def comparable(body: dict[str, Any]) -> dict[str, Any]:
    for call in message(body).get("tool_calls", []):
        call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    return {name: value for name, value in body.items() if name not in ("id", "created")}


@settings(max_examples=60)
@given(blocks=st.lists(BLOCKS, max_size=6), stop=STOPS, cuts=st.lists(st.integers(1, 40), max_size=30))
def test_folding_a_stream_gives_the_unary_answer(
    offline: Adapter, blocks: list[Any], stop: str, cuts: list[int]
) -> None:
    from bedrock_adapter import WireResponse, json_codec

    unary = offline.encode(REQUEST)
    response = WireResponse(200, {}, json_codec.dumps(converse_response(*blocks, stop_reason=stop)))
    streamed = offline.encode(STREAM)
    decoder = offline.stream_decoder(streamed)
    frames, got = event_frames(converse_events(*blocks, stop_reason=stop)), []
    for cut in cuts:
        got += decoder.feed(frames[:cut])
        frames = frames[cut:]
    got += decoder.feed(frames)
    decoder.close()
    assert comparable(fold(got)) == comparable(offline.decode(unary, [response]))


def test_a_stream_cut_anywhere_is_a_prefix_and_an_error(offline: Adapter) -> None:
    frames = event_frames(converse_events("Hello", tool("f", {"a": 1}), stop_reason="tool_use"))
    whole = offline.stream_decoder(offline.encode(STREAM)).feed(frames)
    complete = len(frames) - len(event_frames(converse_events()[-1:]))  # `metadata` may be missing
    for cut in range(0, complete, 7):
        decoder = offline.stream_decoder(offline.encode(STREAM))
        part = decoder.feed(frames[:cut])
        assert [chunk["choices"] for chunk in part] == [chunk["choices"] for chunk in whole[: len(part)]]
        with pytest.raises(StreamTruncatedError):
            decoder.close()


def test_an_exception_frame_is_raised_after_the_chunks_before_it(offline: Adapter) -> None:
    decoder = offline.stream_decoder(offline.encode(STREAM))
    frames = event_frames([*converse_events("Hi")[:2], ("throttlingException", {"message": "Too many requests"})])
    assert len(decoder.feed(frames)) == 2
    with pytest.raises(ThrottledError) as caught:
        decoder.close()
    assert caught.value.status == 429
