"""Chat through LiteLLM's SDK: what an answer and a stream carry."""

import asyncio
import json
from typing import Any

import litellm

from bedrock_adapter.hosts import litellm as host
from bedrock_adapter.hosts.litellm.responses import StreamTranslator
from bedrock_adapter.testing.emulator import BedrockEmulator
from bedrock_adapter.testing.emulator.script import message
from bedrock_adapter.types import Json

from .conftest import HELLO, MODEL, WEATHER, Seen, Serve

THINKING = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}}
TWO_CALLS = [
    {"toolUse": {"toolUseId": "tooluse_1", "name": "get_weather", "input": {"city": "Rome"}}},
    {"toolUse": {"toolUseId": "tooluse_2", "name": "get_weather", "input": {"city": "Oslo"}}},
]


async def streamed(**keywords: Any) -> list[Any]:
    options = {"model": MODEL, "messages": HELLO, "stream_options": {"include_usage": True}, **keywords}
    return [chunk async for chunk in await litellm.acompletion(stream=True, **options)]


def text_of(chunks: list[Any]) -> str:
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


async def test_answer_is_litellms_object(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    answer = await litellm.acompletion(model=MODEL, messages=HELLO)
    assert isinstance(answer, litellm.ModelResponse)
    assert answer.choices[0].message.content == "hello."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.bedrock["stop_reason"] == "end_turn"
    assert bedrock_emulator.requests[-1].operation == "Converse"


async def test_answer_keeps_thinking_and_tools(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    bedrock_emulator.script.next(message(THINKING, *TWO_CALLS, stop_reason="tool_use"))
    answer = await litellm.acompletion(model=MODEL, messages=HELLO, tools=[WEATHER])
    said = answer.choices[0].message
    assert said.reasoning_content == "Hm."
    assert said.thinking_blocks[0]["signature"] == "c2ln"
    assert [json.loads(call.function.arguments) for call in said.tool_calls] == [{"city": "Rome"}, {"city": "Oslo"}]
    assert answer.choices[0].finish_reason == "tool_calls"


async def test_answer_says_notes_and_request_id_in_headers(serve: Serve) -> None:
    answer = await litellm.acompletion(model=MODEL, messages=HELLO, seed=7)
    headers = answer._hidden_params["additional_headers"]
    assert json.loads(headers["llm_provider-x-bedrock-adapter-notes"])[0]["param"] == "seed"
    assert headers["llm_provider-x-amzn-requestid"]


async def test_usage_has_cached_tokens_where_litellm_prices_them(
    serve: Serve, bedrock_emulator: BedrockEmulator
) -> None:
    usage = {
        "inputTokens": 5,
        "outputTokens": 2,
        "totalTokens": 37,
        "cacheReadInputTokens": 10,
        "cacheWriteInputTokens": 20,
    }
    bedrock_emulator.script.next(message({"text": "a"}, usage=usage))
    answer = await litellm.acompletion(model=MODEL, messages=HELLO)
    assert answer.usage.prompt_tokens == 35
    assert answer.usage.cache_read_input_tokens == answer.usage.prompt_tokens_details.cached_tokens == 10
    assert answer.usage.cache_creation_input_tokens == 20


async def test_stream_keeps_usage(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    """Usage on or after the finish chunk would be replaced by LiteLLM's guess."""
    usage = {"inputTokens": 111, "outputTokens": 22, "totalTokens": 133, "cacheReadInputTokens": 7}
    bedrock_emulator.script.next(message({"text": "a"}, usage=usage))
    chunks = await streamed()
    assert chunks[-1].usage.prompt_tokens == 118
    assert chunks[-1].usage.completion_tokens == 22
    assert chunks[-1].usage.prompt_tokens_details.cached_tokens == 7
    assert chunks[-2].choices[0].finish_reason == "stop"


async def test_stream_without_include_usage_still_counts(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    bedrock_emulator.script.next(
        message({"text": "a"}, usage={"inputTokens": 111, "outputTokens": 22, "totalTokens": 133})
    )
    chunks = await streamed(stream_options=None)
    assert not any(getattr(chunk, "usage", None) for chunk in chunks)
    assert chunks[-1]._hidden_params["usage"].prompt_tokens == 111


async def test_stream_keeps_thinking_tools_and_extensions(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    bedrock_emulator.script.next(message(THINKING, {"text": "So."}, *TWO_CALLS, stop_reason="tool_use"))
    chunks = await streamed(tools=[WEATHER])
    choices = [choice for chunk in chunks for choice in chunk.choices]  # none with usage, from LiteLLM 1.109 on
    deltas = [choice.delta for choice in choices]
    assert deltas[0].role == "assistant"
    assert "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas) == "Hm."
    blocks = [block for delta in deltas for block in getattr(delta, "thinking_blocks", None) or ()]
    assert blocks[-1]["signature"] == "c2ln"
    calls = [delta.tool_calls for delta in deltas if delta.tool_calls]
    assert {len(call) for call in calls} == {1}
    assert [call[0].index for call in calls] == sorted(call[0].index for call in calls)
    assert [call[0].function.name for call in calls if call[0].id] == ["get_weather", "get_weather"]
    extensions = [fields for delta in deltas if (fields := getattr(delta, "provider_specific_fields", None))]
    assert extensions[-1]["bedrock"]["stop_reason"] == "tool_use"
    assert [choice.finish_reason for choice in choices if choice.finish_reason] == ["tool_calls"]


async def test_stream_says_notes_on_its_first_chunk(serve: Serve) -> None:
    chunks = await streamed(seed=7)
    notes = chunks[0].choices[0].delta.provider_specific_fields["x-bedrock-adapter-notes"]
    assert [note["param"] for note in notes] == ["seed"]


async def test_stream_survives_a_hundred_equal_chunks(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    deltas = [("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "a"}})] * 150
    events: list[tuple[str, Json]] = [
        ("messageStart", {"role": "assistant"}),
        *deltas,
        ("contentBlockStop", {"contentBlockIndex": 0}),
    ]
    events += [
        ("messageStop", {"stopReason": "end_turn"}),
        (
            "metadata",
            {"usage": {"inputTokens": 1, "outputTokens": 150, "totalTokens": 151}, "metrics": {"latencyMs": 1}},
        ),
    ]
    bedrock_emulator.script.next(events)
    chunks = await streamed()
    assert text_of(chunks) == "a" * 150


async def test_closing_the_stream_closes_bedrocks(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    bedrock_emulator.script.next(delay=30.0)
    stream = await litellm.acompletion(model=MODEL, messages=HELLO, stream=True)
    await anext(stream)
    await stream.aclose()
    assert await asyncio.to_thread(bedrock_emulator.dropped.wait, 10)


async def test_cancelling_the_reader_closes_bedrocks_stream(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    bedrock_emulator.script.next(delay=30.0)
    stream = await litellm.acompletion(model=MODEL, messages=HELLO, stream=True)
    first = asyncio.Event()

    async def read() -> None:
        async for _ in stream:
            first.set()

    reader = asyncio.create_task(read())
    await first.wait()
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    assert await asyncio.to_thread(bedrock_emulator.dropped.wait, 10)


async def test_own_keys_of_litellm_stay_out(seen: Seen) -> None:
    router = litellm.Router(model_list=[{"model_name": "m", "litellm_params": {"model": MODEL, "max_retries": 3}}])
    await router.acompletion(model="m", messages=HELLO, metadata={"tags": ["a"]}, temperature=0.5)
    assert seen.request == {"model": MODEL.partition("/")[2], "messages": HELLO, "temperature": 0.5}


async def test_extra_body_is_merged(seen: Seen) -> None:
    await litellm.acompletion(model=MODEL, messages=HELLO, extra_body={"top_k": 5})
    assert seen.request["top_k"] == 5
    assert "extra_body" not in seen.request


async def test_caller_is_known_by_a_hash_of_its_key(seen: Seen) -> None:
    for key in ("a", "a", "b"):
        await litellm.acompletion(model=MODEL, messages=HELLO, metadata={"user_api_key_hash": key})
    first, same, other = (call.context.identity for call in seen.calls)
    assert first == same != other
    assert "a" != first != ""


async def test_base_model_of_an_opaque_id(seen: Seen, bedrock_emulator: BedrockEmulator) -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/unseen"
    bedrock_emulator.arns[arn] = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    info = {"base_model": "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0"}
    router = litellm.Router(
        model_list=[{"model_name": "m", "litellm_params": {"model": f"bedrock_adapter/{arn}"}, "model_info": info}]
    )
    await router.acompletion(model="m", messages=HELLO)
    assert seen.calls[-1].route.profile.known
    assert [request.operation for request in bedrock_emulator.requests] == ["Converse"]


def test_sync_answer(serve: Serve) -> None:
    assert host.completion(MODEL, HELLO).choices[0].message.content == "hello."
    assert host.completion(model=MODEL, messages=HELLO).choices[0].message.content == "hello."


def test_sync_stream(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    chunks = list(host.completion(model=MODEL, messages=HELLO, stream=True, stream_options={"include_usage": True}))
    assert text_of(chunks) == "hello."
    assert chunks[-1].usage.total_tokens == 12
    assert bedrock_emulator.requests[-1].operation == "ConverseStream"


def test_several_tool_calls_in_one_chunk_are_sent_one_by_one() -> None:
    """LiteLLM 1.106's bridge to /v1/messages merges them into one broken call."""
    calls: list[Json] = [
        {"index": index, "id": f"c{index}", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        for index in (0, 1)
    ]
    head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    choice = {"index": 0, "delta": {"content": "a", "tool_calls": calls}, "logprobs": None, "finish_reason": None}
    made = StreamTranslator([]).feed([{**head, "choices": [choice]}])
    assert [chunk.choices[0].delta.content for chunk in made] == ["a", None]
    assert [[call.id for call in chunk.choices[0].delta.tool_calls] for chunk in made] == [["c0"], ["c1"]]
