"""The emulator's own answers: deterministic, and sensible to a reader."""

import base64
import json
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer

from bedrock_adapter.testing.emulator.instances import Filler, places

NOVA = "amazon.nova-lite-v1:0"
NOVA2 = "us.amazon.nova-2-lite-v1:0"
SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(60)).decode()
LOCATION = {
    "type": "object",
    "properties": {"location": {"type": "string"}, "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}},
    "required": ["location"],
}
WEATHER = {
    "tools": [
        {
            "toolSpec": {
                "name": "get_current_weather",
                "description": "Get the current weather in a given location",
                "inputSchema": {"json": LOCATION},
            }
        },
        {
            "toolSpec": {
                "name": "get_current_location",
                "description": "Get the user's current location",
                "inputSchema": {"json": {"type": "object", "properties": {}}},
            }
        },
    ]
}


def say(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": each} if isinstance(each, str) else each for each in content]}


def ask(post: Any, model: str, *messages: Any, **members: Any) -> dict[str, Any]:
    made = [say(each) if isinstance(each, str) else each for each in messages]
    reply = post(model, {"messages": made, **members})
    assert reply.status == 200, reply.json
    answer: dict[str, Any] = reply.json
    return answer


def content(answer: dict[str, Any]) -> list[Any]:
    blocks: list[Any] = answer["output"]["message"]["content"]
    return blocks


def calls(answer: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(each["toolUse"]["name"], each["toolUse"]["input"]) for each in content(answer) if "toolUse" in each]


def continued(answer: dict[str, Any], *results: str) -> list[dict[str, Any]]:
    """The assistant turn and the user turn that answers its calls."""
    blocks = [dict(each) for each in content(answer)]
    uses = []
    for block in blocks:
        if "toolUse" in block:
            block["toolUse"] = {key: value for key, value in block["toolUse"].items() if key != "type"}
            uses.append(block["toolUse"]["toolUseId"])
    given = [
        {"toolResult": {"toolUseId": each, "content": [{"text": text}]}}
        for each, text in zip(uses, results, strict=True)
    ]
    return [{"role": "assistant", "content": blocks}, {"role": "user", "content": given}]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Tea is nice.", "You said: Tea is nice."),
        ("Hello!", "Hello! How can I help you today?"),
        ("What is the capital of France?", "The capital of France is Paris."),
        ("What is 12 * 4 + 2?", "12 * 4 + 2 = 50"),
        ("What is 1 / 0?", "1 / 0 = undefined"),
        ("Count to 5", "1, 2, 3, 4, 5."),
        ("Say exactly: ping", "ping"),
        ("word " * 200, "You said: " + "word " * 120 + "…"),
    ],
)
def test_words(post: Any, question: str, expected: str) -> None:
    assert content(ask(post, SONNET, question)) == [{"text": expected}]


def test_same_question_same_answer(post: Any) -> None:
    assert ask(post, SONNET, "Tea?", toolConfig=WEATHER) == ask(post, SONNET, "Tea?", toolConfig=WEATHER)


def test_media_are_acknowledged(post: Any) -> None:
    picture = {"image": {"format": "png", "source": {"bytes": PNG}}}
    paper = {"document": {"name": "report", "format": "txt", "source": {"bytes": "YWJj"}}}
    film = {"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://bucket/key"}}}}
    (block,) = content(ask(post, NOVA, say("Look", picture, paper, film)))
    assert block["text"] == (
        'You said: Look I received an image (png, 68 bytes). I received the document "report" (txt, 3 bytes). '
        "I received a video (mp4, s3://bucket/key)."
    )


# ---------------------------------------------------------------- tools


def test_weather_with_a_place(post: Any) -> None:
    answer = ask(post, SONNET, "What is the weather like in Shanghai today?", toolConfig=WEATHER)
    assert answer["stopReason"] == "tool_use"
    assert calls(answer) == [("get_current_weather", {"location": "Shanghai"})]
    assert content(answer)[0]["toolUse"]["type"] == "tool_use"


