"""Thinking survives tool loops of clients that know only OpenAI's fields, under Bedrock's rules (the strict emulator's)."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_adapter import Adapter, Context, NeedsIO
from bedrock_adapter.testing.emulator import BedrockEmulator
from bedrock_adapter.testing.emulator.script import HttpError, message
from bedrock_adapter.types import Json
from bedrock_adapter_plugins.reasoning import MemoryStore, recovery, use_store
from bedrock_adapter_plugins.reasoning.store import kept_for

from .loop import QUESTION, RESULTS, TOOLS, Ask, only_openai, run_loop, streamed, unary

SONNET_4 = "us.anthropic.claude-sonnet-4-20250514-v1:0"
SONNET_4_6 = "us.anthropic.claude-sonnet-4-6"
OPUS_5_5 = "us.anthropic.claude-opus-5-5"
GPT = "us.openai.gpt-5.6-sol"
GPT_OSS = "openai.gpt-oss-120b-1:0"
SIGNED = [SONNET_4, "us.anthropic.claude-3-7-sonnet-20250219-v1:0", SONNET_4_6, "us.anthropic.claude-opus-4-7",
          "us.anthropic.claude-sonnet-5", OPUS_5_5, "us.anthropic.claude-sonnet-5-5"]  # fmt: skip
OTHERS = [
    GPT,
    GPT_OSS,
    "us.amazon.nova-2-lite-v1:0",
    "qwen.qwen3-32b-v1:0",
    "zai.glm-4.7",
    "minimax.minimax-m2",
    "us.xai.grok-4.6",
]
QUESTIONS = (QUESTION, "And the weather in Rome?", "Thank you, and what is the weather in my city now?")


def assistant_kinds(body: Json) -> list[list[str]]:
    return [
        [next(iter(block)) for block in turn["content"]] for turn in body["messages"] if turn["role"] == "assistant"
    ]


def answered(emulator: BedrockEmulator) -> list[Json]:
    return [request.body for request in emulator.requests]


@pytest.mark.parametrize("ask", [unary, streamed])
@pytest.mark.parametrize("model", [*SIGNED, *OTHERS])
def test_whole_conversation(adapter: Adapter, bedrock_emulator: BedrockEmulator, model: str, ask: Ask) -> None:
    _, answers = run_loop(adapter, model, ask=ask, questions=QUESTIONS, reasoning_effort="high")
    finishes = [answer["finish"] for answer in answers]
    assert finishes.count("stop") == len(QUESTIONS)
    assert finishes.count("tool_calls") >= 3
    first = answers[0]["message"]
    assert "reasoning_content" in first or "thinking_blocks" in first


turns = st.tuples(
    st.sampled_from([None, "none", "low", "high"]),
    st.booleans(),  # streamed
    st.sampled_from(["keep", "keep", "keep", "lose the store", "forget the first message", "another caller"]),
    st.sampled_from(QUESTIONS),
)


def test_generated_conversations(
    adapter: Adapter, bedrock_emulator: BedrockEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a client does between turns, the strict emulator takes every request, at once."""
    monkeypatch.setattr(recovery, "_REFUSALS", ())

    @settings(max_examples=25, deadline=None)
    @given(model=st.sampled_from([*SIGNED, GPT]), plan=st.lists(turns, min_size=2, max_size=6))
    def converse(model: str, plan: list[tuple[str | None, bool, str, str]]) -> None:
        context, messages = Context(identity="caller"), [{"role": "user", "content": QUESTION}]
        for effort, streams, event, question in plan:
            if event == "lose the store":
                kept_for(adapter.settings).memory = MemoryStore()
            elif event == "another caller":
                context = Context(identity=context.identity + "!")
            elif event == "forget the first message" and len(messages) > 4:
                messages = [{"role": "user", "content": "Where were we?"}, *messages[1:]]
            request = {"model": model, "messages": messages, "tools": TOOLS, "reasoning_effort": effort}
            answer = (streamed if streams else unary)(adapter, request, context)
            messages = [*messages, only_openai(answer["message"])]
            for call in answer["message"].get("tool_calls") or ():
                result = RESULTS[call["function"]["name"]]
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": result})
            if answer["finish"] == "stop":
                messages.append({"role": "user", "content": question})

    converse()


