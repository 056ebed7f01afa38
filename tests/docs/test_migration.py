"""Every row of the README's tables for those who come from elsewhere."""

import asyncio
import base64
import inspect
import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bedrock_adapter import Adapter, Encoded, RequestError, UnknownModelError
from bedrock_adapter.errors import StreamTruncatedError
from bedrock_adapter.testing.emulator import BedrockEmulator
from bedrock_adapter.testing.scripted import ScriptedTransport, converse_events, converse_response

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
TEAM = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/team-claude"
HELLO = [{"role": "user", "content": "Hello"}]
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}
Made = Callable[..., Adapter]
Test = Callable[..., Any]
TESTS: dict[str, dict[str, Test]] = {"Bedrock Access Gateway": {}, "LiteLLM's `bedrock/` route": {}}


def gateway(row: str) -> Callable[[Test], Test]:
    return lambda test: TESTS["Bedrock Access Gateway"].setdefault(row, test)


def litellm(row: str) -> Callable[[Test], Test]:
    return lambda test: TESTS["LiteLLM's `bedrock/` route"].setdefault(row, test)


class Kit:
    """What the rows' tests use."""

    def __init__(self, made: Made, emulator: BedrockEmulator, environment: pytest.MonkeyPatch) -> None:
        self.made = made
        self.emulator = emulator
        self.environment = environment

    def environ(self, **variables: str) -> Adapter:
        """An adapter with these variables set."""
        for name, value in variables.items():
            self.environment.setenv(name, value)
        return self.made()

    def encode(self, model: str = CLAUDE, **members: Any) -> Encoded:
        return self.made().encode({"model": model, "messages": HELLO, **members})

    def body(self, model: str = CLAUDE, **members: Any) -> Any:
        return self.encode(model, **members).requests[0].body

    async def http(
        self, path: str, body: Any = None, method: str = "", **headers: str
    ) -> tuple[int, dict[str, str], Any]:
        """One request to the ASGI host as it is set up by the environment."""
        pytest.importorskip("starlette")
        from bedrock_adapter.hosts.asgi import create_app

        adapter = self.made()
        app = create_app(adapter=adapter, auth=None if adapter.settings.api_key else "host")
        data = json.dumps(body).encode() if body else b""
        inbox: asyncio.Queue[Any] = asyncio.Queue()
        inbox.put_nowait({"type": "http.request", "body": data, "more_body": False})
        sent: list[Any] = []

        async def receive() -> Any:
            return await inbox.get()  # after the body: until the client leaves, which it does not

        async def send(message: Any) -> None:
            sent.append(message)

        names = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
        scope = {
            "type": "http", "method": method or ("POST" if body else "GET"), "path": path, "root_path": "", "query_string": b"",
            "headers": list(names.items()), "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http",
        }  # fmt: skip
        await app(scope, receive, send)
        await adapter.aclose()
        told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        text = b"".join(message.get("body", b"") for message in sent[1:])
        return sent[0]["status"], told, text.decode()


@pytest.fixture
def kit(bedrock_adapter_for: Made, bedrock_emulator: BedrockEmulator, bedrock_environment: pytest.MonkeyPatch) -> Kit:
    return Kit(bedrock_adapter_for, bedrock_emulator, bedrock_environment)


def rows(title: str) -> list[str]:
    """First cells of the table with that title."""
    found = re.search(rf"^\| {re.escape(title)} \| here \|\n\|---\|---\|\n((?:\|.*\n)+)", README, re.MULTILINE)
    assert found, f"the README has no table {title!r}"
    return [line.split(" | ")[0].removeprefix("| ") for line in found[1].splitlines()]


@pytest.mark.parametrize("title", TESTS)
def test_every_row_is_tested(title: str) -> None:
    assert rows(title) == list(TESTS[title])


# -- from the Bedrock Access Gateway -------------------------------------------------------------------------------------


@gateway("`API_ROUTE_PREFIX`")
async def prefixes(kit: Kit) -> None:
    for prefix in ("/v1", "/api/v1"):
        assert (await kit.http(f"{prefix}/models"))[0] == 200


@gateway("`API_KEY`")
async def key(kit: Kit) -> None:
    kit.environ(BEDROCK_ADAPTER_API_KEY="secret")
    assert (await kit.http("/v1/models", authorization="Bearer secret"))[0] == 200
    status, _, body = await kit.http("/v1/models", authorization="Bearer wrong")
    assert (status, json.loads(body)["error"]["code"]) == (401, "invalid_api_key")


@gateway("`API_KEY_SECRET_ARN`, `API_KEY_PARAM_NAME`")
def key_from_elsewhere(kit: Kit) -> None:
    pytest.importorskip("starlette")
    from bedrock_adapter.hosts.asgi import create_app

    async def check(request: Any) -> str:
        return "red"

    assert create_app(adapter=kit.made(), auth=check)
    assert kit.environ(BEDROCK_ADAPTER_API_KEY="secret").settings.api_key == "secret"


