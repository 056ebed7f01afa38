"""What is known of the models on Bedrock, as data: `data/*.toml`, one file per vendor, each fact with its source.

No code knows a model's name; a new model is a new layer in a file (or in the operator's own, see `Settings.profiles`).
"""

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from bedrock_adapter import hookimpl
from bedrock_adapter.layers import Layer
from bedrock_adapter.profile_files import load_layers

if TYPE_CHECKING:
    from bedrock_adapter.settings import Settings

PRIORITY = 0
"""Below a plugin's layers (10) and those of a settings file (100)."""


@cache
def layers() -> tuple[Layer, ...]:
    """Every built-in layer, read once; `origin` is the file, e.g. `data/amazon.toml`.

    Raises:
        ConfigError: a file states an unknown fact; the message names file, line and key.
    """
    found: list[Layer] = []
    folder = resources.files("bedrock_adapter_plugins") / "data"
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        if file.name.endswith(".toml"):
            found += load_layers(file.read_text(encoding="utf-8"), priority=PRIORITY, origin=f"data/{file.name}")
    return tuple(found)


@hookimpl
def bedrock_profiles(settings: "Settings") -> tuple[Layer, ...]:
    """The built-in facts; the settings do not change them."""
    return layers()
