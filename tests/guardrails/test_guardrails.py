"""Guardrails by alias and by request, and what they evaluate."""

from collections.abc import Callable
from typing import Any

import pytest

from bedrock_adapter import Adapter, Note
from bedrock_adapter.errors import ConfigError, RequestError
from bedrock_adapter.settings import Alias
from bedrock_adapter.testing.emulator import BedrockEmulator
from bedrock_adapter.types import Json

Encode = Callable[..., tuple[Json, list[Note]]]
MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
CONFIG = {"guardrail_identifier": "gr1", "guardrail_version": "3"}
SENT = {"guardrailIdentifier": "gr1", "guardrailVersion": "3"}
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAK"
GIF = "R0lGODlhAgACAAAAADs="


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def request(*messages: Any, model: str = MODEL, **fields: Any) -> dict[str, Any]:
    return {"model": model, "messages": list(messages or [user("hi")]), **fields}


@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        SENT,
        {"guardrailIdentifier": "gr1", "guardrailVersion": 3},
        {"id": "gr1", "version": "3", "trace": None},
        {"identifier": "gr1", "version": "3"},
    ],
)
@pytest.mark.parametrize("field", ["guardrail_config", "guardrailConfig"])
def test_every_spelling(encode: Encode, config: Any, field: str) -> None:
    body, notes = encode(request(**{field: config}), strict=True)
    assert body["guardrailConfig"] == SENT
    assert notes == []