@gateway("`AWS_REGION`")
def region(kit: Kit) -> None:
    kit.environ(AWS_REGION="eu-central-1").chat({"model": CLAUDE, "messages": HELLO})
    assert "/eu-central-1/bedrock/" in kit.emulator.requests[-1].headers["authorization"]
    assert kit.made().settings.region is None


@gateway("`DEFAULT_MODEL`")
def default_model(kit: Kit) -> None:
    with pytest.raises(UnknownModelError, match="BEDROCK_ADAPTER_DEFAULT_MODEL"):
        kit.encode("gpt-4o")
    kit.environ(BEDROCK_ADAPTER_DEFAULT_MODEL=CLAUDE)
    assert kit.encode("gpt-4o").requests[0].resource == CLAUDE


@gateway("`DEFAULT_EMBEDDING_MODEL`")
def default_embedding_model(kit: Kit) -> None:
    asked = {"model": "text-embedding-3-small", "input": "a"}
    with pytest.raises(UnknownModelError, match="BEDROCK_ADAPTER_DEFAULT_EMBEDDING_MODEL"):
        kit.made().encode(asked)
    adapter = kit.environ(BEDROCK_ADAPTER_DEFAULT_EMBEDDING_MODEL="amazon.titan-embed-text-v2:0")
    assert adapter.encode(asked).requests[0].resource == "amazon.titan-embed-text-v2:0"


@gateway("`ENABLE_CROSS_REGION_INFERENCE`, `ENABLE_APPLICATION_INFERENCE_PROFILES`")
def profiles_are_listed(kit: Kit) -> None:
    listed = [model["id"] for model in kit.made().models()]
    assert CLAUDE in listed
    assert any("application-inference-profile" in name for name in listed)


@gateway("`ENABLE_PROMPT_CACHING=true`")
def caching(kit: Kit) -> None:
    messages = [{"role": "system", "content": "Be brief."}, *HELLO]
    adapter = kit.environ(BEDROCK_ADAPTER_OPTIONS__CACHING__AUTO="true")
    body = adapter.encode({"model": CLAUDE, "messages": messages}).requests[0].body or {}
    assert "cachePoint" in body["system"][-1]
    assert "cachePoint" in body["messages"][-1]["content"][-1]


@gateway("`extra_body.prompt_caching`")
def caching_by_request(kit: Kit) -> None:
    messages = [{"role": "system", "content": "Be brief."}, *HELLO]
    for members in ({"prompt_caching": {"system": True}}, {"extra_body": {"prompt_caching": {"system": True}}}):
        body = kit.made().encode({"model": CLAUDE, "messages": messages, **members}).requests[0].body or {}
        assert "cachePoint" in body["system"][-1]
        assert "cachePoint" not in body["messages"][-1]["content"][-1]


@gateway("`ALLOWED_ORIGINS`")
async def origins(kit: Kit) -> None:
    assert "access-control-allow-origin" not in (await kit.http("/v1/models", origin="https://chat.example"))[1]
    kit.environ(BEDROCK_ADAPTER_CORS_ORIGINS="https://chat.example")
    assert (await kit.http("/v1/models", origin="https://chat.example"))[1][
        "access-control-allow-origin"
    ] == "https://chat.example"


@gateway("`DEBUG`")
async def insight(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "bedrock_adapter")
    body = {"model": CLAUDE, "messages": [{"role": "user", "content": "very secret"}], "seed": 7}
    status, headers, _ = await kit.http("/v1/chat/completions", body)
    assert status == 200
    assert json.loads(headers["x-bedrock-adapter-notes"])[0]["param"] == "seed"
    assert "very secret" not in caplog.text
    assert kit.made().explain(CLAUDE)["facts"]


@gateway("`reasoning_effort`")
def effort(kit: Kit) -> None:
    limits: list[dict[str, Any]] = [{}, {"max_tokens": 2000}, {"max_tokens": 8000}]
    for members in limits:
        body = kit.body(reasoning_effort="low", **members)
        budget = body["additionalModelRequestFields"]["thinking"]["budget_tokens"]
        assert 1024 <= budget < body["inferenceConfig"]["maxTokens"]
    assert kit.body("openai.gpt-oss-120b-1:0", reasoning_effort="low")["additionalModelRequestFields"] == {
        "reasoning_effort": "low"
    }