@pytest.mark.parametrize("ask", [unary, streamed])
@pytest.mark.parametrize("model", [*SIGNED, GPT])
def test_blocks_are_put_back_before_their_tool_use(
    adapter: Adapter, bedrock_emulator: BedrockEmulator, model: str, ask: Ask
) -> None:
    run_loop(adapter, model, ask=ask, reasoning_effort="high")
    bodies = answered(bedrock_emulator)
    assert len(bodies) >= 3
    assert all(kinds[0] == ["reasoningContent", "toolUse"] for body in bodies[1:] for kinds in [assistant_kinds(body)])
    # and thinking stayed on all the way
    switches = [body["additionalModelRequestFields"] for body in bodies]
    assert all(switch == switches[0] for switch in switches)


@pytest.mark.parametrize("model", [SONNET_4, OPUS_5_5])
def test_redacted_blocks_are_put_back(adapter: Adapter, bedrock_emulator: BedrockEmulator, model: str) -> None:
    magic = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING What is the weather in my city?"
    _, answers = run_loop(adapter, model, questions=(magic,), reasoning_effort="high")
    assert answers[-1]["finish"] == "stop"
    first = bedrock_emulator.requests[1].body["messages"][1]["content"][0]
    assert "redactedContent" in first["reasoningContent"]


def test_blocks_sent_by_the_client_win(adapter: Adapter, bedrock_emulator: BedrockEmulator) -> None:
    def everything(message: Mapping[str, Any]) -> Json:
        return (
            {**only_openai(message), "thinking_blocks": message["thinking_blocks"]}
            if message.get("thinking_blocks")
            else only_openai(message)
        )

    use_store(adapter.settings, Refusing())
    run_loop(adapter, SONNET_4, echo=everything, reasoning_effort="high")
    kinds = assistant_kinds(bedrock_emulator.requests[1].body)
    assert kinds == [["reasoningContent", "toolUse"]]


class Refusing:
    async def load(self, key: str) -> None:
        raise AssertionError("nothing is to be loaded")

    async def save(self, key: str, value: bytes) -> None:
        pass


def begun(adapter: Adapter, model: str, identity: str = "caller", **fields: Any) -> Json:
    """The request of the second step of a loop."""
    request = {"model": model, "messages": [{"role": "user", "content": QUESTION}], "tools": TOOLS, **fields}
    message = adapter.chat(request, context=Context(identity=identity))["choices"][0]["message"]
    result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": '{"city": "Lyon"}'}
    return {**request, "messages": [*request["messages"], only_openai(message), result]}


@pytest.mark.parametrize(
    "switch", [{"reasoning_effort": "high"}, {"thinking": {"type": "enabled", "budget_tokens": 2000}}]
)
def test_a_miss_switches_thinking_off_for_the_turn(
    adapter: Adapter, bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator, switch: Json
) -> None:
    request = begun(adapter, SONNET_4, **switch)
    for options in ({}, {"strict": True}):
        other = bedrock_adapter_for(**options)  # another process: its memory is empty
        answer = other._portal.run(other.aanswer({**request, "temperature": 0.2}, context=Context(identity="caller")))
        assert answer.body["choices"][0]["message"]["tool_calls"]
        body = bedrock_emulator.requests[-1].body
        assert "additionalModelRequestFields" not in body
        assert body["inferenceConfig"]["temperature"] == 0.2  # nothing forbids it now
        assert [note.param for note in answer.notes] == list(switch)


def test_a_miss_where_the_model_bears_it(
    adapter: Adapter, bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator
) -> None:
    for model in (SONNET_4_6, OPUS_5_5):
        request = begun(adapter, model, reasoning_effort="high")
        bedrock_adapter_for().chat(request, context=Context(identity="caller"))
        body = bedrock_emulator.requests[-1].body
        assert body["additionalModelRequestFields"]["thinking"] == {"type": "adaptive"}
        assert assistant_kinds(body) == [["toolUse"]]


