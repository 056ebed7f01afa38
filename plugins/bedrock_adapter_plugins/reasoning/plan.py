"""From a wish to what is sent: the switch, and what it implies. Each change of a wish is a note."""

from dataclasses import dataclass, field
from typing import Any

from bedrock_adapter import Call
from bedrock_adapter.profiles import Reasoning
from bedrock_adapter.types import OBJECT, Json

from .asked import OFF_TYPES, Asked
from .budget import FALLBACK_MAX_TOKENS, BudgetPolicy, thinking_budget
from .levels import LEVELS, level_of_budget, nearest
from .shapes import CLAUDE, switch_off, switch_on

NAME = "reasoning"


@dataclass(slots=True)
class Plan:
    """What is sent.

    Attributes:
        on: the model will think.
        fields: members of additionalModelRequestFields.
        level: the rung sent, if any.
        budget: thinking by a budget, whose rules hold (no forced tools, first block of a tool loop).
        max_tokens: goes with the budget where the client gave none.
    """

    on: bool
    fields: Json = field(default_factory=dict)
    level: str = ""
    budget: bool = False
    max_tokens: int | None = None


def decide(call: Call, asked: Asked, policy: BudgetPolicy) -> Plan:
    """The plan for a wish; when nothing is asked, nothing is sent.

    Raises:
        RequestError: `strict` is on, and the wish would be changed.
    """
    reasoning = call.route.profile.reasoning
    if asked.name:
        if asked.raw or _taken(reasoning, asked):
            return _own_words(call, asked)
        asked = _translated(call, asked)
    if not asked.level:
        _ignore(call, asked)
        return Plan(on=reasoning.on_by_default or reasoning.shape == "always")
    if asked.level == "none":
        return _off(call, asked)
    if reasoning.shape in ("none", "always"):
        why = (
            "the model does not reason" if reasoning.shape == "none" else "the model always thinks, and takes no level"
        )
        call.note(asked.param, "ignored", why, NAME)
        return Plan(on=reasoning.shape == "always")
    if reasoning.shape == "budget":
        return _budget(call, asked, policy)
    return _on(call, asked)


def without_thinking(reasoning: Reasoning) -> Plan | None:
    """The plan with thinking switched off; None where the model cannot."""
    fields = switch_off(reasoning)
    return None if fields is None else Plan(on=reasoning.off == "between_tools", fields=fields)


# -- by level -----------------------------------------------------------------------------------------------------


def _on(call: Call, asked: Asked) -> Plan:
    reasoning = call.route.profile.reasoning
    if reasoning.shape != "openai":
        _ignore(call, asked)
    level = _rung(call, asked, reasoning)
    return Plan(on=True, fields=switch_on(reasoning, level, asked.more), level=level)


def _off(call: Call, asked: Asked) -> Plan:
    reasoning = call.route.profile.reasoning
    if reasoning.shape == "none":
        return Plan(on=False)
    if reasoning.shape == "always":
        call.note(asked.param, "ignored", "the model always thinks", NAME)
        return Plan(on=True)
    plan = without_thinking(reasoning)
    if plan is not None:
        return plan
    if not reasoning.levels:
        call.note(asked.param, "ignored", "the model's thinking cannot be switched off", NAME)
        return Plan(on=True)
    lowest = reasoning.levels[0]
    call.note(asked.param, "changed", f"the model's thinking cannot be switched off; {lowest!r} is sent", NAME)
    return Plan(on=True, fields=switch_on(reasoning, lowest, {}), level=lowest)


