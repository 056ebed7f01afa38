"""The built-in plugins. They load through the entry-point group `bedrock_adapter`, as anyone's do.

Programs without installed metadata (frozen applications) pass them in code: `Adapter(plugins=load_builtins(), autoload=False)`.
"""

from importlib import import_module
from types import ModuleType

BUILTINS = (
    "caching",
    "catalogue",
    "citations",
    "cohere_embeddings",
    "converse",
    "embeddings",
    "grounding",
    "guardrails",
    "identity",
    "inference",
    "inference_profiles",
    "marengo_embeddings",
    "media",
    "messages",
    "metadata",
    "nova_embeddings",
    "parameters",
    "prompts",
    "reasoning",
    "refused_fields",
    "service",
    "structured_output",
    "titan_embeddings",
    "tokens",
    "tools",
)


def load_builtins() -> list[ModuleType]:
    """The built-in plugins as modules, in the order of their names."""
    return [import_module(f"{__name__}.{name}") for name in BUILTINS]
