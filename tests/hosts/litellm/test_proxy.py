"""The real proxy process, configured by the one line, and the real openai client."""

import json
from typing import Any

import httpx
import openai
import pytest

from bedrock_adapter.testing.emulator import Broken
from bedrock_adapter.testing.emulator.script import message

from .conftest import EMBEDDER, HELLO, MODEL, WEATHER
from .proxies import KEY, Proxy

pytestmark = pytest.mark.proxy

ID = MODEL.partition("/")[2]
NO_RETRIES = {"num_retries": 0}


def events(text: str) -> list[dict[str, Any]]:
    """The JSON of a server-sent event stream's data lines."""
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def converse(proxy: Proxy) -> Any:
    """The last Converse or ConverseStream request: the listing goes on in the background."""
    return next(request for request in reversed(proxy.bedrock.requests) if request.operation.startswith("Converse"))


def test_models_are_listed(proxy: Proxy) -> None:
    proxy.wait_for(lambda: MODEL in proxy.models())
    models = proxy.models()
    assert {"team", EMBEDDER} <= set(models)
    assert len(models) == len(set(models))


def test_models_that_are_gone_leave_the_list(proxy: Proxy) -> None:
    proxy.wait_for(lambda: MODEL in proxy.models())
    only = {
        "modelSummaries": [
            {
                "modelId": "amazon.nova-lite-v1:0",
                "modelArn": "a",
                "outputModalities": ["TEXT"],
                "inferenceTypesSupported": ["ON_DEMAND"],
            }
        ]
    }
    proxy.bedrock.script.next(only, operation="ListFoundationModels", times=1000)
    proxy.bedrock.script.next({"inferenceProfileSummaries": []}, operation="ListInferenceProfiles", times=1000)
    proxy.wait_for(lambda: MODEL not in proxy.models())
    assert "bedrock_adapter/amazon.nova-lite-v1:0" in proxy.models()
    proxy.bedrock.script.clear()
    proxy.wait_for(lambda: MODEL in proxy.models())


@pytest.mark.parametrize("model", [MODEL, "team", "gpt-4o", "bedrock_adapter/us-east-1/" + ID])
def test_chat(proxy: Proxy, model: str) -> None:
    with proxy.openai() as client:
        answer = client.chat.completions.with_raw_response.create(model=model, messages=HELLO, seed=3)
    assert answer.parse().choices[0].message.content == "hello."
    assert answer.parse().model == model
    assert float(answer.headers["x-litellm-response-cost"]) > 0
    assert json.loads(answer.headers["llm_provider-x-bedrock-adapter-notes"])[0]["param"] == "seed"
    assert converse(proxy).model == ID


def test_reasoning_effort_and_thinking_arrive(proxy: Proxy) -> None:
    with proxy.openai() as client:
        answer = client.chat.completions.create(model=MODEL, messages=HELLO, reasoning_effort="low", max_tokens=4000)
        assert answer.choices[0].message.model_extra["reasoning_content"]
        client.chat.completions.create(
            model=MODEL,
            messages=HELLO,
            max_tokens=4000,
            extra_body={"thinking": {"type": "enabled", "budget_tokens": 1500}},
        )
    assert converse(proxy).body["additionalModelRequestFields"]["thinking"]["budget_tokens"] == 1500


def test_stream(proxy: Proxy) -> None:
    usage = {"inputTokens": 111, "outputTokens": 22, "totalTokens": 133}
    thinking = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}}
    call = {"toolUse": {"toolUseId": "tooluse_1", "name": "get_weather", "input": {"city": "Rome"}}}
    proxy.bedrock.script.next(
        message(thinking, {"text": "So."}, call, stop_reason="tool_use", usage=usage), operation="Converse*"
    )
    with proxy.openai() as client:
        chunks = list(
            client.chat.completions.create(
                model=MODEL,
                messages=HELLO,
                tools=[WEATHER],
                stream=True,
                stream_options={"include_usage": True},
                seed=3,
            )
        )
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert deltas[0].model_extra["provider_specific_fields"]["x-bedrock-adapter-notes"][0]["param"] == "seed"
    assert "".join(delta.content or "" for delta in deltas) == "So."
    assert "".join((delta.model_extra or {}).get("reasoning_content") or "" for delta in deltas) == "Hm."
    blocks = [block for delta in deltas for block in (delta.model_extra or {}).get("thinking_blocks") or ()]
    assert blocks[-1]["signature"] == "c2ln"
    assert json.loads(
        "".join(delta.tool_calls[0].function.arguments or "" for delta in deltas if delta.tool_calls)
    ) == {"city": "Rome"}
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason] == [
        "tool_calls"
    ]
    assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == (111, 22)


def test_tool_loop(proxy: Proxy) -> None:
    conversation: list[Any] = [{"role": "user", "content": "What is the weather in Rome?"}]
    with proxy.openai() as client:
        said = (
            client.chat.completions.create(model=MODEL, messages=conversation, tools=[WEATHER], tool_choice="required")
            .choices[0]
            .message
        )
        result = {"role": "tool", "tool_call_id": said.tool_calls[0].id, "content": "sunny"}
        answer = client.chat.completions.create(model=MODEL, messages=[*conversation, said, result], tools=[WEATHER])
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].message.content


@pytest.mark.parametrize("model", [EMBEDDER, "text-embedding-3-small"])
def test_embeddings_as_the_client_asks_by_default(proxy: Proxy, model: str) -> None:
    """The openai client asks for base64, which LiteLLM refuses to hand on (defect #55)."""
    with proxy.openai() as client:
        answer = client.embeddings.create(model=model, input=["one", "two"], dimensions=256, user="me")
    assert [len(entry.embedding) for entry in answer.data] == [256, 256]
    assert all(isinstance(number, float) for number in answer.data[0].embedding)