def _budget(call: Call, asked: Asked, policy: BudgetPolicy) -> Plan:
    limits, reasoning = call.route.profile.limits, call.route.profile.reasoning
    _ignore(call, asked)
    given: int | None = call.body.get("inferenceConfig", {}).get("maxTokens")
    max_tokens = given or limits.default_max_tokens or FALLBACK_MAX_TOKENS
    tokens = thinking_budget(asked.level, max_tokens, policy, reasoning.budget_floor)
    if tokens is None:
        why = f"max_tokens {max_tokens} leaves no room for the {reasoning.budget_floor} tokens of the least thinking budget"
        call.note(asked.param, "dropped", why, NAME)
        return without_thinking(reasoning) or Plan(on=True)
    if asked.level in ("xhigh", "max") and getattr(policy, asked.level) == policy.high:
        call.repair(asked.param, "changed", "the model's highest level is 'high'", NAME)
    thinking = {"type": "enabled", "budget_tokens": tokens}
    return Plan(
        on=True, fields={"thinking": thinking}, level=asked.level, budget=True, max_tokens=None if given else max_tokens
    )


def _rung(call: Call, asked: Asked, reasoning: Reasoning, ceiling: str = "") -> str:
    rungs = reasoning.levels
    if ceiling:
        rungs = tuple(rung for rung in rungs if rung in LEVELS and LEVELS.index(rung) <= LEVELS.index(ceiling))
    level = nearest(asked.level, rungs)
    if level != asked.level:
        call.note(asked.param, "changed", f"of {', '.join(rungs)} the nearest to {asked.level!r} is {level!r}", NAME)
    return level


def _ignore(call: Call, asked: Asked) -> None:
    for name in asked.more:
        call.repair(f"{asked.param}.{name}", "ignored", "only the effort can be told to this model", NAME)


# -- in the model's own words -------------------------------------------------------------------------------------


def _taken(reasoning: Reasoning, asked: Asked) -> bool:
    """Whether the family takes a switch as the client says it. Unknown kinds are Bedrock's to judge."""
    if isinstance(asked.switch, str):
        return reasoning.shape == "config"
    if asked.name == "reasoningConfig":
        return reasoning.shape == "nova"
    if reasoning.shape not in CLAUDE:
        return False
    if asked.kind == "enabled":
        return reasoning.shape == "budget" or "budget" in reasoning.also
    if asked.kind == "adaptive":
        return reasoning.shape == "adaptive"
    return asked.kind not in OFF_TYPES or asked.kind == ("disabled" if reasoning.off == "omit" else reasoning.off)


def _own_words(call: Call, asked: Asked) -> Plan:
    """The client's switch wins, and is sent as it is."""
    reasoning = call.route.profile.reasoning
    fields: Json = {} if asked.raw else {asked.name: asked.switch}
    level = asked.switch.get("maxReasoningEffort", "") if isinstance(asked.switch, OBJECT) else asked.kind
    budget = asked.kind == "enabled" and asked.name != "reasoningConfig"
    if asked.level and asked.level != "none" and reasoning.shape == "adaptive" and reasoning.levels and not budget:
        # Beside adaptive thinking, and beside none, the effort is a knob of its own.
        level = _rung(call, asked, reasoning, reasoning.off_max_effort if asked.off else "")
        fields["output_config"] = {"effort": level}
    elif asked.level:
        call.repair(asked.param, "ignored", f"{asked.name} was sent too, and wins", NAME)
    return Plan(on=asked.thinks, fields=fields, level=level, budget=budget)


def _translated(call: Call, asked: Asked) -> Asked:
    """A switch of another family as the level that it stands for."""
    level = _meant(asked.switch, asked)
    if level != "none":
        level = nearest(level, call.route.profile.reasoning.levels)
    if call.route.profile.reasoning.shape not in ("none", "always"):
        why = f"the model is told to think in other words; it was taken as reasoning_effort {level!r}"
        call.note(asked.name, "changed", why, NAME)
    return Asked(level, asked.name)


def _meant(switch: Any, asked: Asked) -> str:
    if isinstance(switch, str):
        return switch
    if asked.off:
        return "none"
    if switch.get("maxReasoningEffort") in LEVELS:
        return str(switch["maxReasoningEffort"])
    if isinstance(tokens := switch.get("budget_tokens"), int):
        return level_of_budget(tokens)
    return asked.level if asked.level in LEVELS else "high"
