"""Reasoning that clients send back: signed and redacted blocks byte for byte, unsigned only where it is taken."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_adapter import Adapter, Note, RequestError
from bedrock_adapter.types import Json

Replay = Callable[..., tuple[list[Json], list[Note]]]
SONNET_4 = "us.anthropic.claude-sonnet-4-20250514-v1:0"
GPT_OSS = "openai.gpt-oss-120b-1:0"
R1 = "us.deepseek.r1-v1:0"
SIGNED = {"type": "thinking", "thinking": "hm", "signature": "c2lnbmVk"}
UNSIGNED = {"type": "thinking", "thinking": "hm"}
REDACTED = {"type": "redacted_thinking", "data": "b3BhcXVl"}


@pytest.fixture
def replay(bedrock_adapter_for: Callable[..., Adapter]) -> Replay:
    adapter = bedrock_adapter_for()

    def run(model: str, **message: Any) -> tuple[list[Json], list[Note]]:
        said = {"role": "assistant", "content": "Hello", **message}
        messages = [{"role": "user", "content": "hi"}, said, {"role": "user", "content": "go on"}]
        encoded = adapter.encode({"model": model, "messages": messages})
        body = encoded.requests[0].body
        assert body is not None
        return body["messages"][1]["content"], encoded.notes

    return run


def text(value: str, signature: str | None = None) -> Json:
    return {"reasoningContent": {"reasoningText": {"text": value, **({"signature": signature} if signature else {})}}}


def test_signed_and_redacted(replay: Replay) -> None:
    content, notes = replay(SONNET_4, thinking_blocks=[SIGNED, REDACTED], reasoning_content="hm")
    assert content == [text("hm", "c2lnbmVk"), {"reasoningContent": {"redactedContent": "b3BhcXVl"}}, {"text": "Hello"}]
    assert not notes


def test_signature_without_text(replay: Replay) -> None:
    for block in (
        {"type": "thinking", "signature": "c2ln"},
        {"type": "thinking", "thinking": None, "signature": "c2ln"},
    ):
        content, _ = replay(SONNET_4, thinking_blocks=[block])
        assert content[0] == text("", "c2ln")


def test_unsigned_is_left_out_where_it_is_refused(replay: Replay) -> None:
    content, notes = replay(SONNET_4, thinking_blocks=[UNSIGNED], reasoning_content="hm")
    assert content == [{"text": "Hello"}]
    assert [note.param for note in notes] == ["messages[1].thinking_blocks[0]"]
    for model in (SONNET_4, R1):
        assert replay(model, reasoning_content="hm")[0] == [{"text": "Hello"}]


def test_unsigned_goes_where_it_is_taken(replay: Replay) -> None:
    assert replay(GPT_OSS, reasoning_content="hm")[0] == [text("hm"), {"text": "Hello"}]
    assert replay(GPT_OSS, thinking_blocks=[UNSIGNED], reasoning_content="hm")[0] == [text("hm"), {"text": "Hello"}]
    # A signature is refused by other vendors' models; the thought itself is not.
    assert replay(GPT_OSS, thinking_blocks=[SIGNED])[0] == [text("hm"), {"text": "Hello"}]
    content, notes = replay(GPT_OSS, thinking_blocks=[REDACTED])
    assert content == [{"text": "Hello"}]
    assert notes


def test_as_content_parts(replay: Replay) -> None:
    parts = [SIGNED, REDACTED, {"type": "text", "text": "Hello"}]
    wanted = [text("hm", "c2lnbmVk"), {"reasoningContent": {"redactedContent": "b3BhcXVl"}}, {"text": "Hello"}]
    assert replay(SONNET_4, content=parts)[0] == wanted
    assert replay(SONNET_4, content=parts, thinking_blocks=[SIGNED, REDACTED])[0] == wanted


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"thinking_blocks": "hm"}, "thinking_blocks"),
        ({"thinking_blocks": [3]}, "thinking_blocks[0]"),
        ({"thinking_blocks": [{"type": "dream"}]}, "thinking_blocks[0].type"),
        ({"thinking_blocks": [{"type": "thinking", "thinking": 1}]}, "thinking_blocks[0].thinking"),
        ({"thinking_blocks": [{"type": "thinking", "signature": []}]}, "thinking_blocks[0].signature"),
        ({"thinking_blocks": [{"type": "redacted_thinking"}]}, "thinking_blocks[0].data"),
        ({"reasoning_content": ["hm"]}, "reasoning_content"),
        ({"content": [{"type": "redacted_thinking", "data": 5}]}, "content[0].data"),
    ],
)
def test_malformed(replay: Replay, message: Json, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        replay(SONNET_4, **message)
    assert caught.value.param == f"messages[1].{param}"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["type", "thinking", "signature", "data"]), inner, max_size=4)
    ),
    max_leaves=8,
)


def test_nothing_that_a_client_sends_is_a_server_error(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for()

    @settings(max_examples=150, deadline=None)
    @given(
        model=st.sampled_from([SONNET_4, GPT_OSS]),
        blocks=json_values,
        field=st.sampled_from(["thinking_blocks", "reasoning_content", "tool_calls"]),
        wish=json_values,
        name=st.sampled_from(["reasoning_effort", "reasoning", "thinking", "reasoning_config", "extra_body"]),
    )
    def check(model: str, blocks: Any, field: str, wish: Any, name: str) -> None:
        messages = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello", field: blocks}]
        request = {"model": model, "messages": messages, name: wish}
        try:
            adapter.needs(request)
            adapter.encode(request)
        except RequestError:
            pass

    check()
