"""What is offered in LiteLLM's Router, and when it changes."""

import json
from typing import Any

import litellm
import pytest

from bedrock_adapter import Alias
from bedrock_adapter.hosts import litellm as host
from bedrock_adapter.hosts.litellm import deployments, registration
from bedrock_adapter.hosts.litellm.deployments import Publisher
from bedrock_adapter.hosts.litellm.routers import view
from bedrock_adapter.settings import Settings
from bedrock_adapter.testing.emulator import BedrockEmulator

from .conftest import HELLO, MODEL, Serve

ID = MODEL.partition("/")[2]
SETTINGS = Settings(
    default_model=ID,
    default_embedding_model="amazon.titan-embed-text-v2:0",
    aliases=(Alias("team", ID), Alias("lab/*", ID), Alias("odd-[ab]", ID)),
)
STANDING = {"bedrock_adapter/*", "team", "lab/*", "gpt-*", "text-embedding-*"}


def listed(*ids: str) -> list[dict[str, Any]]:
    return [{"id": name, "owned_by": "Amazon"} for name in ids]


def router_of(*entries: tuple[str, str], **options: Any) -> Any:
    models = [{"model_name": name, "litellm_params": {"model": model, "api_key": "x"}} for name, model in entries]
    return litellm.Router(model_list=models, **options)


def names(router: Any) -> list[str]:
    return sorted(entry["model_name"] for entry in view(router).entries())


def published(settings: Settings, router: Any, *ids: str) -> Publisher:
    publisher = Publisher(settings)
    publisher.discovered(listed(*ids))
    publisher.publish(router)
    return publisher


def test_settings_are_offered_before_any_discovery(serve: Serve) -> None:
    router = router_of()
    Publisher(SETTINGS).publish(router)
    assert set(names(router)) == STANDING


def test_discovered_ids_come_and_go(serve: Serve) -> None:
    router = router_of(("theirs", "openai/gpt-4o"))
    publisher = published(SETTINGS, router, ID, "amazon.nova-lite-v1:0")
    assert set(names(router)) == STANDING | {"theirs", MODEL, "bedrock_adapter/amazon.nova-lite-v1:0"}
    publisher.discovered(listed(ID))
    publisher.publish(router)
    publisher.publish(router)
    assert names(router) == sorted(STANDING | {"theirs", MODEL})


def test_aliases_are_listed_by_their_own_names_only(serve: Serve) -> None:
    router = router_of()
    publisher = Publisher(SETTINGS)
    publisher.discovered([{"id": "team", "owned_by": "alias"}])
    publisher.publish(router)
    assert "bedrock_adapter/team" not in names(router)


def test_operators_entry_of_a_name_wins(serve: Serve) -> None:
    router = router_of(("team", "openai/gpt-4o"), ("gpt-*", "openai/*"), model_group_alias={"lab/*": "team"})
    Publisher(SETTINGS).publish(router)
    assert names(router) == ["bedrock_adapter/*", "gpt-*", "team", "text-embedding-*"]


def test_operators_later_entry_replaces_ours(serve: Serve) -> None:
    router = router_of()
    publisher = published(SETTINGS, router)
    theirs = litellm.types.router.Deployment(
        model_name="team", litellm_params={"model": "openai/gpt-4o", "api_key": "x"}
    )
    view(router).change([theirs], [])
    publisher.publish(router)
    entries = view(router).entries()
    assert [entry["litellm_params"]["model"] for entry in entries if entry["model_name"] == "team"] == ["openai/gpt-4o"]


@pytest.mark.parametrize(
    ("operators", "closed"),
    [
        ([("mine", MODEL)], True),
        ([("mine", MODEL), ("other", "openai/gpt-4o")], True),
        ([("other", "openai/gpt-4o")], False),
        ([("*", "bedrock_adapter/*")], False),
        ([("bedrock_adapter/*", "bedrock_adapter/*"), ("mine", MODEL)], False),
    ],
)
def test_auto_leaves_an_operators_own_list_the_only_door(
    serve: Serve, operators: list[tuple[str, str]], closed: bool
) -> None:
    router = router_of(*operators)
    published(SETTINGS, router, ID)
    assert (len(names(router)) == len(operators)) is closed


def test_all_publishes_beside_an_operators_list(serve: Serve) -> None:
    router = router_of(("mine", MODEL))
    published(Settings(publish=("all",)), router, ID)
    assert names(router) == ["bedrock_adapter/*", MODEL, "mine"]