def test_weather_without_a_place(post: Any) -> None:
    question = "What is the weather like today?"
    first = ask(post, SONNET, question, toolConfig=WEATHER)
    assert calls(first) == [("get_current_location", {})]
    loop = continued(first, "Shanghai")
    second = ask(post, SONNET, question, *loop, toolConfig=WEATHER)
    assert calls(second) == [("get_current_weather", {"location": "Shanghai"})]
    loop += continued(second, "22 degrees, sunny")
    third = ask(post, SONNET, question, *loop, toolConfig=WEATHER)
    assert third["stopReason"] == "end_turn"
    assert content(third) == [
        {
            "text": "According to get_current_location: Shanghai\n"
            "According to get_current_weather (location: Shanghai): 22 degrees, sunny"
        }
    ]


def test_json_results_are_understood(post: Any) -> None:
    question = "What is the weather like today?"
    first = ask(post, NOVA, question, toolConfig=WEATHER)
    second = ask(post, NOVA, question, *continued(first, '{"city": "Oslo"}'), toolConfig=WEATHER)
    assert calls(second) == [("get_current_weather", {"location": "Oslo"})]


def test_parallel_calls(post: Any) -> None:
    question = "Compare the weather in Paris and London in celsius"
    answer = ask(post, SONNET, question, toolConfig=WEATHER)
    assert calls(answer) == [
        ("get_current_weather", {"location": "Paris", "unit": "celsius"}),
        ("get_current_weather", {"location": "London", "unit": "celsius"}),
    ]
    one = {"additionalModelRequestFields": {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}}
    assert len(calls(ask(post, SONNET, question, toolConfig=WEATHER, **one))) == 1


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"auto": {}}, []),
        ({"any": {}}, ["get_current_weather"]),
        ({"tool": {"name": "get_current_location"}}, ["get_current_location"]),
    ],
)
def test_tool_choice(post: Any, choice: Any, expected: list[str]) -> None:
    answer = ask(post, SONNET, "Tell me a joke", toolConfig={**WEATHER, "toolChoice": choice})
    assert [name for name, _ in calls(answer)] == expected


def test_claude_can_be_told_to_call_nothing(post: Any) -> None:
    off = {"additionalModelRequestFields": {"tool_choice": {"type": "none"}}}
    assert calls(ask(post, SONNET, "What is the weather in Rome?", toolConfig=WEATHER, **off)) == []


def test_nova_thinks_aloud_before_a_call(post: Any) -> None:
    answer = ask(post, NOVA, "What is the weather in Rome?", toolConfig=WEATHER)
    assert content(answer)[0]["text"].startswith("<thinking> The user asks")
    assert content(answer)[0]["text"].endswith("</thinking>\n")
    assert "type" not in content(answer)[1]["toolUse"]


def test_kimi_names_its_calls_after_functions(post: Any) -> None:
    kimi = "moonshotai.kimi-k2.5"
    first = ask(post, kimi, "What is the weather like today?", toolConfig=WEATHER)
    loop = continued(first, "Oslo")
    second = ask(post, kimi, "What is the weather like today?", *loop, toolConfig=WEATHER)
    ids = [content(each)[0]["toolUse"]["toolUseId"] for each in (first, second)]
    assert ids == ["functions.get_current_location:0", "functions.get_current_weather:1"]


def test_failed_tool(post: Any) -> None:
    first = ask(post, SONNET, "What is the weather in Rome?", toolConfig=WEATHER)
    loop = continued(first, "no such place")
    loop[1]["content"][0]["toolResult"]["status"] = "error"
    answer = ask(post, SONNET, "What is the weather in Rome?", *loop, toolConfig=WEATHER)
    assert content(answer) == [{"text": "get_current_weather (location: Rome) failed: no such place"}]


def test_nova_runs_its_own_tools(post: Any) -> None:
    interpreter: Any = {"tools": [{"systemTool": {"name": "nova_code_interpreter"}}]}
    use, result, text = content(ask(post, NOVA2, "What is 1234 * 5678?", toolConfig=interpreter))
    assert use["toolUse"]["type"] == "server_tool_use"
    assert result["toolResult"]["type"] == "nova_code_interpreter_result"
    assert result["toolResult"]["content"] == [
        {"json": {"stdOut": "7006652", "stdErr": "", "exitCode": 0, "isError": False}}
    ]
    assert text == {"text": "1234 * 5678 = 7006652"}
    grounding = {"tools": [{"systemTool": {"name": "nova_grounding"}}]}
    blocks = content(ask(post, NOVA2, "Who won?", toolConfig=grounding))
    assert [next(iter(each)) for each in blocks] == ["toolUse", "toolResult", "citationsContent"]
    history = {"role": "assistant", "content": blocks}
    assert content(ask(post, NOVA2, "Who won?", history, "Thanks", toolConfig=grounding))


