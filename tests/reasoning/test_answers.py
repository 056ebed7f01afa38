"""Reasoning in answers: what clients read, counts, and the two options about tags."""

from collections.abc import Callable, Iterable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_adapter import Adapter, Context, Note
from bedrock_adapter.testing.emulator import BedrockEmulator
from bedrock_adapter.testing.emulator.script import message
from bedrock_adapter.types import Json
from bedrock_adapter_plugins.reasoning.tags import TagSplitter

from .loop import QUESTION, Ask, run_loop, streamed, unary

SONNET_4 = "us.anthropic.claude-sonnet-4-20250514-v1:0"
GPT = "us.openai.gpt-5.6-sol"
GPT_OSS = "openai.gpt-oss-120b-1:0"
NOVA = "us.amazon.nova-pro-v1:0"
R1 = "us.deepseek.r1-v1:0"
HI = [{"role": "user", "content": "Tell me about owls."}]


def everything(adapter: Adapter, request: Json) -> Iterator[tuple[Json, Json, list[Note]]]:
    """A unary answer, and the same from a stream: message, usage, notes."""
    answer = adapter._portal.run(adapter.aanswer(request))
    yield answer.body["choices"][0]["message"], answer.body["usage"], answer.notes
    stream = adapter._portal.run(adapter.open_stream({**request, "stream_options": {"include_usage": True}}))
    said: Json = {}
    usage: Json = {}
    for chunk in adapter._drain(stream):
        usage = chunk.get("usage") or usage
        for choice in chunk["choices"]:
            for name in ("content", "reasoning_content"):
                if name in choice["delta"]:
                    said[name] = said.get(name, "") + choice["delta"][name]
    yield said, usage, stream.notes


def test_real_counts_where_bedrock_tells(adapter: Adapter) -> None:
    for said, usage, notes in everything(
        adapter, {"model": SONNET_4, "messages": HI, "reasoning_effort": "low", "max_tokens": 4000}
    ):
        assert said["reasoning_content"]
        assert 0 < usage["completion_tokens_details"]["reasoning_tokens"] < usage["completion_tokens"]
        assert not notes


def test_estimates_are_marked(adapter: Adapter) -> None:
    for model in (R1, GPT_OSS, GPT):
        for said, usage, notes in everything(adapter, {"model": model, "messages": HI}):
            assert "reasoning_content" in said or said["thinking_blocks"]
            assert 0 <= usage["completion_tokens_details"]["reasoning_tokens"] <= usage["completion_tokens"]
            assert any("estimate" in note.reason for note in notes)


def test_no_reasoning_no_count(adapter: Adapter) -> None:
    for said, usage, notes in everything(adapter, {"model": SONNET_4, "messages": HI}):
        assert "reasoning_content" not in said
        assert "completion_tokens_details" not in usage
        assert not notes


@pytest.mark.parametrize("text", ["<|endoftext|>", "<|im_start|>" * 30, "", "你好" * 9])
@pytest.mark.parametrize("counted", [0, 5])
def test_no_text_breaks_counting(adapter: Adapter, bedrock_emulator: BedrockEmulator, text: str, counted: int) -> None:
    usage = {"inputTokens": 10, "outputTokens": counted, "totalTokens": 10 + counted}
    thought = {"reasoningContent": {"reasoningText": {"text": text}}}
    bedrock_emulator.script.next(message(thought, {"text": "<|endoftext|>"}, usage=usage), times=2)
    for said, counts, _ in everything(adapter, {"model": R1, "messages": HI}):
        assert said["content"] == "<|endoftext|>"
        assert counts.get("completion_tokens_details", {"reasoning_tokens": 0})["reasoning_tokens"] >= 0


@pytest.mark.parametrize(
    "reasoning",
    [
        {"redactedContent": "b3BhcXVl"},
        {"reasoningText": {"text": "", "signature": "c2ln"}},
        {"reasoningText": {"signature": "c2ln"}},
        {"reasoningText": {}},
        {},
    ],
)
def test_odd_blocks_break_nothing(adapter: Adapter, bedrock_emulator: BedrockEmulator, reasoning: Json) -> None:
    answer = message({"reasoningContent": reasoning}, {"text": "Owls."})
    bedrock_emulator.script.next(answer)
    said = adapter.chat({"model": SONNET_4, "messages": HI, "reasoning_effort": "low", "max_tokens": 4000})
    assert said["choices"][0]["message"]["content"] == "Owls."
    assert said["choices"][0]["finish_reason"] == "stop"