def test_one_caller_never_gets_anothers_blocks(adapter: Adapter, bedrock_emulator: BedrockEmulator) -> None:
    request = begun(adapter, OPUS_5_5, "alice")
    for identity, kinds in (("bob", ["toolUse"]), ("", ["toolUse"]), ("alice", ["reasoningContent", "toolUse"])):
        adapter.chat(request, context=Context(identity=identity))
        assert assistant_kinds(bedrock_emulator.requests[-1].body) == [kinds]


def test_one_model_never_gets_anothers_blocks(adapter: Adapter, bedrock_emulator: BedrockEmulator) -> None:
    request = begun(adapter, OPUS_5_5)
    adapter.chat({**request, "model": SONNET_4_6, "reasoning_effort": "low"}, context=Context(identity="caller"))
    assert assistant_kinds(bedrock_emulator.requests[-1].body) == [["toolUse"]]
    # the same model through another profile is the same model
    adapter.chat({**request, "model": OPUS_5_5.replace("us.", "global.")}, context=Context(identity="caller"))
    assert assistant_kinds(bedrock_emulator.requests[-1].body) == [["reasoningContent", "toolUse"]]


def test_changed_prefix_where_blocks_are_bound_to_it(adapter: Adapter, bedrock_emulator: BedrockEmulator) -> None:
    request = begun(adapter, OPUS_5_5, reasoning_effort="high")
    changed = {**request, "messages": [{"role": "system", "content": "New orders."}, *request["messages"]]}
    answer = adapter._portal.run(adapter.aanswer(changed, context=Context(identity="caller")))
    assert assistant_kinds(bedrock_emulator.requests[-1].body) == [["toolUse"]]
    assert any("changed" in note.reason for note in answer.notes)
    # Sonnet 4 binds nothing: its blocks go back all the same
    request = begun(adapter, SONNET_4, reasoning_effort="high")
    adapter.chat(
        {**request, "messages": [{"role": "system", "content": "New orders."}, *request["messages"]]},
        context=Context(identity="caller"),
    )
    assert assistant_kinds(bedrock_emulator.requests[-1].body) == [["reasoningContent", "toolUse"]]


@pytest.mark.parametrize("cached", [True, False])
def test_cache_marks_do_not_change_the_prefix(
    adapter: Adapter, bedrock_emulator: BedrockEmulator, cached: bool
) -> None:
    request = begun(adapter, OPUS_5_5)
    if cached:
        request = copy.deepcopy(request)
        request["messages"][0]["content"] = [{"type": "text", "text": QUESTION, "cache_control": {"type": "ephemeral"}}]
    adapter.chat(request, context=Context(identity="caller"))
    assert assistant_kinds(bedrock_emulator.requests[-1].body) == [["reasoningContent", "toolUse"]]


def test_thinking_between_tools_is_kept_too(adapter: Adapter, bedrock_emulator: BedrockEmulator) -> None:
    run_loop(adapter, "us.anthropic.claude-sonnet-5-5", reasoning_effort="none")
    bodies = answered(bedrock_emulator)
    assert bodies[0]["additionalModelRequestFields"] == {"thinking": {"type": "between_tools"}}
    assert assistant_kinds(bodies[-1]) == [["toolUse"], ["reasoningContent", "toolUse"]]


