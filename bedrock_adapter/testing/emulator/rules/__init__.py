"""What Bedrock refuses although the shapes allow it: one module per part of a Converse request.

Each module has ``check(ask)``, which raises the first refusal that applies. The rules' texts and sources are in
``data/refusals.toml``, the facts per family in ``data/families.toml``.
"""

from __future__ import annotations

from bedrock_adapter.testing.emulator.requests import Ask

from . import additional, caching, conversation, inference, limits, media, reasoning, structured, thinking, tools

_ORDER = (conversation, additional, media, tools, caching, structured, inference, thinking, reasoning, limits)


def check(ask: Ask) -> None:
    """Refuse what Bedrock, or the model behind it, would refuse."""
    for module in _ORDER:
        module.check(ask)