@gateway("`<think>` in `content`")
def think_tags(kit: Kit) -> None:
    asked = {"model": CLAUDE, "messages": HELLO, "reasoning_effort": "low", "max_tokens": 4000}
    answer = converse_response({"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}}, "Hi")
    message = kit.made(transport=ScriptedTransport(answer)).chat(asked)["choices"][0]["message"]
    assert (message["content"], message["reasoning_content"]) == ("Hi", "Hm.")
    kit.environ(BEDROCK_ADAPTER_OPTIONS__REASONING__THINK_TAGS="true")
    message = kit.made(transport=ScriptedTransport(answer)).chat(asked)["choices"][0]["message"]
    assert message["content"].startswith("<think>\nHm.\n</think>")


@gateway("other keys of `extra_body`")
def other_keys(kit: Kit) -> None:
    assert kit.body(extra_body={"wisdom": 7})["additionalModelRequestFields"] == {"wisdom": 7}


@gateway("models must be in its list")
def any_model(kit: Kit) -> None:
    assert kit.encode("acme.owl-1").requests[0].resource == "acme.owl-1"


# -- from LiteLLM's own route ---------------------------------------------------------------------------------------------


@litellm("`bedrock/MODEL`")
def model_string(kit: Kit) -> None:
    assert kit.encode(f"bedrock_adapter/{CLAUDE}").requests[0].resource == CLAUDE
    assert "custom_handler: bedrock_adapter.hosts.litellm.handler" in README


@litellm("`bedrock/converse/MODEL`, `bedrock/invoke/MODEL`")
def route_forms(kit: Kit) -> None:
    for form in ("converse", "invoke"):
        (sent,) = kit.encode(f"bedrock_adapter/{form}/{CLAUDE}").requests
        assert (sent.operation, sent.resource) == ("Converse", CLAUDE)


@litellm("`bedrock/us-west-2/MODEL`")
def region_form(kit: Kit) -> None:
    kit.made().chat({"model": f"bedrock_adapter/us-west-2/{CLAUDE}", "messages": HELLO})
    assert "/us-west-2/bedrock/" in kit.emulator.requests[-1].headers["authorization"]


@litellm("`bedrock/arn:…`, `model_id`")
def arns(kit: Kit) -> None:
    asked = {"model": f"bedrock_adapter/{TEAM}", "messages": HELLO, "reasoning_effort": "low", "max_tokens": 4000}
    kit.made().chat(asked)
    assert kit.emulator.requests[-1].model == TEAM
    assert kit.emulator.requests[-1].body["additionalModelRequestFields"]["thinking"]["type"] == "enabled"
    from bedrock_adapter import Context

    encoded = kit.made().encode(asked, context=Context(base_model="us.amazon.nova-2-lite-v1:0"))
    assert "reasoningConfig" in (encoded.requests[0].body or {})["additionalModelRequestFields"]


def host_target(**params: Any) -> Any:
    pytest.importorskip("litellm")
    from bedrock_adapter.hosts.litellm.requests import context

    return context(params, None, None).target


@litellm("`aws_region_name`, `aws_profile_name`, `aws_role_name`, `aws_access_key_id`, …")
def credentials(kit: Kit) -> None:
    target = host_target(aws_region_name="eu-west-1", aws_profile_name="p", aws_role_name="r", aws_access_key_id="k")
    assert (target.region, target.profile, target.role_arn, target.access_key) == ("eu-west-1", "p", "r", "k")


@litellm("`aws_bedrock_runtime_endpoint`")
def endpoint(kit: Kit) -> None:
    assert host_target(aws_bedrock_runtime_endpoint="https://vpce.example").runtime_endpoint == "https://vpce.example"


@litellm("`guardrailConfig`, `performanceConfig`, `serviceTier`, `requestMetadata`")
def converse_fields(kit: Kit) -> None:
    guardrail = {"guardrailIdentifier": "gr1", "guardrailVersion": "1"}
    own = {
        "performanceConfig": {"latency": "optimized"},
        "serviceTier": {"type": "flex"},
        "requestMetadata": {"team": "red"},
    }
    snake = {re.sub("(?=[A-Z])", "_", name).lower(): value for name, value in own.items()}
    forms: list[dict[str, Any]] = [{"guardrailConfig": guardrail, **own}, {"guardrail_config": guardrail, **snake}]
    for members in forms:
        body = kit.body(**members)
        assert body["guardrailConfig"].items() >= guardrail.items()
        assert {name: body[name] for name in own} == own


@litellm("`additionalModelRequestFields`, `top_k`")
def model_fields(kit: Kit) -> None:
    assert kit.body(additionalModelRequestFields={"wisdom": 7})["additionalModelRequestFields"] == {"wisdom": 7}
    assert kit.body(top_k=5)["additionalModelRequestFields"] == {"top_k": 5}
    assert kit.body("us.amazon.nova-lite-v1:0", top_k=5)["additionalModelRequestFields"] == {
        "inferenceConfig": {"topK": 5}
    }


@litellm("`drop_params: true`")
def drop_params(kit: Kit) -> None:
    assert [note.param for note in kit.encode(seed=7).notes] == ["seed"]
    with pytest.raises(RequestError, match="seed"):
        kit.made(strict=True).encode({"model": CLAUDE, "messages": HELLO, "seed": 7})


@litellm("`modify_params: true`")
def repairs(kit: Kit) -> None:
    call = {"id": "tooluse_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    messages = [
        *HELLO,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "user", "content": "Well?"},
    ]
    kit.made().chat({"model": CLAUDE, "messages": messages})  # a strict Bedrock accepts it
    assert kit.made().encode({"model": CLAUDE, "messages": messages}).notes


@litellm("`reasoning_effort`")
def effort_below_the_limit(kit: Kit) -> None:
    body = kit.body(reasoning_effort="high", max_tokens=2000)
    assert body["additionalModelRequestFields"]["thinking"]["budget_tokens"] < body["inferenceConfig"]["maxTokens"]
    kit.made().chat({"model": TEAM, "messages": HELLO, "reasoning_effort": "high", "max_tokens": 2000})
    assert "thinking" in kit.emulator.requests[-1].body["additionalModelRequestFields"]


@litellm("`thinking` with tools")
def thinking_with_tools(kit: Kit) -> None:
    adapter = kit.made()
    asked = {"model": CLAUDE, "messages": HELLO, "tools": [TOOL], "reasoning_effort": "low", "max_tokens": 4000}
    thought = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2lnbmF0dXJl"}}}
    call = {"toolUse": {"toolUseId": "tooluse_1", "name": "get_weather", "input": {}}}
    transport = ScriptedTransport(converse_response(thought, call, stop_reason="tool_use"), converse_response("Sunny."))
    adapter = kit.made(transport=transport)
    message = adapter.chat(asked)["choices"][0]["message"]
    known = {name: message[name] for name in ("role", "content", "tool_calls")}  # what a plain client sends back
    adapter.chat(
        {**asked, "messages": [*HELLO, known, {"role": "tool", "tool_call_id": "tooluse_1", "content": "sunny"}]}
    )
    assert (transport.requests[-1].body or {})["messages"][1]["content"] == [thought, call]
    assert "redis_url" in adapter.settings.__dataclass_fields__


@litellm("embeddings with `encoding_format: base64`")
def base64_vectors(kit: Kit) -> None:
    asked = {"model": "amazon.titan-embed-text-v2:0", "input": "Hello"}
    floats = kit.made().embeddings({**asked, "encoding_format": "float"})["data"][0]["embedding"]
    packed = base64.b64decode(kit.made().embeddings({**asked, "encoding_format": "base64"})["data"][0]["embedding"])
    assert struct.unpack(f"<{len(floats)}f", packed) == struct.unpack(
        f"<{len(floats)}f", struct.pack(f"<{len(floats)}f", *floats)
    )


@litellm("embeddings of token integers")
def token_integers(kit: Kit) -> None:
    kit.made().embeddings({"model": "amazon.titan-embed-text-v2:0", "input": [9906, 1917], "encoding_format": "float"})
    assert kit.emulator.requests[-1].body["inputText"] == "Hello world"


@litellm("tool names that Bedrock refuses")
def tool_names(kit: Kit) -> None:
    tool = {**TOOL, "function": {**TOOL["function"], "name": "get.weather"}}  # type: ignore[dict-item]
    asked = {"model": CLAUDE, "messages": HELLO, "tools": [tool]}
    sent = (kit.made().encode(asked).requests[0].body or {})["toolConfig"]["tools"][0]["toolSpec"]["name"]
    assert re.fullmatch("[a-zA-Z0-9_-]{1,64}", sent)
    call = {"toolUse": {"toolUseId": "tooluse_1", "name": sent, "input": {}}}
    transport = ScriptedTransport(converse_response(call, stop_reason="tool_use"))
    answers = [kit.made(transport=transport).chat(each) for each in (asked, {**asked, "tools": [TOOL]})]
    names = [answer["choices"][0]["message"]["tool_calls"][0]["function"]["name"] for answer in answers]
    assert names == ["get.weather", sent]


@litellm("a stream that breaks off")
def broken_stream(kit: Kit) -> None:
    adapter = kit.made(transport=ScriptedTransport(converse_events("Hello")[:-2]))
    told: list[Any] = []
    with pytest.raises(StreamTruncatedError):
        told.extend(adapter.stream({"model": CLAUDE, "messages": HELLO}))
    assert not any(choice["finish_reason"] for chunk in told for choice in chunk["choices"])


# -- running them --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "test", [pytest.param(test, id=row) for table in TESTS.values() for row, test in table.items()]
)
async def test_row(test: Callable[..., Any], kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    arguments = {"kit": kit, **({"caplog": caplog} if "caplog" in inspect.signature(test).parameters else {})}
    if inspect.iscoroutinefunction(test):
        await test(**arguments)
    else:
        await asyncio.to_thread(test, **arguments)