def test_thinking_that_is_not_wanted_any_more_is_not_loaded(
    adapter: Adapter, bedrock_emulator: BedrockEmulator
) -> None:
    request = begun(adapter, SONNET_4, reasoning_effort="high")
    assert adapter.needs(request)
    for fields in ({"reasoning_effort": None}, {"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}):
        assert not adapter.needs({**request, **fields})
    assert not adapter.needs({**request, "model": GPT_OSS})


def test_encode_without_io_names_the_need(adapter: Adapter) -> None:
    request = begun(adapter, SONNET_4, reasoning_effort="high")
    context = Context(identity="caller")
    with pytest.raises(NeedsIO) as caught:
        adapter.encode(request, context=context)
    (need,) = adapter.needs(request, context=context)
    assert caught.value.need == need
    assert "caller" in repr(need)
    for kept in (
        None,
        b"",
        b"{}",
        b'{"prefix": 1, "groups": {"": [3]}}',
        b'{"prefix": "", "groups": {"": [{"text": "x"}]}}',
        "text",
    ):
        body = adapter.encode(request, context=context, resources={need.key: kept}).requests[0].body
        assert body is not None
        assert "additionalModelRequestFields" not in body


def test_long_histories_load_a_bounded_number(adapter: Adapter) -> None:
    call = {"id": "x", "type": "function", "function": {"name": "get_current_city", "arguments": "{}"}}
    messages: list[Json] = [{"role": "user", "content": "hi"}]
    for index in range(200):
        messages.append({"role": "assistant", "content": None, "tool_calls": [{**call, "id": f"c{index}"}]})
        messages.append({"role": "tool", "tool_call_id": f"c{index}", "content": "Lyon"})
    needs = adapter.needs({"model": OPUS_5_5, "messages": messages, "tools": TOOLS})
    assert len(needs) == 64
    assert "c199" in repr(needs[0])


def thinking(text: str) -> Json:
    return {"reasoningContent": {"reasoningText": {"text": text, "signature": "c2ln" * 20}}}


def tool(name: str) -> Json:
    return {"toolUse": {"toolUseId": name, "name": "get_current_city", "input": {}}}


@pytest.mark.parametrize("ask", [unary, streamed])
def test_interleaved_blocks_return_to_their_places(
    adapter: Adapter, bedrock_emulator: BedrockEmulator, ask: Ask
) -> None:
    content = [thinking("first"), {"text": "Let me see."}, thinking("second"), tool("a"), thinking("third"), tool("b")]
    bedrock_emulator.script.next(message(*content, stop_reason="tool_use"))
    run_loop(adapter, SONNET_4_6, ask=ask, turns=2, reasoning_effort="high")
    assert bedrock_emulator.requests[1].body["messages"][1]["content"] == content


@pytest.mark.parametrize(
    "refusal",
    [
        "messages.1.content.0: Invalid `signature` in `thinking` block",
        "messages.1.content.0: Invalid `data` in `redacted_thinking` block",
        "messages.1.content.0: Invalid `signature` in `thinking` block. The block is bound to a different conversation.",
    ],
)
def test_a_refused_block_is_left_out(adapter: Adapter, bedrock_emulator: BedrockEmulator, refusal: str) -> None:
    for model in (SONNET_4, OPUS_5_5):
        request = begun(adapter, model, reasoning_effort="high")
        bedrock_emulator.script.next(
            HttpError("ValidationException", f"The model returned the following errors: {refusal}")
        )
        answer = adapter._portal.run(adapter.aanswer(request, context=Context(identity="caller")))
        assert any("refused" in note.reason for note in answer.notes)
        body = bedrock_emulator.requests[-1].body
        assert assistant_kinds(body) == [["toolUse"]]
        assert ("thinking" in body.get("additionalModelRequestFields", {})) == (model == OPUS_5_5)


def test_forged_blocks_of_a_client_break_nothing(adapter: Adapter, bedrock_emulator: BedrockEmulator) -> None:
    request = begun(adapter, OPUS_5_5)
    request["messages"][1]["thinking_blocks"] = [{"type": "thinking", "thinking": "mine", "signature": "Zm9yZ2Vk"}]
    answer = adapter.chat(request, context=Context(identity="caller"))
    assert answer["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize("ask", [unary, streamed])
def test_nothing_is_kept_of_a_broken_or_plain_answer(
    adapter: Adapter, bedrock_emulator: BedrockEmulator, ask: Ask
) -> None:
    adapter.chat({"model": SONNET_4, "messages": [{"role": "user", "content": "hi"}], "reasoning_effort": "high"})
    run_loop(adapter, SONNET_4, ask=ask)  # not asked to think
    run_loop(adapter, GPT_OSS, ask=ask, reasoning_effort="high")  # unsigned
    assert len(kept_for(adapter.settings).memory) == 0
