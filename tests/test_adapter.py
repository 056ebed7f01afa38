"""The adapter's doors: sync and async, threads and forks, opaque ARNs, and use without I/O."""

import asyncio
import multiprocessing
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from bedrock_adapter import Adapter, Context, NeedsIO, RequestError, Target, WireResponse, json_codec
from bedrock_adapter.errors import AccessDeniedError, ModelNotFoundError, UnknownModelError
from bedrock_adapter.testing.emulator import BedrockEmulator
from bedrock_adapter.testing.scripted import ScriptedTransport, converse_events, converse_response

MODEL = "us.amazon.nova-lite-v1:0"
HI = [{"role": "user", "content": "Hi"}]
REQUEST = {"model": MODEL, "messages": HI}
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"


def texts(chunks: Any) -> str:
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])


# -- sync and async ------------------------------------------------------------------------------------------------------


def test_sync_methods(bedrock_emulator: BedrockEmulator, bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for()
    unary = adapter.chat(REQUEST)["choices"][0]["message"]["content"]
    assert unary
    assert texts(adapter.stream(REQUEST)) == unary
    assert MODEL in [model["id"] for model in adapter.models()]


async def test_async_methods(bedrock_emulator: BedrockEmulator, bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for()
    unary = (await adapter.achat(REQUEST))["choices"][0]["message"]["content"]
    assert texts([chunk async for chunk in adapter.astream(REQUEST)]) == unary
    assert await adapter.amodels()
    await adapter.aclose()


def test_asyncio_run_twice(bedrock_emulator: BedrockEmulator, bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for()
    for _ in range(2):
        assert asyncio.run(adapter.achat(REQUEST))["choices"]
        assert asyncio.run(adapter.amodels())


def test_two_threads(bedrock_emulator: BedrockEmulator, bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for()
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(adapter.chat(REQUEST))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer["choices"][0]["finish_reason"] for answer in answers] == ["stop", "stop"]


def _in_child(adapter: Adapter, results: Any) -> None:
    results.put(adapter.chat(REQUEST)["choices"][0]["finish_reason"])


def test_a_fork_after_use(bedrock_emulator: BedrockEmulator, bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for()
    adapter.chat(REQUEST)
    fork = multiprocessing.get_context("fork")
    results = fork.Queue()
    child = fork.Process(target=_in_child, args=(adapter, results))
    child.start()
    assert results.get(timeout=60) == "stop"
    child.join()
    assert child.exitcode == 0


async def test_sync_methods_within_a_running_loop(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for(transport=ScriptedTransport(converse_response("x")))
    assert adapter.chat(REQUEST)["choices"]


async def test_a_sync_method_on_the_adapters_own_loop_is_refused(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for(transport=ScriptedTransport(converse_response("x")))

    async def nested() -> Any:
        return adapter.chat(REQUEST)

    with pytest.raises(RuntimeError, match="await its async twin"):
        adapter._portal.run(nested())


def test_import_is_light_and_offline() -> None:
    code = (
        "import sys, bedrock_adapter; from bedrock_adapter import Adapter, hookimpl, Settings; Adapter();"
        "heavy = {'boto3', 'botocore', 'tiktoken', 'litellm', 'aiohttp', 'starlette', 'openai'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_public_names_are_pinned() -> None:
    import bedrock_adapter

    assert bedrock_adapter.__all__ == sorted(bedrock_adapter.__all__)
    assert {"Adapter", "Settings", "Layer", "Stage", "Step", "StreamStep", "hookimpl", "install"} <= set(
        bedrock_adapter.__all__
    )
    for name in bedrock_adapter.__all__:
        assert getattr(bedrock_adapter, name) is not None
    with pytest.raises(AttributeError, match="owl"):
        _ = bedrock_adapter.owl


# -- names ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "setting"),
    [("gpt-4o", "DEFAULT_MODEL"), ("o3-mini", "DEFAULT_MODEL"), ("chatgpt-4o-latest", "DEFAULT_MODEL")],
)
def test_openai_names_have_no_hidden_default(
    bedrock_adapter_for: Callable[..., Adapter], name: str, setting: str
) -> None:
    with pytest.raises(UnknownModelError, match=f"BEDROCK_ADAPTER_{setting}") as caught:
        bedrock_adapter_for().encode({**REQUEST, "model": name})
    assert (caught.value.status, caught.value.code, caught.value.param) == (404, "model_not_found", "model")


def test_openai_names_stand_for_the_set_models(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    transport = ScriptedTransport(converse_response("x"))
    adapter = bedrock_adapter_for(transport=transport, default_model=MODEL)
    assert adapter.chat({**REQUEST, "model": "gpt-4o"})["model"] == MODEL
    assert transport.requests[-1].resource == MODEL
    oss = adapter.encode({**REQUEST, "model": "gpt-oss-x"})
    assert oss.requests[0].resource == "gpt-oss-x", "a name that Bedrock has itself"


def test_an_alias_can_be_the_default_model(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    aliases = {"fast": {"model": MODEL, "region": "eu-west-1"}}
    model = bedrock_adapter_for(default_model="fast", aliases=aliases).router.resolve("gpt-4o")
    assert (model.requested, model.wire, model.answer, model.target.region) == ("gpt-4o", MODEL, MODEL, "eu-west-1")


def test_aliases_by_name_and_pattern_carry_target_and_defaults(
    bedrock_adapter_for: Callable[..., Adapter], tmp_path: Any
) -> None:
    config = tmp_path / "bedrock.toml"
    config.write_text(
        '[aliases]\nsmall = "us.amazon.nova-micro-v1:0"\n'
        '[aliases."team-*"]\nmodel = "us.amazon.nova-pro-v1:0"\nregion = "eu-west-1"\nprofile = "team"\n'
        'role = "arn:aws:iam::1:role/r"\nendpoint = "http://127.0.0.1:1"\nreasoning_effort = "low"\n'
        '[aliases."team-best"]\nmodel = "us.amazon.nova-premier-v1:0"\n'
    )
    transport = ScriptedTransport(converse_response("x"))
    adapter = bedrock_adapter_for(transport=transport, config=config)
    for name, wire in (
        ("small", "nova-micro"),
        ("team-a", "nova-pro"),
        ("team-best", "nova-premier"),
        ("bedrock_adapter/small", "nova-micro"),
    ):
        answer = adapter.chat({**REQUEST, "model": name})
        assert wire in transport.requests[-1].resource
        assert answer["model"] == transport.requests[-1].resource, "an alias answers with the id it stands for"
    adapter.chat({**REQUEST, "model": "team-a"})
    target = transport.targets[-1]
    assert (target.region, target.profile, target.role_arn) == ("eu-west-1", "team", "arn:aws:iam::1:role/r")
    assert target.runtime_endpoint == "http://127.0.0.1:1"
    adapter.chat({**REQUEST, "model": "team-a"}, context=Context(target=Target(region="us-west-2")))
    assert (transport.targets[-1].region, transport.targets[-1].profile) == ("us-west-2", "team"), (
        "the host's choice wins"
    )


@pytest.mark.parametrize(
    ("text", "wire", "region"),
    [
        (f"bedrock_adapter/{MODEL}", MODEL, None),
        (f"converse/{MODEL}", MODEL, None),
        (f"bedrock/eu-west-1/{MODEL}", MODEL, "eu-west-1"),
        (f"us-gov-west-1/{MODEL}", MODEL, "us-gov-west-1"),
        (f"bedrock_adapter/{PROFILE}", PROFILE, "us-east-1"),
    ],
)
def test_forms_of_litellms_route(
    bedrock_adapter_for: Callable[..., Adapter], text: str, wire: str, region: str | None
) -> None:
    answers = (
        [{"models": [{"modelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{MODEL[3:]}"}]}]
        if wire == PROFILE
        else []
    )
    transport = ScriptedTransport(*answers, converse_response("x"))
    answer = bedrock_adapter_for(transport=transport).chat({**REQUEST, "model": text})
    assert (transport.requests[-1].resource, transport.targets[-1].region) == (wire, region)
    assert answer["model"] == text, "other ids are echoed"


def test_an_arn_is_one_path_segment(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    encoded = bedrock_adapter_for().encode(
        {**REQUEST, "model": PROFILE}, context=Context(base_model="amazon.nova-lite-v1:0")
    )
    path = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123/converse"
    assert encoded.requests[0].path == path


# -- opaque ARNs ---------------------------------------------------------------------------------------------------------


def lookup(model: str) -> dict[str, Any]:
    return {"models": [{"modelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{model}"}]}


def test_an_opaque_arn_is_looked_up_once(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    transport = ScriptedTransport(lookup("anthropic.claude-opus-4-8"), converse_response("x"))
    adapter = bedrock_adapter_for(transport=transport)
    for _ in range(2):
        answer = asyncio.run(adapter.aanswer({**REQUEST, "model": PROFILE, "temperature": 0.5}))
        assert [note.param for note in answer.notes] == ["temperature"], "the rules of the model behind hold"
    assert [request.operation for request in transport.requests] == ["GetInferenceProfile", "Converse", "Converse"]


def test_a_refused_lookup_is_noted_and_asked_again_after_five_minutes(
    bedrock_adapter_for: Callable[..., Adapter],
) -> None:
    now = [0.0]
    transport = ScriptedTransport(
        AccessDeniedError("not allowed"),
        *[converse_response("x")] * 2,
        lookup("amazon.nova-lite-v1:0"),
        converse_response("x"),
    )
    adapter = bedrock_adapter_for(transport=transport)
    adapter.engine.lookups._clock = lambda: now[0]
    for _ in range(2):
        notes = asyncio.run(adapter.aanswer({**REQUEST, "model": PROFILE})).notes
        assert "not allowed" in notes[0].reason
    now[0] = 301.0
    assert asyncio.run(adapter.aanswer({**REQUEST, "model": PROFILE})).notes == []
    assert [request.operation for request in transport.requests].count("GetInferenceProfile") == 2


@pytest.mark.parametrize("said", [b"<html>", b"[]", b"{}", b'{"models": 7}', b'{"models": [{"modelArn": 7}]}'])
def test_a_lookup_answered_in_an_unknown_form_is_a_refusal(
    bedrock_adapter_for: Callable[..., Adapter], said: bytes
) -> None:
    transport = ScriptedTransport(WireResponse(200, {}, said), converse_response("x"))
    answer = asyncio.run(bedrock_adapter_for(transport=transport).aanswer({**REQUEST, "model": PROFILE}))
    assert "GetInferenceProfile" in answer.notes[0].reason


@pytest.mark.parametrize(
    ("kind", "operation", "answer"),
    [
        ("application-inference-profile/a", "GetInferenceProfile", lookup("amazon.nova-lite-v1:0")),
        ("prompt-router/a", "GetPromptRouter", lookup("amazon.nova-lite-v1:0")),
        ("default-prompt-router/a", "GetPromptRouter", lookup("amazon.nova-lite-v1:0")),
        (
            "provisioned-model/a",
            "GetProvisionedModelThroughput",
            {"foundationModelArn": "arn:aws:bedrock:x::foundation-model/amazon.nova-lite-v1:0"},
        ),
        (
            "custom-model-deployment/a",
            "GetCustomModelDeployment",
            {"modelArn": "arn:aws:bedrock:x:1:custom-model/amazon.nova-lite-v1:0/abc"},
        ),
    ],
)
def test_every_kind_of_opaque_arn(
    bedrock_adapter_for: Callable[..., Adapter], kind: str, operation: str, answer: Any
) -> None:
    adapter = bedrock_adapter_for(transport=ScriptedTransport(answer, converse_response("x")))
    transport: Any = adapter.transport
    adapter.chat({**REQUEST, "model": f"arn:aws:bedrock:us-east-1:1:{kind}"})
    assert transport.requests[0].operation == operation
    known = next(iter(adapter.engine.lookups._bases.values()))
    assert known == "amazon.nova-lite-v1"


@pytest.mark.parametrize(
    "arn", ["arn:aws:bedrock:us-east-1:1:imported-model/abc", "arn:aws:sagemaker:us-east-1:1:endpoint/x"]
)
def test_arns_that_never_tell_are_served_with_conservative_defaults(
    bedrock_adapter_for: Callable[..., Adapter], arn: str
) -> None:
    transport = ScriptedTransport(converse_response("x"))
    answer = asyncio.run(bedrock_adapter_for(transport=transport).aanswer({**REQUEST, "model": arn}))
    assert [request.operation for request in transport.requests] == ["Converse"]
    assert answer.notes[0].param == "model"


# -- without I/O ---------------------------------------------------------------------------------------------------------


def test_encode_and_decode_without_io(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for(transport=ScriptedTransport(RuntimeError("no I/O allowed")))
    assert adapter.needs(REQUEST) == []
    encoded = adapter.encode(REQUEST)
    (wire,) = encoded.requests
    assert (wire.operation, wire.method, wire.service) == ("Converse", "POST", "bedrock-runtime")
    assert json_codec.loads(wire.content()) == {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
    response = WireResponse(200, {}, json_codec.dumps(converse_response("Hello")))
    assert adapter.decode(encoded, [response])["choices"][0]["message"]["content"] == "Hello"
    refused = WireResponse(404, {"x-amzn-errortype": "ResourceNotFoundException"}, b'{"message": "gone"}')
    with pytest.raises(ModelNotFoundError, match="gone"):
        adapter.decode(encoded, [refused])


def test_needs_name_the_model_behind_an_arn(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for()
    (need,) = adapter.needs({**REQUEST, "model": PROFILE})
    resources = {need.key: "anthropic.claude-opus-4-8"}
    encoded = adapter.encode({**REQUEST, "model": PROFILE, "temperature": 1}, resources=resources)
    assert [note.param for note in encoded.notes] == ["temperature"]


def test_an_unmet_need_is_named(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    import types
    from dataclasses import dataclass

    from bedrock_adapter import Stage, Step, hookimpl

    @dataclass(frozen=True)
    class Owl:
        name: str

        @property
        def key(self) -> Any:
            return ("owl", self.name)

        async def load(self, io: Any) -> str:
            return f"{self.name} hoots"

    plugin = types.ModuleType("owl")
    plugin.bedrock_transform_request = hookimpl(  # type: ignore[attr-defined]
        lambda route: Step(
            Stage.FAMILY,
            lambda call: call.body.update(hoot=call.resource(Owl("Ada"))),
            needs=lambda call: [Owl("Ada"), Owl("Ada"), Owl("Bo")],
        )
    )
    adapter = bedrock_adapter_for(plugin, transport=ScriptedTransport(converse_response("x")))
    assert [need.key for need in adapter.needs(REQUEST)] == [("owl", "Ada"), ("owl", "Bo")]
    with pytest.raises(NeedsIO, match="Ada") as caught:
        adapter.encode(REQUEST)
    resources = {caught.value.need.key: "given"}
    assert adapter.encode(REQUEST, resources=resources).requests[0].body["hoot"] == "given"  # type: ignore[index]
    adapter.chat(REQUEST)
    transport: Any = adapter.transport
    assert transport.requests[-1].body["hoot"] == "Ada hoots"


def test_explain_tells_facts_with_sources_and_steps_with_plugins(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    told = bedrock_adapter_for().explain("us.anthropic.claude-opus-4-8")
    fact = next(fact for fact in told["facts"] if fact["fact"] == "reasoning.shape")
    assert fact["value"] == "adaptive"
    assert fact["source"]
    assert fact["checked"]
    assert fact["origin"]
    assert ("request", "MESSAGES", "messages") in {
        (step["on"], step["stage"], step["plugin"]) for step in told["steps"]
    }
    json_codec.dumps(told)


def test_on_demand_refusals_name_the_profile_or_use_it(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    from bedrock_adapter.errors import InvalidRequestError

    model = "anthropic.claude-sonnet-4-5-20250929-v1:0"
    refusal = InvalidRequestError(
        f"Invocation of model ID {model} with on-demand throughput isn\u2019t supported. Retry your request with the ID or ARN "
        "of an inference profile that contains this model."
    )
    adapter = bedrock_adapter_for(transport=ScriptedTransport(refusal), region="eu-west-1")
    with pytest.raises(ModelNotFoundError, match=f"eu.{model}") as caught:
        adapter.chat({**REQUEST, "model": model})
    assert (caught.value.status, caught.value.param) == (404, "model")
    transport = ScriptedTransport(refusal, refusal, converse_response("x"))
    retrying = bedrock_adapter_for(transport=transport, profile_retry=("us", "global"))
    answer = asyncio.run(retrying.aanswer({**REQUEST, "model": model}))
    assert [request.resource for request in transport.requests] == [model, f"us.{model}", f"global.{model}"]
    assert answer.notes[-1].action == "changed"


def test_a_request_that_is_too_deep_is_the_callers_fault(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    deep: Any = {}
    for _ in range(200_000):  # deeper than any Python recurses
        deep = {"a": deep}
    with pytest.raises(RequestError):
        bedrock_adapter_for(transport=ScriptedTransport(converse_events())).chat(
            {**REQUEST, "acme": {"a": deep}, "additional_model_request_fields": {"acme": {"a": deep}}}
        )
    with pytest.raises(RequestError, match="nested too deeply"):
        bedrock_adapter_for(transport=ScriptedTransport()).encode({**REQUEST, "acme": deep}).requests[0].content()
