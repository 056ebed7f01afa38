"""Every built-in plugin passes the suite that a third party's must pass."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from bedrock_adapter.testing.conformance import PluginConformance
from bedrock_adapter_plugins import BUILTINS

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "us.amazon.nova-2-lite-v1:0"
CHAT = (CLAUDE,)
MODELS: Mapping[str, tuple[str, ...]] = {
    "catalogue": (CLAUDE, NOVA, "us.meta.llama3-3-70b-instruct-v1:0", "amazon.titan-embed-text-v2:0", "acme.unknown-1"),
    "identity": (CLAUDE, "gpt-4o"),
    "converse": (CLAUDE, NOVA, "openai.gpt-oss-120b-1:0"),
    "grounding": (NOVA,),
    "reasoning": (CLAUDE, NOVA, "us.anthropic.claude-opus-4-7", "qwen.qwen3-32b-v1:0"),
    "tools": (CLAUDE, "us.amazon.nova-pro-v1:0", "mistral.mistral-large-2402-v1:0"),
    "cohere_embeddings": ("cohere.embed-multilingual-v3", "us.cohere.embed-v4:0"),
    "embeddings": ("amazon.titan-embed-text-v2:0", "cohere.embed-multilingual-v3"),
    "marengo_embeddings": ("us.twelvelabs.marengo-embed-3-0-v1:0",),
    "nova_embeddings": ("amazon.nova-2-multimodal-embeddings-v1:0",),
    "titan_embeddings": ("amazon.titan-embed-text-v2:0", "amazon.titan-embed-text-v1"),
    "tokens": ("amazon.titan-embed-text-v2:0",),
}
SETTINGS: Mapping[str, Mapping[str, Any]] = {"identity": {"default_model": CLAUDE}}
# Each import takes a process; one process that imports all of them is in tests/test_adapter.py.
TOGETHER = {"imports_nothing_heavy": "all built-ins are imported together by test_import_is_light_and_offline"}


def suite(name: str) -> type[PluginConformance]:
    members: dict[str, Any] = {
        "plugin": import_module(f"bedrock_adapter_plugins.{name}"),
        "models": MODELS.get(name, CHAT),
        "settings": SETTINGS.get(name, {}),
        "skip": TOGETHER,
        "__module__": __name__,
    }
    return type(f"Test_{name}", (PluginConformance,), members)


globals().update({f"Test_{name}": suite(name) for name in BUILTINS})