@pytest.mark.parametrize(
    ("question", "schema", "expected"),
    [
        ("add 2 and 3.5", {"a": {"type": "integer"}, "b": {"type": "number"}}, {"a": 2, "b": 3.5}),
        ("sum 1 2 3", {"values": {"type": "array", "items": {"type": "integer"}}}, {"values": [1, 2, 3]}),
        ("pick", {"size": {"enum": ["small", "big"]}}, {"size": "small"}),
        ("pick the big one", {"size": {"enum": ["small", "big"]}}, {"size": "big"}),
        ("go", {"flag": {"type": "boolean"}, "fixed": {"const": 7}}, {"flag": True, "fixed": 7}),
        ('find "blue tea"', {"query": {"type": "string"}}, {"query": "blue tea"}),
        ("book a table tomorrow", {"date": {"type": "string"}}, {"date": "tomorrow"}),
        ("look up John at once", {"name": {"type": "string"}}, {"name": "John"}),
        ("x", {"inner": {"$ref": "#/$defs/Inner"}}, {"inner": {"n": 1}}),
        ("x", {"maybe": {"anyOf": [{"type": "null"}, {"type": "integer"}]}}, {"maybe": 1}),
        ("x", {"short": {"type": "string", "maxLength": 3, "minLength": 3}}, {"short": "x.."}),
        ("x", {"list": {"type": "array", "items": {"type": "string"}, "minItems": 1}}, {"list": ["x"]}),
        ("x", {"nothing": {"type": "null"}}, {"nothing": None}),
    ],
)
def test_schemas_are_filled(question: str, schema: dict[str, Any], expected: Any) -> None:
    inner = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    whole = {"type": "object", "properties": schema, "required": list(schema), "$defs": {"Inner": inner}}
    assert Filler(whole, question).fill() == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the weather like in Shanghai today?", ["Shanghai"]),
        ("weather in San Francisco, CA?", ["San Francisco, CA"]),
        ("weather in Paris, London and New York?", ["Paris", "London", "New York"]),
        ("weather in paris?", ["paris"]),
        ("weather in the morning?", []),
        ("What is the weather like?", []),
    ],
)
def test_places(question: str, expected: list[str]) -> None:
    assert places(question) == expected


def test_structured_output(post: Any) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "population": {"type": "integer"}},
        "required": ["city", "population"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "structure": {"jsonSchema": {"schema": json.dumps(schema)}}}
    (block,) = content(ask(post, SONNET, "What is the capital of France?", outputConfig={"textFormat": form}))
    assert json.loads(block["text"]) == {"city": "Paris", "population": 1}


# ---------------------------------------------------------------- cuts, usage, extras


def test_max_tokens(post: Any) -> None:
    answer = ask(post, SONNET, "Count to 20", inferenceConfig={"maxTokens": 5})
    assert (content(answer), answer["stopReason"]) == ([{"text": "1, 2, 3"}], "max_tokens")
    assert answer["usage"]["outputTokens"] == 5


@pytest.mark.parametrize("verb", ["converse", "converse-stream"])
def test_stop_sequences(post: Any, verb: str) -> None:
    body = {
        "messages": [say("Count to 20")],
        "inferenceConfig": {"stopSequences": ["9", "5"]},
        "additionalModelResponseFieldPaths": ["/stop_sequence", "/delta/stop_sequence", "/usage/absent"],
    }
    reply = post(SONNET, body, verb)
    if verb == "converse":
        assert content(reply.json) == [{"text": "1, 2, 3, 4, "}]
        stop = reply.json
        assert stop["additionalModelResponseFields"] == {"stop_sequence": "5"}
    else:
        buffer = EventStreamBuffer()
        buffer.add_data(reply.raw)
        stop = next(
            json.loads(event.payload) for event in list[Any](buffer) if event.headers[":event-type"] == "messageStop"
        )
        assert stop["additionalModelResponseFields"] == {"delta": {"stop_sequence": "5"}}
    assert stop["stopReason"] == "stop_sequence"


