"""What the client asks for: OpenAI's `reasoning_effort`, the Responses API's object, or a model's own words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bedrock_adapter import RequestError
from bedrock_adapter.profiles import Reasoning
from bedrock_adapter.types import OBJECT

from .levels import LEVELS

OWN_WORDS = ("thinking", "reasoning_config", "reasoningConfig")
"""Switches in a model's own words, which clients may send: Claude's, its older name (Qwen's: a string), Nova's."""

HANDLES = frozenset({"reasoning_effort", "reasoning", *OWN_WORDS})
OFF_TYPES = frozenset({"disabled", "between_tools"})
_RAW = ("additional_model_request_fields", "additionalModelRequestFields")


@dataclass(frozen=True, slots=True)
class Asked:
    """One client's wish.

    Attributes:
        level: one of `LEVELS`, `none`, or "" where nothing is asked.
        param: the request key that said so.
        more: other members of the object `reasoning`, e.g. `summary`.
        name, switch: key and value of a switch in a model's own words; "" where there is none.
        raw: that switch is within `additional_model_request_fields`, which go to the model as they are.
    """

    level: str = ""
    param: str = "reasoning_effort"
    more: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    switch: Any = None
    raw: bool = False

    @property
    def kind(self) -> str:
        """`type` of the switch, or its level where it is a string."""
        kind = self.switch.get("type") if isinstance(self.switch, OBJECT) else self.switch
        return kind if isinstance(kind, str) else ""

    @property
    def off(self) -> bool:
        """The switch says off."""
        return self.kind in OFF_TYPES or self.switch == "none"

    @property
    def thinks(self) -> bool:
        """The switch lets the model think, be it only between tool calls."""
        return not self.off or self.kind == "between_tools"


def read(request: Mapping[str, Any]) -> Asked:
    """The wish of a request, before or after its fields were flattened.

    Raises:
        RequestError: a member has the wrong type, or is no level; `param` names it.
    """
    if isinstance(extra := request.get("extra_body"), OBJECT):
        request = {**request, **extra}
    level, param, more = _level(request)
    for name in OWN_WORDS:
        if request.get(name) is not None:
            return Asked(level, param, more, name, _switch(name, request[name]))
    for key in _RAW:
        fields = request.get(key)
        if isinstance(fields, OBJECT):
            for name in OWN_WORDS:
                if fields.get(name) is not None:
                    return Asked(level, param, more, name, fields[name], raw=True)
    return Asked(level, param, more)


def _level(request: Mapping[str, Any]) -> tuple[str, str, Mapping[str, Any]]:
    for name in ("reasoning_effort", "reasoning"):
        value = request.get(name)
        if value is None:
            continue
        if isinstance(value, OBJECT):
            more = {key: item for key, item in value.items() if key != "effort"}
            return _checked(value.get("effort"), f"{name}.effort"), name, more
        if name == "reasoning":
            raise RequestError(f"{name} must be an object", param=name, code="invalid_type")
        return _checked(value, name), name, {}
    return "", "reasoning_effort", {}


def _checked(level: Any, param: str) -> str:
    if level is None:
        return ""
    if not isinstance(level, str):
        raise RequestError(f"{param} must be a string, not {level!r}", param=param, code="invalid_type")
    if level not in LEVELS and level != "none":
        known = ", ".join(("none", *LEVELS))
        raise RequestError(f"{param} is {level!r}; supported are {known}", param=param, code="invalid_value")
    return level


def _switch(name: str, value: Any) -> Any:
    if isinstance(value, str) and name == "reasoning_config":
        return _checked(value, name)
    if not isinstance(value, OBJECT):
        raise RequestError(f"{name} must be an object", param=name, code="invalid_type")
    kind, budget = value.get("type"), value.get("budget_tokens")
    if not isinstance(kind, str):
        raise RequestError(f"{name}.type must be a string", param=f"{name}.type", code="invalid_type")
    if budget is not None and (isinstance(budget, bool) or not isinstance(budget, int)):
        raise RequestError(
            f"{name}.budget_tokens must be an integer", param=f"{name}.budget_tokens", code="invalid_type"
        )
    return value


def may_think(asked: Asked, reasoning: Reasoning) -> bool:
    """Whether the model may think on this request, as far as the request tells."""
    if asked.name:
        return asked.thinks
    if asked.level == "none":
        return reasoning.off in ("never", "between_tools") or reasoning.shape == "always"
    return reasoning.shape != "none" and (bool(asked.level) or reasoning.on_by_default or reasoning.shape == "always")
