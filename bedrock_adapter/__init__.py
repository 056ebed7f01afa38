"""Bedrock for everything that speaks OpenAI's API.

Public names are imported on first use, so `import bedrock_adapter` costs next to nothing and pulls in no SDK.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bedrock_adapter.adapter import Adapter, Encoded
    from bedrock_adapter.call import Call, Context, Note
    from bedrock_adapter.engine import Answer, ChatStream
    from bedrock_adapter.errors import (
        AdapterError,
        ConfigError,
        NeedsIO,
        PluginError,
        RequestError,
        ServiceError,
        UnknownModelError,
        UnsupportedFeatureError,
    )
    from bedrock_adapter.hookspecs import hookimpl
    from bedrock_adapter.hosts import install
    from bedrock_adapter.layers import Layer
    from bedrock_adapter.model_id import ModelId, parse_model_id
    from bedrock_adapter.profile_files import load_layers
    from bedrock_adapter.profiles import Profile
    from bedrock_adapter.routes import (
        ChatDialect,
        Converter,
        EmbeddingDialect,
        Need,
        Route,
        Save,
        Stage,
        Step,
        StreamStep,
    )
    from bedrock_adapter.settings import Alias, Settings, load_settings
    from bedrock_adapter.streaming import ChunkMaker
    from bedrock_adapter.transport import Transport, TransportStream, TransportWrapper
    from bedrock_adapter.wire import Target, WireRequest, WireResponse

__version__ = "0.1.0"

__all__ = [
    "Adapter",
    "AdapterError",
    "Alias",
    "Answer",
    "Call",
    "ChatDialect",
    "ChatStream",
    "ChunkMaker",
    "ConfigError",
    "Context",
    "Converter",
    "EmbeddingDialect",
    "Encoded",
    "Layer",
    "ModelId",
    "Need",
    "NeedsIO",
    "Note",
    "PluginError",
    "Profile",
    "RequestError",
    "Route",
    "Save",
    "ServiceError",
    "Settings",
    "Stage",
    "Step",
    "StreamStep",
    "Target",
    "Transport",
    "TransportStream",
    "TransportWrapper",
    "UnknownModelError",
    "UnsupportedFeatureError",
    "WireRequest",
    "WireResponse",
    "hookimpl",
    "install",
    "load_layers",
    "load_settings",
    "parse_model_id",
]

_HOMES = {
    "adapter": ("Adapter", "Encoded"),
    "call": ("Call", "Context", "Note"),
    "engine": ("Answer", "ChatStream"),
    "errors": (
        "AdapterError",
        "ConfigError",
        "NeedsIO",
        "PluginError",
        "RequestError",
        "ServiceError",
        "UnknownModelError",
        "UnsupportedFeatureError",
    ),
    "hookspecs": ("hookimpl",),
    "hosts": ("install",),
    "model_id": ("ModelId", "parse_model_id"),
    "profile_files": ("load_layers",),
    "layers": ("Layer",),
    "profiles": ("Profile",),
    "routes": ("ChatDialect", "Converter", "EmbeddingDialect", "Need", "Route", "Save", "Stage", "Step", "StreamStep"),
    "settings": ("Alias", "Settings", "load_settings"),
    "streaming": ("ChunkMaker",),
    "transport": ("Transport", "TransportStream", "TransportWrapper"),
    "wire": ("Target", "WireRequest", "WireResponse"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *_HOME_OF]
