"""LiteLLM as it is installed; without it these tests are skipped."""

import os
import warnings
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # no network at import
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    litellm = pytest.importorskip("litellm")

from bedrock_adapter.adapter import Adapter
from bedrock_adapter.hosts import litellm as host
from bedrock_adapter.hosts.litellm.state import HOST
from bedrock_adapter.testing.emulator import BedrockEmulator

MODEL = "bedrock_adapter/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
HELLO = [{"role": "user", "content": "Say hello."}]

_GLOBALS = ("callbacks", "custom_provider_map", "cache", "drop_params", "num_retries", "model_cost", "success_callback")


@pytest.fixture(autouse=True)
def unchanged_litellm(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test does to LiteLLM's globals ends with it."""
    for name in _GLOBALS:
        value = getattr(litellm, name)
        monkeypatch.setattr(litellm, name, value.copy() if isinstance(value, list | dict) else value)


@pytest.fixture
async def serve(
    bedrock_emulator: BedrockEmulator, bedrock_adapter_for: Callable[..., Adapter]
) -> AsyncIterator[Callable[..., Adapter]]:
    """Makes the adapter that LiteLLM is served by: `serve(strict=True)`. Without a call it is one with default settings."""

    def use(*plugins: object, **settings: Any) -> Adapter:
        adapter = bedrock_adapter_for(*plugins, **{"retries": 0, **settings})
        HOST.use(adapter)
        host.register()
        return adapter

    use()
    yield use
    if HOST._adapter is not None:
        await HOST._adapter.aclose()
    HOST.use(None)


_LITELLMS_WARNINGS = (
    ".*the `ReadOnly` qualifier:UserWarning",
    "Pydantic serializer warnings:UserWarning",
    "Accessing the 'model_:DeprecationWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Warnings of LiteLLM's own, none of which comes from a call of ours."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            for warning in _LITELLMS_WARNINGS:
                item.add_marker(pytest.mark.filterwarnings(f"ignore:{warning}"))
