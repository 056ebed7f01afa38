"""How each shape of `Profile.reasoning` says on and off within additionalModelRequestFields."""

from collections.abc import Callable, Mapping
from typing import Any

from bedrock_adapter.profiles import Reasoning
from bedrock_adapter.types import Json

CLAUDE = frozenset({"budget", "adaptive"})
"""Shapes whose switch is the object `thinking`."""


def _adaptive(level: str) -> Json:
    return {"thinking": {"type": "adaptive"}, "output_config": {"effort": level}}


ENCODERS: Mapping[str, Callable[[str], Json]] = {
    "adaptive": _adaptive,
    "effort": lambda level: {"reasoning_effort": level},
    "config": lambda level: {"reasoning_config": level},
    "nova": lambda level: {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": level}},
    "openai": lambda level: {"reasoning": {"effort": level}},
}
"""Shapes told by a level. `budget` is told by a number, `always` and `none` by nothing."""


def switch_on(reasoning: Reasoning, level: str, more: Mapping[str, Any]) -> Json:
    """The fields for a level that the model has; `more` are further members of `reasoning`, which one shape takes."""
    if reasoning.shape == "adaptive" and not reasoning.levels:
        return {"thinking": {"type": "adaptive"}}
    fields = ENCODERS[reasoning.shape](level)
    return {"reasoning": {**fields["reasoning"], **more}} if reasoning.shape == "openai" else fields


def switch_off(reasoning: Reasoning) -> Json | None:
    """The fields that switch thinking off, None where it cannot be.

    Raises:
        KeyError: the profile's shape has no switch.
    """
    if reasoning.off == "never":
        return None
    if reasoning.off == "omit":
        return {}
    if reasoning.shape in CLAUDE:
        return {"thinking": {"type": reasoning.off}}
    if reasoning.shape == "nova":
        return {"reasoningConfig": {"type": reasoning.off}}
    return ENCODERS[reasoning.shape](reasoning.off)