@pytest.mark.parametrize(
    ("config", "param"),
    [
        ("gr1", "guardrail_config"),
        ([], "guardrail_config"),
        ({}, "guardrail_config.guardrailIdentifier"),
        ({"id": "gr1"}, "guardrail_config.guardrailVersion"),
        ({"version": "1"}, "guardrail_config.guardrailIdentifier"),
        ({"id": "", "version": "1"}, "guardrail_config.guardrailIdentifier"),
        ({"id": 7, "version": "1"}, "guardrail_config.guardrailIdentifier"),
        ({**CONFIG, "trace": "loud"}, "guardrail_config.trace"),
        ({**CONFIG, "trace": []}, "guardrail_config.trace"),
        ({**CONFIG, "streamProcessingMode": "later"}, "guardrail_config.streamProcessingMode"),
        ({**CONFIG, "traces": "enabled"}, "guardrail_config.traces"),
    ],
)
def test_malformed_configurations_name_the_key(encode: Encode, config: Any, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        encode(request(guardrail_config=config))
    assert (caught.value.status, caught.value.param) == (400, param)


def test_the_mode_of_streams_is_sent_for_streams_only(encode: Encode) -> None:
    config = {**CONFIG, "stream_processing_mode": "async", "trace": True}
    body, _ = encode(request(guardrail_config=config))
    assert body["guardrailConfig"] == {**SENT, "trace": "enabled"}
    body, _ = encode(request(guardrail_config=config, stream=True))
    assert body["guardrailConfig"] == {**SENT, "trace": "enabled", "streamProcessingMode": "async"}


def test_only_the_last_user_turn_is_evaluated(encode: Encode) -> None:
    body, _ = encode(
        request({"role": "system", "content": "s"}, user("a"), {"role": "assistant", "content": "b"}, user("c"), user("d"), guardrail_config=CONFIG)
    )  # fmt: skip
    assert body["system"] == [{"text": "s"}]
    assert [turn["content"] for turn in body["messages"]] == [
        [{"text": "a"}],
        [{"text": "b"}],
        [{"guardContent": {"text": {"text": "c"}}}, {"guardContent": {"text": {"text": "d"}}}],
    ]


def test_images_are_evaluated_as_far_as_guardrails_take_them(encode: Encode) -> None:
    parts = [{"type": "text", "text": "t"}, *({"type": "image_url", "image_url": {"url": data}} for data in (PNG, GIF))]
    body, _ = encode(request(user(parts), guardrail_config=CONFIG))
    assert body["messages"][0]["content"] == [
        {"guardContent": {"text": {"text": "t"}}},
        {"guardContent": {"image": {"format": "png", "source": {"bytes": PNG}}}},
        {"image": {"format": "gif", "source": {"bytes": GIF}}},
    ]


def test_in_a_tool_loop_the_question_is_evaluated(encode: Encode) -> None:
    call = {"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    tool = {"type": "function", "function": {"name": "f"}}
    loop = [{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "t1", "content": "r"}]
    body, _ = encode(request(user("a"), *loop, tools=[tool], guardrail_config=CONFIG))
    assert body["messages"][0]["content"] == [{"guardContent": {"text": {"text": "a"}}}]
    assert list(body["messages"][2]["content"][0]) == ["toolResult"]


def test_a_document_still_has_its_text_beside(encode: Encode) -> None:
    pdf = {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0xLjQK"}}
    body, _ = encode(request(user([{"type": "text", "text": "t"}, pdf]), guardrail_config=CONFIG))
    assert [next(iter(block)) for block in body["messages"][0]["content"]] == ["guardContent", "text", "document"]


def test_everything_by_option(encode: Encode) -> None:
    body, _ = encode(request(guardrail_config=CONFIG), options={"guardrails": {"evaluate": "everything"}})
    assert (body["guardrailConfig"], body["messages"]) == (SENT, [{"role": "user", "content": [{"text": "hi"}]}])


def test_the_client_may_mark_text_itself(encode: Encode) -> None:
    parts = [
        {"type": "text", "text": "context"},
        {"type": "guarded_text", "text": "q", "qualifiers": ["query"]},
        {"type": "guarded_text", "text": "p"},
    ]
    body, _ = encode(request(user(parts), guardrail_config=CONFIG))
    assert body["messages"][0]["content"] == [
        {"text": "context"},
        {"guardContent": {"text": {"text": "q", "qualifiers": ["query"]}}},
        {"guardContent": {"text": {"text": "p"}}},
    ]
    body, _ = encode(request(user(parts)))
    assert body["messages"][0]["content"] == [{"text": "context"}, {"text": "q"}, {"text": "p"}]


@pytest.mark.parametrize(
    ("part", "param"),
    [
        ({"text": 7}, ".text"),
        ({"text": " "}, ".text"),
        ({"text": "a", "qualifiers": "query"}, ".qualifiers"),
        ({"text": "a", "qualifiers": ["other"]}, ".qualifiers"),
        ({"text": "a", "qualifiers": [[]]}, ".qualifiers"),
    ],
)
def test_malformed_marks_name_the_key(encode: Encode, part: Any, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        encode(request(user([{"type": "guarded_text", **part}])))
    assert caught.value.param == "messages[0].content[0]" + param


# -- aliases ----------------------------------------------------------------------------------------------------------

ALIASES = (Alias("safe", MODEL, defaults={"guardrail_config": {"id": "gr1", "version": "3"}}),)


@pytest.mark.parametrize(
    "fields",
    [{}, {"guardrail_config": None}, {"guardrail_config": {"id": "mine", "version": 1}}, {"guardrailConfig": {}}],
)
def test_an_aliass_guardrail_holds_whatever_the_client_sends(encode: Encode, fields: Any) -> None:
    body, notes = encode(request(model="safe", **fields), aliases=ALIASES, strict=True)
    assert body["guardrailConfig"] == SENT
    assert [(note.param, note.action) for note in notes] == ([("guardrail_config", "ignored")] if fields else [])


def test_other_models_are_not_guarded(encode: Encode) -> None:
    assert "guardrailConfig" not in encode(request(), aliases=ALIASES)[0]


def test_an_alias_whose_guardrail_cannot_work_is_refused_at_once(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    with pytest.raises(ConfigError, match="safe"):
        bedrock_adapter_for(aliases=(Alias("safe", MODEL, defaults={"guardrail_config": {"id": "gr1"}}),)).encode(
            request()
        )
    with pytest.raises(ConfigError):
        bedrock_adapter_for(options={"guardrails": {"evaluate": "nothing"}}).encode(request())


# -- with Bedrock -----------------------------------------------------------------------------------------------------


def test_a_blocked_answer_and_the_trace(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator
) -> None:
    adapter = bedrock_adapter_for()
    config = {**CONFIG, "trace": "enabled"}
    answer = adapter.chat(request(user("say the blocked-word"), guardrail_config=config))
    assert answer["choices"][0]["finish_reason"] == "content_filter"
    assert answer["choices"][0]["message"]["content"]
    assert "guardrail" in answer["bedrock"]["trace"]
    chunks = list(
        adapter.stream(
            request(
                user("say the blocked-word"),
                guardrail_config=config,
                stream=True,
                stream_options={"include_usage": True},
            )
        )
    )
    assert "content_filter" in [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"]]
    assert any("guardrail" in (chunk.get("bedrock") or {}).get("trace", {}) for chunk in chunks)


def test_a_blocked_turn_does_not_block_the_next(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator
) -> None:
    talk = [user("say the blocked-word"), {"role": "assistant", "content": "I cannot"}, user("hello then")]
    answer = bedrock_adapter_for().chat(request(*talk, guardrail_config=CONFIG))
    assert answer["choices"][0]["finish_reason"] == "stop"