def test_embeddings_of_token_arrays(proxy: Proxy) -> None:
    with proxy.openai() as client:
        for given in ([9906, 1917], [[9906, 1917]], "Hello world"):
            client.embeddings.create(model=EMBEDDER, input=given)
    texts = [request.body["inputText"] for request in proxy.bedrock.requests if request.operation == "InvokeModel"]
    assert texts == ["Hello world"] * 3


def test_errors_have_status_param_and_retry_after(proxy: Proxy) -> None:
    with proxy.openai() as client:
        with pytest.raises(openai.BadRequestError) as refused:
            client.chat.completions.create(model=MODEL, messages=HELLO, temperature="hot")
        assert refused.value.param == "temperature"
        assert "Traceback" not in refused.value.message
        proxy.bedrock.script.throttle(times=9, retry_after="7", operation="Converse*")
        with pytest.raises(openai.RateLimitError) as throttled:
            client.chat.completions.create(model=MODEL, messages=HELLO, extra_body=NO_RETRIES)
        assert throttled.value.response.headers["retry-after"] == "7"


@pytest.mark.parametrize("name", ["AccessDeniedException", "ThrottlingException"])
def test_errors_before_the_first_byte_of_a_stream_have_their_status(proxy: Proxy, name: str) -> None:
    from bedrock_adapter.testing.emulator import HttpError

    status = 403 if name.startswith("Access") else 429
    proxy.bedrock.script.next(HttpError(name, "No.", status), times=9, operation="ConverseStream")
    with proxy.openai() as client, pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model=MODEL, messages=HELLO, stream=True, extra_body=NO_RETRIES)
    assert caught.value.status_code == status


def test_error_within_a_stream_is_no_success(proxy: Proxy) -> None:
    proxy.bedrock.script.next(Broken(after=3, exception="modelStreamErrorException"), operation="ConverseStream")
    with proxy.openai() as client, pytest.raises(openai.APIError):
        list(client.chat.completions.create(model=MODEL, messages=HELLO, stream=True, extra_body=NO_RETRIES))


def test_a_client_that_leaves_ends_bedrocks_stream(proxy: Proxy) -> None:
    proxy.bedrock.script.next(delay=30.0, operation="ConverseStream")
    body = {"model": MODEL, "messages": HELLO, "stream": True}
    with proxy.http() as client, client.stream("POST", "/v1/chat/completions", json=body) as response:
        next(response.iter_lines())
    assert proxy.bedrock.dropped.wait(20)


def test_responses_api(proxy: Proxy) -> None:
    with proxy.openai() as client:
        answer = client.responses.create(
            model=MODEL, input="Say hello.", reasoning={"effort": "low"}, max_output_tokens=4000
        )
        assert answer.output_text
        assert "thinking" in converse(proxy).body["additionalModelRequestFields"]
        tool = {
            "type": "function",
            "name": "get_weather",
            "parameters": WEATHER["function"]["parameters"],
            "strict": False,
        }
        called = client.responses.create(
            model=MODEL, input="What is the weather in Rome?", tools=[tool], tool_choice="required"
        )
        assert any(item.type == "function_call" for item in called.output)


def test_responses_api_streams(proxy: Proxy) -> None:
    with proxy.openai() as client:
        made = list(client.responses.create(model=MODEL, input="Say hello.", stream=True))
    assert "".join(event.delta for event in made if event.type == "response.output_text.delta") == "hello."
    assert made[-1].type == "response.completed"
    assert made[-1].response.usage.input_tokens == 10


def test_messages_api(proxy: Proxy) -> None:
    body = {
        "model": MODEL,
        "max_tokens": 4000,
        "messages": HELLO,
        "thinking": {"type": "enabled", "budget_tokens": 1500},
    }
    with proxy.http() as client:
        answer = client.post("/v1/messages", json=body).raise_for_status().json()
    kinds = [block["type"] for block in answer["content"]]
    assert kinds == ["thinking", "text"]
    assert answer["content"][0]["signature"]
    assert converse(proxy).body["additionalModelRequestFields"]["thinking"]["budget_tokens"] == 1500


def test_messages_api_streams_two_tool_calls(proxy: Proxy) -> None:
    calls = [
        {"toolUse": {"toolUseId": f"tooluse_{city}", "name": "get_weather", "input": {"city": city}}}
        for city in ("Rome", "Oslo")
    ]
    proxy.bedrock.script.next(message(*calls, stop_reason="tool_use"), operation="ConverseStream")
    tool = {"name": "get_weather", "input_schema": WEATHER["function"]["parameters"]}
    body = {"model": MODEL, "max_tokens": 400, "messages": HELLO, "tools": [tool], "stream": True}
    with proxy.http() as client:
        made = events(client.post("/v1/messages", json=body).raise_for_status().text)
    pieces: dict[int, str] = {}
    for event in made:
        if event["type"] == "content_block_delta" and event["delta"]["type"] == "input_json_delta":
            pieces[event["index"]] = pieces.get(event["index"], "") + event["delta"]["partial_json"]
    assert [json.loads(piece) for piece in pieces.values()] == [{"city": "Rome"}, {"city": "Oslo"}]


def test_unknown_key_is_refused_by_the_proxy(proxy: Proxy) -> None:
    response = httpx.post(
        f"{proxy.url}/v1/chat/completions",
        json={"model": MODEL, "messages": HELLO},
        headers={"Authorization": f"Bearer {KEY}x"},
    )
    assert response.status_code in (400, 401, 403)
    assert not any(request.operation == "Converse" for request in proxy.bedrock.requests)
