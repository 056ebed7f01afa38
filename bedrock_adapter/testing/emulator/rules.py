"""All rules of a Converse request, in the order in which they are tried."""

from __future__ import annotations

from .requests import Ask


def check(ask: Ask) -> None:
    """Refuse what Bedrock or the model behind it would refuse."""