# -- think_tags ---------------------------------------------------------------------------------------------------


def test_thoughts_as_tags(bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator) -> None:
    adapter = bedrock_adapter_for(options={"reasoning": {"think_tags": True}})
    contents = []
    for said, usage, _ in everything(adapter, {"model": R1, "messages": HI}):
        thought, closed, answer = said["content"].removeprefix("<think>\n").partition("\n</think>\n\n")
        assert thought
        assert closed
        assert answer
        assert not said.get("reasoning_content")
        assert usage["completion_tokens_details"]["reasoning_tokens"] > 0
        contents.append(said["content"])
    assert contents[0] == contents[1]


@pytest.mark.parametrize("ask", [unary, streamed])
def test_tags_are_closed_before_tool_calls_and_at_the_end(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator, ask: Ask
) -> None:
    adapter = bedrock_adapter_for(options={"reasoning": {"think_tags": True}})
    _, answers = run_loop(adapter, SONNET_4, ask=ask, reasoning_effort="high")
    assert answers[0]["finish"] == "tool_calls"
    assert answers[0]["message"]["content"].count("</think>") == 1
    thought = {"reasoningContent": {"reasoningText": {"text": "only thoughts"}}}
    bedrock_emulator.script.next(message(thought, stop_reason="max_tokens"))
    answer = ask(adapter, {"model": R1, "messages": HI}, Context())
    assert answer["finish"] == "length"
    assert answer["message"]["content"] == "<think>\nonly thoughts\n</think>\n\n"


def test_own_tags_in_the_history_are_not_sent_again(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator
) -> None:
    adapter = bedrock_adapter_for(options={"reasoning": {"think_tags": True}})
    run_loop(adapter, SONNET_4, questions=(QUESTION, "Thanks."), reasoning_effort="high")
    assert "<think>" not in str(bedrock_emulator.requests[-1].body)
    tagged = "<think>\nhm\n</think>\n\nOwls."
    parts = [{"type": "text", "text": tagged}]
    for content in (tagged, parts):
        messages = [*HI, {"role": "assistant", "content": content}, *HI]
        body = adapter.encode({"model": R1, "messages": messages}).requests[0].body
        assert body is not None
        assert body["messages"][1]["content"] == [{"text": "Owls."}]
    assert parts[0]["text"] == tagged  # the caller's request is untouched


def test_tags_of_others_stay_without_the_option(adapter: Adapter) -> None:
    messages = [*HI, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nOwls."}, *HI]
    assert "<think>" in str(adapter.encode({"model": R1, "messages": messages}).requests[0].body)


# -- split_tags ---------------------------------------------------------------------------------------------------


def test_tags_written_by_the_model(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator
) -> None:
    content = {"text": "<thinking> I should look. </thinking>\n\nLyon is sunny."}
    for settings_, wanted in (({}, content["text"]), ({"split_tags": True}, "Lyon is sunny.")):
        adapter = bedrock_adapter_for(options={"reasoning": settings_})
        bedrock_emulator.script.next(message(content), times=2)
        for said, _, _ in everything(adapter, {"model": NOVA, "messages": HI}):
            assert said["content"] == wanted
            assert said.get("reasoning_content") == (" I should look. " if settings_ else None)


def chunk(delta: Json, finish: str | None = None) -> Json:
    return {"id": "x", "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]}


def split(fragments: Iterable[str]) -> list[str]:
    splitter = TagSplitter("thinking")
    made = []
    for part in [*(chunk({"content": text}) for text in fragments), chunk({}, "stop")]:
        result = splitter(part)
        made += result if isinstance(result, list) else [result]
    assert made[-1]["choices"][0]["finish_reason"] == "stop"
    deltas = [each["choices"][0]["delta"] for each in made]
    return ["".join(delta.get(name, "") for delta in deltas) for name in ("reasoning_content", "content")]


pieces = st.lists(
    st.sampled_from(["<thinking>", "</thinking>", "<thin", "king>", "<", "</", "a", " ", "\n", "owl"]), max_size=12
)


@settings(max_examples=200)
@given(pieces, st.data())
def test_split_does_not_depend_on_where_fragments_are_cut(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    fragments = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True) if text[a:b]]
    assert split(fragments) == split([text] if text else [])
    if "<thinking>" not in text:
        assert split(fragments) == ["", text]