def test_thinking_tokens_are_reported(post: Any) -> None:
    answer = ask(
        post,
        "us.anthropic.claude-sonnet-4-20250514-v1:0",
        "Hm?",
        additionalModelRequestFields={"thinking": {"type": "enabled", "budget_tokens": 1024}},
        additionalModelResponseFieldPaths=["/usage/output_tokens_details"],
    )
    details = answer["additionalModelResponseFields"]["usage"]["output_tokens_details"]
    assert 0 < details["thinking_tokens"] < answer["usage"]["outputTokens"]


def test_usage_adds_up_and_claude_names_all_four(post: Any) -> None:
    usage = ask(post, SONNET, "Tea?")["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]
    assert {key: value for key, value in usage.items() if key.startswith("cache")} == {
        "cacheReadInputTokenCount": 0,
        "cacheReadInputTokens": 0,
        "cacheWriteInputTokenCount": 0,
        "cacheWriteInputTokens": 0,
    }
    assert "cacheReadInputTokens" not in ask(post, "openai.gpt-oss-20b-1:0", "Tea?")["usage"]


def test_prompt_cache(post: Any) -> None:
    system = [{"text": "many words " * 700}, {"cachePoint": {"type": "default", "ttl": "1h"}}]
    first = ask(post, SONNET, "Tea?", system=system)["usage"]
    second = ask(post, SONNET, "Coffee?", system=system)["usage"]
    assert (first["cacheWriteInputTokens"], first["cacheReadInputTokens"]) == (1400, 0)
    assert (second["cacheWriteInputTokens"], second["cacheReadInputTokens"]) == (0, 1400)
    assert first["cacheDetails"] == [{"ttl": "1h", "inputTokens": 1400}]
    assert second["totalTokens"] == second["inputTokens"] + 1400 + second["outputTokens"]


def test_a_growing_conversation_reads_what_it_wrote(post: Any) -> None:
    point = {"cachePoint": {"type": "default"}}
    opening = say("many words " * 700)
    first = ask(post, SONNET, say(*opening["content"], point))["usage"]
    history = [opening, {"role": "assistant", "content": [{"text": "yes"}]}, say("more words " * 50, point)]
    second = ask(post, SONNET, *history)["usage"]
    assert second["cacheReadInputTokens"] == first["cacheWriteInputTokens"] == 1400
    assert second["cacheWriteInputTokens"] > 0


def test_short_prefixes_and_nova_2(post: Any) -> None:
    point = {"cachePoint": {"type": "default"}}
    assert ask(post, SONNET, say("short", point))["usage"]["cacheWriteInputTokens"] == 0
    long = say("many words " * 700, point)
    ask(post, NOVA2, long)
    usage = ask(post, NOVA2, long)["usage"]
    assert (usage["cacheReadInputTokens"], usage["cacheWriteInputTokens"]) == (0, 1400)  # written, never read


def test_citations(post: Any) -> None:
    cited = {"citations": {"enabled": True}}
    text = {"document": {"name": "policy", "format": "txt", "source": {"text": "20 days leave. More."}, **cited}}
    chunks = {"document": {"name": "parts", "format": "txt", "source": {"content": [{"text": "one"}]}, **cited}}
    pdf: Any = {"document": {"name": "paper", "format": "pdf", "source": {"bytes": "JVBERi0x"}, **cited}}
    pdf["document"]["source"]["bytes"] = base64.b64encode(b"%PDF-1.7").decode()
    blocks = content(ask(post, SONNET, say("How many days?", text, chunks, pdf)))
    citations = [each["citationsContent"]["citations"][0] for each in blocks if "citationsContent" in each]
    assert citations[0] == {
        "title": "policy",
        "sourceContent": [{"text": "20 days leave"}],
        "location": {"documentChar": {"documentIndex": 0, "start": 0, "end": 13}},
    }
    assert citations[1]["location"] == {"documentChunk": {"documentIndex": 1, "start": 0, "end": 1}}
    assert citations[2]["location"] == {"documentPage": {"documentIndex": 2, "start": 1, "end": 2}}


GUARD = {"guardrailIdentifier": "abc", "guardrailVersion": "1"}


def test_guardrail(post: Any) -> None:
    answer = ask(post, NOVA, "a blocked-word", guardrailConfig=GUARD)
    assert answer["stopReason"] == "guardrail_intervened"
    assert content(answer) == [{"text": "Sorry, the model cannot answer this question."}]
    assert "trace" not in answer
    assert ask(post, NOVA, "a blocked-word")["stopReason"] == "end_turn"


def test_guardrail_looks_at_guarded_content_only(post: Any) -> None:
    guarded = {"guardContent": {"text": {"text": "harmless"}}}
    assert ask(post, NOVA, say("a blocked-word", guarded), guardrailConfig=GUARD)["stopReason"] == "end_turn"
    guarded["guardContent"]["text"]["text"] = "blocked-word"
    answer = ask(post, NOVA, say("fine", guarded), guardrailConfig={**GUARD, "trace": "enabled"})
    assessment = answer["trace"]["guardrail"]["inputAssessment"]["abc"]
    assert assessment["wordPolicy"]["customWords"] == [{"match": "blocked-word", "action": "BLOCKED"}]
    passed = ask(post, NOVA, "fine", guardrailConfig={**GUARD, "trace": "enabled"})["trace"]["guardrail"]
    assert passed["actionReason"] == "No action."


def test_knobs_are_echoed(post: Any) -> None:
    answer = ask(
        post, "amazon.nova-pro-v1:0", "Tea?", serviceTier={"type": "flex"}, performanceConfig={"latency": "optimized"}
    )
    assert answer["serviceTier"] == {"type": "flex"}
    assert answer["performanceConfig"] == {"latency": "optimized"}


def test_prompt_router_and_prompt(post: Any) -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:"
    answer = ask(post, arn + "default-prompt-router/anthropic.claude:1", "Tea?")
    assert answer["trace"] == {"promptRouter": {"invokedModelId": "anthropic.claude-sonnet-4-5-20250929-v1:0"}}
    reply = post(arn + "prompt/PROMPT0001:1", {"promptVariables": {"topic": {"text": "tea"}}})
    assert content(reply.json) == [{"text": "You said: topic: tea"}]


def test_count_tokens(post: Any) -> None:
    base = "anthropic.claude-sonnet-4-20250514-v1:0"
    body = {"input": {"converse": {"messages": [say("Hello, world!")], "system": []}}}
    assert post(base, body, "count-tokens").json == {"inputTokens": 11}
    assert post("us." + base, body, "count-tokens").status == 400
    native = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 5,
        "messages": [{"role": "user", "content": "Hello"}],
    }
    encoded = base64.b64encode(json.dumps(native).encode()).decode()
    assert post(base, {"input": {"invokeModel": {"body": encoded}}}, "count-tokens").json["inputTokens"] > 5
    broken = base64.b64encode(b"{").decode()
    assert post(base, {"input": {"invokeModel": {"body": broken}}}, "count-tokens").status == 400


def test_native_claude(post: Any) -> None:
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 50,
        "messages": [{"role": "user", "content": "Hello"}],
    }
    reply = post(SONNET, body, "invoke")
    assert reply.json["content"] == [{"type": "text", "text": "Hello! How can I help you today?"}]
    assert reply.headers["x-amzn-bedrock-output-token-count"] == str(reply.json["usage"]["output_tokens"])
    buffer = EventStreamBuffer()
    buffer.add_data(post(SONNET, body, "invoke-with-response-stream").raw)
    chunks = [json.loads(base64.b64decode(json.loads(event.payload)["bytes"])) for event in buffer]
    assert chunks[0]["type"] == "message_start"
    assert "amazon-bedrock-invocationMetrics" in chunks[-1]
    assert post(SONNET, {**body, "stream": True}, "invoke").json["message"] == "stream: Extra inputs are not permitted"