def test_none_publishes_nothing(serve: Serve) -> None:
    router = router_of()
    published(Settings(publish=("none",), default_model=ID), router, ID)
    assert names(router) == []


def test_globs_publish_what_they_match(serve: Serve) -> None:
    settings = Settings(
        publish=("us.anthropic.*", "amazon.nova-?ite-v1:0"),
        default_model=ID,
        aliases=(Alias("team", ID), Alias("other", "meta.llama3-8b-instruct-v1:0")),
    )
    router = router_of()
    published(settings, router, ID, "amazon.nova-lite-v1:0", "amazon.nova-pro-v1:0")
    assert names(router) == [
        "bedrock_adapter/amazon.nova-lite-v1:0",
        "bedrock_adapter/us.anthropic.*",
        MODEL,
        "gpt-*",
        "team",
    ]


async def test_every_offer_can_be_called(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    serve(aliases=SETTINGS.aliases, default_model=ID)
    router = router_of()
    published(SETTINGS, router, ID)
    for name in (
        "team",
        "lab/one",
        "gpt-4o",
        "bedrock_adapter/odd-a",
        MODEL,
        "bedrock_adapter/us.amazon.nova-lite-v1:0",
    ):
        await router.acompletion(model=name, messages=HELLO)
    assert [request.model for request in bedrock_emulator.requests] == [ID] * 5 + ["us.amazon.nova-lite-v1:0"]


def test_evicted_deployments_come_back(serve: Serve) -> None:
    """With models in its database, LiteLLM removes what is neither there nor in the config."""
    router = router_of(("theirs", "openai/gpt-4o"))
    publisher = published(SETTINGS, router, ID)
    view(router).change(
        [], [entry["model_info"]["id"] for entry in view(router).entries() if entry["model_name"] != "theirs"]
    )
    publisher.restore(router)
    assert set(names(router)) == STANDING | {"theirs", MODEL}


def test_listing_says_mode_and_limits(serve: Serve) -> None:
    router = router_of()
    published(Settings(), router, ID, "amazon.titan-embed-text-v2:0")
    assert litellm.get_model_info(MODEL)["max_input_tokens"] >= 200_000
    modes = {entry["model_name"]: entry["model_info"]["mode"] for entry in view(router).entries()}
    assert (modes[MODEL], modes["bedrock_adapter/amazon.titan-embed-text-v2:0"]) == ("chat", "embedding")


def test_registering_keeps_what_others_have_registered(serve: Serve) -> None:
    other = litellm.CustomLLM()
    litellm.custom_provider_map = [{"provider": "other", "custom_handler": other}]
    for _ in range(2):
        registration.register()
    assert [entry["provider"] for entry in litellm.custom_provider_map] == ["other", "bedrock_adapter"]
    assert sum(type(callback).__name__ == "GateOpener" for callback in litellm.callbacks) == 1


async def test_outside_of_a_proxy_nothing_runs_in_the_background(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployments, "_PROXY", "no.such.module")
    monkeypatch.setattr(deployments, "_running", None)
    assert host.handler is not None
    await host.startup()
    assert deployments._running is None
    deployments.restore()


async def test_a_routers_redis_keeps_thinking(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    from bedrock_adapter.hosts.litellm.thinking import share

    class Redis:
        def __init__(self) -> None:
            self.kept: dict[str, str] = {}

        async def async_set_cache(self, key: str, value: Any, ttl: int) -> None:
            self.kept[key] = json.dumps(value)

        async def async_get_cache(self, key: str) -> Any:
            return json.loads(self.kept[key]) if key in self.kept else None

    store = pytest.importorskip("bedrock_adapter_plugins.reasoning.store")
    router = router_of()
    adapter = serve()
    share(adapter, router)
    assert store.kept_for(adapter.settings).shared is None
    redis = Redis()
    monkeypatch.setattr(type(view(router)), "redis", lambda self: redis)
    share(adapter, router)
    shared = store.kept_for(adapter.settings).shared
    assert isinstance(shared, store.ThinkingStore)
    await shared.save("0" * 64, b"\x00\xff")
    assert await shared.load("0" * 64) == b"\x00\xff"
    assert await shared.load("1" * 64) is None
    assert all(key.startswith("bedrock-adapter:thinking:") for key in redis.kept)
