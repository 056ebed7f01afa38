"""The list of models."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from bedrock_adapter import Adapter, Alias
from bedrock_adapter.errors import AccessDeniedError, ServiceError, ThrottledError, UnknownModelError
from bedrock_adapter.testing.emulator import BedrockEmulator
from bedrock_adapter.testing.scripted import ScriptedTransport
from bedrock_adapter.types import Operation
from bedrock_adapter.wire import Target, WireRequest, WireResponse


def model(model_id: str, *, output: str = "TEXT", inference: str = "ON_DEMAND") -> dict[str, Any]:
    return {
        "modelId": model_id,
        "modelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{model_id}",
        "providerName": model_id.partition(".")[0].title(),
        "outputModalities": [output],
        "inferenceTypesSupported": [inference],
        "modelLifecycle": {"status": "ACTIVE", "startOfLifeTime": "2025-01-02T00:00:00Z"},
    }


def profile(profile_id: str, base: str, kind: str = "SYSTEM_DEFINED") -> dict[str, Any]:
    return {
        "inferenceProfileId": profile_id,
        "inferenceProfileArn": f"arn:aws:bedrock:us-east-1:1:{'application-' if kind == 'APPLICATION' else ''}inference-profile/{profile_id}",
        "type": kind,
        "models": [{"modelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{base}"}],
    }


class ControlPlane:
    """Answers the three listings; any may be denied."""

    def __init__(self) -> None:
        self.models = [
            model("acme.owl-1"),
            model("acme.art-1", output="IMAGE"),
            model("acme.big-1", inference="INFERENCE_PROFILE"),
        ]
        self.pages: dict[str, list[list[dict[str, Any]]]] = {
            "SYSTEM_DEFINED": [
                [profile("us.acme.big-1", "acme.big-1")],
                [profile("us.acme.art-1", "acme.art-1"), profile("us.new.x-1", "new.x-1")],
            ],
            "APPLICATION": [[profile("app1", "acme.owl-1", "APPLICATION")]],
        }
        self.denied: set[str] = set()
        self.failing: set[str] = set()
        self.calls: list[str] = []
        self.hold: threading.Event | None = None

    async def send(self, request: WireRequest, target: Target, timeout: float | None = None) -> WireResponse:
        from bedrock_adapter import json_codec

        kind = request.query.get("type", request.operation)
        self.calls.append(kind)
        if self.hold is not None:
            await asyncio.to_thread(self.hold.wait)
        if kind in self.denied:
            raise AccessDeniedError(f"not allowed: {kind}")
        if kind in self.failing:
            raise ThrottledError(f"too fast: {kind}")
        if kind == "ListFoundationModels":
            return WireResponse(200, {}, json_codec.dumps({"modelSummaries": self.models}))
        page = int(request.query.get("nextToken", "0"))
        body: dict[str, Any] = {"inferenceProfileSummaries": self.pages[kind][page]}
        if page + 1 < len(self.pages[kind]):
            body["nextToken"] = str(page + 1)
        return WireResponse(200, {}, json_codec.dumps(body))

    async def open_stream(self, request: WireRequest, target: Target, timeout: float | None = None) -> Any:
        raise NotImplementedError

    async def aclose(self) -> None:
        pass


ARN = "arn:aws:bedrock:us-east-1:1:application-inference-profile/app1"


def ids(models: list[dict[str, Any]]) -> list[str]:
    return [entry["id"] for entry in models]


def test_callable_models_profiles_of_all_pages_and_aliases(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    aliases = (Alias("fast", "acme.owl-1"), Alias("team-*", "acme.owl-1"))
    models = bedrock_adapter_for(transport=ControlPlane(), aliases=aliases).models()
    assert ids(models) == ["acme.owl-1", "us.acme.big-1", "us.new.x-1", ARN, "fast"]
    assert models[0] == {"id": "acme.owl-1", "object": "model", "created": 1735776000, "owned_by": "Acme"}


@pytest.mark.parametrize(
    ("denied", "left"),
    [
        ({"ListFoundationModels"}, ["us.acme.big-1", "us.acme.art-1", "us.new.x-1", ARN]),
        ({"SYSTEM_DEFINED"}, ["acme.owl-1", ARN]),
        ({"APPLICATION", "SYSTEM_DEFINED"}, ["acme.owl-1"]),
    ],
)
def test_a_denied_call_leaves_its_part_out(
    bedrock_adapter_for: Callable[..., Adapter], denied: set[str], left: list[str]
) -> None:
    control = ControlPlane()
    control.denied = denied
    assert ids(bedrock_adapter_for(transport=control).models()) == left


def test_if_everything_is_denied_it_is_an_error(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    control = ControlPlane()
    control.denied = {"ListFoundationModels", "SYSTEM_DEFINED", "APPLICATION"}
    with pytest.raises(AccessDeniedError):
        bedrock_adapter_for(transport=control).models()


async def test_a_fresh_list_is_kept_and_an_expired_one_answered_while_it_is_refreshed(
    bedrock_adapter_for: Callable[..., Adapter],
) -> None:
    control, now = ControlPlane(), [0.0]
    adapter = bedrock_adapter_for(transport=control)
    adapter.listing._clock = lambda: now[0]
    await adapter.amodels()
    asked = len(control.calls)
    await adapter.amodels()
    assert len(control.calls) == asked
    now[0] = 16.0
    control.models = [model("acme.owl-2")]
    control.hold = threading.Event()
    assert "acme.owl-1" in ids(await adapter.amodels()), "answered at once with the old list"
    assert "acme.owl-1" in ids(await adapter.amodels())
    control.hold.set()
    refreshing = adapter.listing._refreshing
    assert refreshing is not None
    await refreshing
    assert "acme.owl-2" in ids(await adapter.amodels())
    assert len(control.calls) == 2 * asked, "one refresh at a time"
    control.models = [model("acme.owl-3")]
    assert "acme.owl-3" in ids(await adapter.amodels(refresh=True)), "`refresh` waits"


async def test_many_first_callers_make_one_set_of_calls(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    control = ControlPlane()
    adapter = bedrock_adapter_for(transport=control)
    lists = await asyncio.gather(*(adapter.amodels(refresh=bool(number % 2)) for number in range(6)))
    assert all(ids(each) == ids(lists[0]) for each in lists)
    assert control.calls.count("ListFoundationModels") == 1


async def test_a_failing_refresh_keeps_the_old_list(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    control, now = ControlPlane(), [0.0]
    adapter = bedrock_adapter_for(transport=control)
    adapter.listing._clock = lambda: now[0]
    await adapter.amodels()
    now[0] = 16.0
    control.denied = {"ListFoundationModels", "SYSTEM_DEFINED", "APPLICATION"}
    before = ids(await adapter.amodels())
    refreshing = adapter.listing._refreshing
    assert refreshing is not None
    await asyncio.wait([refreshing])
    assert ids(await adapter.amodels()) == before


async def test_one_model_and_close_matches(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for(transport=ControlPlane())
    assert (await adapter.amodel(ARN))["id"] == ARN
    with pytest.raises(UnknownModelError, match=r"close are.*acme\.owl-1") as caught:
        await adapter.amodel("acme.owl")
    assert caught.value.status == 404


async def test_an_error_that_is_none_of_bedrocks_is_raised(
    bedrock_adapter_for: Callable[..., Adapter], monkeypatch: pytest.MonkeyPatch
) -> None:
    control = ControlPlane()

    async def broken(*arguments: Any) -> Any:
        raise RuntimeError("bug")

    monkeypatch.setattr(control, "send", broken)
    with pytest.raises(RuntimeError, match="bug"):
        await bedrock_adapter_for(transport=control).amodels()


def test_the_emulators_list(bedrock_emulator: BedrockEmulator, bedrock_adapter_for: Callable[..., Adapter]) -> None:
    listed = ids(bedrock_adapter_for().models())
    assert "us.anthropic.claude-sonnet-4-5-20250929-v1:0" in listed
    assert any(entry.startswith("arn:") for entry in listed)
    assert len(listed) == len(set(listed))


def test_what_is_known_to_be_out_of_reach_is_not_listed(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    control = ControlPlane()
    control.models += [model("twelvelabs.pegasus-1-2-v1:0"), model("amazon.nova-lite-v1:0")]
    control.pages["SYSTEM_DEFINED"].append([profile("us.twelvelabs.pegasus-1-2-v1:0", "twelvelabs.pegasus-1-2-v1:0")])
    listed = ids(bedrock_adapter_for(transport=control).models())
    assert "amazon.nova-lite-v1:0" in listed
    assert not [entry for entry in listed if "pegasus" in entry]


def test_every_listed_model_has_a_route(
    bedrock_emulator: BedrockEmulator, bedrock_adapter_for: Callable[..., Adapter]
) -> None:
    adapter = bedrock_adapter_for()
    for entry in ids(adapter.models()):
        if entry.startswith("arn:"):
            continue  # what is behind it is looked up
        operation: Operation = "embeddings" if "embed" in entry else "chat"
        assert adapter.route(entry, operation), entry


def test_throttled_listing_is_partial_too(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    control = ControlPlane()
    send = control.send

    async def throttled(request: WireRequest, target: Target, timeout: float | None = None) -> WireResponse:
        if request.query.get("type") == "APPLICATION":
            raise ThrottledError("slow down")
        return await send(request, target, timeout)

    control.send = throttled  # type: ignore[method-assign]
    assert ARN not in ids(bedrock_adapter_for(transport=control).models())


def test_a_part_that_fails_for_a_while_stays_as_it_was(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    control = ControlPlane()
    adapter = bedrock_adapter_for(transport=control)
    before = ids(adapter.models())
    control.failing = {"SYSTEM_DEFINED"}
    assert ids(adapter.models(refresh=True)) == before
    control.failing, control.denied = set(), {"SYSTEM_DEFINED"}
    assert ids(adapter.models(refresh=True)) == ["acme.owl-1", ARN]


@pytest.mark.parametrize("said", [b"<html>", b"[]", b'{"modelSummaries": [{}]}'])
def test_a_list_of_an_unknown_form_is_bedrocks_error(bedrock_adapter_for: Callable[..., Adapter], said: bytes) -> None:
    adapter = bedrock_adapter_for(transport=ScriptedTransport(*[WireResponse(200, {}, said)] * 3))
    with pytest.raises(ServiceError) as caught:
        adapter.models()
    assert caught.value.status == 502
