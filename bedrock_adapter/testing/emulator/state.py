"""What the emulator remembers between requests: ARNs, denials, the simulated prompt cache."""

from __future__ import annotations

from .caching import PromptCache
from .targets import DEFAULT_ARNS


class State:
    """One account's state; see `BedrockEmulator` for the meaning of its tables."""

    def __init__(self) -> None:
        self.arns: dict[str, str] = dict(DEFAULT_ARNS)
        self.access: dict[str, str] = {}
        self.cache = PromptCache()
