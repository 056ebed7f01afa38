"""LiteLLM as it is installed; without it these tests are skipped."""

import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # no network at import
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    litellm = pytest.importorskip("litellm")

from bedrock_adapter import Call, Route, Stage, Step, hookimpl
from bedrock_adapter.adapter import Adapter
from bedrock_adapter.hosts import litellm as host
from bedrock_adapter.hosts.litellm import prices
from bedrock_adapter.hosts.litellm.state import HOST
from bedrock_adapter.testing.emulator import BedrockEmulator

from .proxies import Proxy, running

MODEL = "bedrock_adapter/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
EMBEDDER = "bedrock_adapter/amazon.titan-embed-text-v2:0"
HELLO: list[Any] = [{"role": "user", "content": "Say hello."}]
WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}

_LITELLMS_GLOBALS = ("callbacks", "custom_provider_map", "cache", "drop_params", "num_retries", "model_cost")
_LITELLMS_WARNINGS = (
    ".*the `ReadOnly` qualifier:UserWarning",
    "Pydantic serializer warnings:UserWarning",
    "Accessing the 'model_:DeprecationWarning",
)


class Seen:
    """A plugin that keeps what reaches the adapter."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.request: dict[str, Any] = {}

    @hookimpl
    def bedrock_transform_request(self, route: Route) -> Step:
        return Step(Stage.IDENTITY, self.see, operation=route.operation)

    def see(self, call: Call) -> None:
        self.calls.append(call)
        self.request = dict(call.request)


Serve = Callable[..., Adapter]


@pytest.fixture(autouse=True)
def own_litellm(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test does to LiteLLM's globals, and to prices, ends with it."""
    for name in _LITELLMS_GLOBALS:
        value = getattr(litellm, name)
        monkeypatch.setattr(litellm, name, value.copy() if isinstance(value, list | dict) else value)
    litellm.register_model({})  # forgets what it has cached of its table
    fresh = prices.Prices()
    for module in ("prices", "provider", "deployments"):
        monkeypatch.setattr(f"bedrock_adapter.hosts.litellm.{module}.PRICES", fresh)


@pytest.fixture
def serve(bedrock_emulator: BedrockEmulator, bedrock_adapter_for: Callable[..., Adapter]) -> Iterator[Serve]:
    """Makes the adapter that serves LiteLLM: `serve(plugin, strict=True)`. Without a call it has default settings."""

    def use(*plugins: object, **settings: Any) -> Adapter:
        adapter = bedrock_adapter_for(*plugins, **{"retries": 0, **settings})
        HOST.use(adapter)
        host.register()
        return adapter

    use()
    yield use
    HOST.use(None)


@pytest.fixture
def seen(serve: Serve) -> Seen:
    """What reaches the adapter."""
    plugin = Seen()
    serve(plugin)
    return plugin


@pytest.fixture(scope="session")
def one_line_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy whose config is the one line, with an alias and a default model in the environment."""
    environ = {
        "BEDROCK_ADAPTER_ALIASES": f"team={MODEL.partition('/')[2]}",
        "BEDROCK_ADAPTER_DEFAULT_MODEL": MODEL.partition("/")[2],
        "BEDROCK_ADAPTER_DEFAULT_EMBEDDING_MODEL": EMBEDDER.partition("/")[2],
        "BEDROCK_ADAPTER_MODELS_TTL": "1",
    }
    with running(tmp_path_factory.mktemp("proxy"), environ=environ) as proxy:
        yield proxy


@pytest.fixture
def proxy(one_line_proxy: Proxy) -> Proxy:
    """The same, with nothing recorded or scripted."""
    one_line_proxy.bedrock.reset()
    return one_line_proxy


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """LiteLLM's own warnings are no errors here; none comes from a call of ours."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            for warning in _LITELLMS_WARNINGS:
                item.add_marker(pytest.mark.filterwarnings(f"ignore:{warning}"))
