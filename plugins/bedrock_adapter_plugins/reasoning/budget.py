"""From a level to a budget of thinking tokens: one pure function, and its policy as data.

The default policy is the one that users of the Bedrock Access Gateway know, with its gaps closed: a budget is never below
Bedrock's floor, and always leaves room for the answer.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from bedrock_adapter import Route, Settings
from bedrock_adapter.errors import ConfigError
from bedrock_adapter.types import OBJECT

FALLBACK_MAX_TOKENS = 4096
"""Assumed where neither the client nor the catalogue says how long an answer may be."""


@dataclass(frozen=True, slots=True)
class BudgetPolicy:
    """How much of `max_tokens` each level may think, and what stays for the answer.

    Replaced in part or whole by the operator (`[options.reasoning]`, e.g. `high = 0.8`), or for single models by a layer
    that states `extra.thinking_budget`, e.g. `Layer("acme.*", {"extra": {"thinking_budget": {"high": 0.8}}})`. The operator
    wins.

    Attributes:
        minimal, low, medium, high, xhigh, max: fraction of `max_tokens`, from 0 to 1.
        room_least, room_divisor: the answer keeps at least `max(room_least, max_tokens // room_divisor)` tokens.

    Raises:
        ConfigError: a value is out of range.
    """

    minimal: float = 0.0
    low: float = 0.3
    medium: float = 0.6
    high: float = 1.0
    xhigh: float = 1.0
    max: float = 1.0
    room_least: int = 64
    room_divisor: int = 20

    def __post_init__(self) -> None:
        for item in fields(self):
            value, whole = getattr(self, item.name), item.name.startswith("room_")
            low, high = (1, math.inf) if whole else (0, 1)
            kind = int if whole else (int, float)
            if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
                wanted = "a positive integer" if whole else "a number from 0 to 1"
                raise ConfigError(f"options.reasoning.{item.name} must be {wanted}, not {value!r}", param=item.name)


DEFAULT_POLICY = BudgetPolicy()


def policy_of(settings: Settings, extra: Mapping[str, Any]) -> BudgetPolicy:
    """The policy of one model: the default, then `extra.thinking_budget` of its layers, then the operator's options.

    Raises:
        ConfigError: a value has the wrong type or is out of range.
    """
    stated = extra.get("thinking_budget") or {}
    names = [item.name for item in fields(BudgetPolicy)]
    if not isinstance(stated, OBJECT) or not stated.keys() <= set(names):
        raise ConfigError(f"extra.thinking_budget must be a table of {', '.join(names)}", param="extra.thinking_budget")
    values = {name: stated.get(name, getattr(DEFAULT_POLICY, name)) for name in names}
    return BudgetPolicy(**{name: settings.option("reasoning", name, value) for name, value in values.items()})


def route_policy(route: Route) -> BudgetPolicy:
    """`policy_of` the model of a route."""
    return policy_of(route.settings, route.profile.extra)


def thinking_budget(
    level: str, max_tokens: int, policy: BudgetPolicy = DEFAULT_POLICY, floor: int = 1024
) -> int | None:
    """Tokens to think with, or None where `max_tokens` leaves no room for a budget of at least `floor`.

    Args:
        level: one of `levels.LEVELS`.
        max_tokens: the whole answer, thinking included.

    >>> [thinking_budget(level, 4096) for level in ("low", "medium", "high")]
    [1228, 2457, 3892]
    """
    fraction: float = getattr(policy, level)
    room = max(policy.room_least, max_tokens // policy.room_divisor)
    tokens = min(max(floor, math.floor(fraction * max_tokens)), max_tokens - room)
    return tokens if tokens >= floor else None
