"""Claude's thinking switch and what it forbids (rules 20b, 21, 23 to 30)."""

from __future__ import annotations

from typing import Any

from bedrock_adapter.testing.emulator.refusals import refusal
from bedrock_adapter.testing.emulator.requests import Ask, Turn

FLOOR = 1024
_KEYS = {
    "enabled": {"type", "budget_tokens", "display", "block_binding"},
    "adaptive": {"type", "display", "block_binding"},
    "disabled": {"type"},
    "between_tools": {"type", "display", "block_binding"},
}
_RULES = {"enabled": "thinking_enabled", "adaptive": "thinking_adaptive"}
BINDING_FLAG = "thinking-binding-controls-2026-08-01"


def switch(ask: Ask) -> dict[str, Any]:
    """The thinking object of the request, under either of its names."""
    found = ask.additional.get("thinking", ask.additional.get("reasoning_config"))
    return found if isinstance(found, dict) else {}


def check(ask: Ask) -> None:
    """Rules of the thinking switch; families without one refuse the key elsewhere."""
    if not ask.family.anthropic or not ask.family.thinking:
        return
    given = switch(ask)
    if given:
        _shape(ask, given)
    if given.get("type") == "enabled":
        _budget(ask, given)
        _incompatible(ask)
        _first_block(ask)
    _effort(ask, given)


def _shape(ask: Ask, given: dict[str, Any]) -> None:
    kind = given.get("type")
    if kind not in ask.family.thinking:
        if kind == "disabled":
            off = "between_tools" in ask.family.thinking
            raise refusal("thinking_disabled_between_tools" if off else "thinking_disabled")
        if isinstance(kind, str) and kind in _RULES:
            raise refusal(_RULES[kind])
        expected = ", ".join(f"'{each}'" for each in ask.family.thinking)
        raise refusal("thinking_type", type=kind, expected=expected)
    for key in given:
        if key not in _KEYS[kind]:
            raise refusal("extra_input", path=f"thinking.{kind}.{key}")
    if "block_binding" in given and BINDING_FLAG not in ask.additional.get("anthropic_beta", []):
        raise refusal("binding_flag")
    if given.get("display", "summarized") not in ("summarized", "omitted"):
        raise refusal("anthropic_value", path=f"thinking.{kind}.display", expected="'summarized' or 'omitted'")


def _budget(ask: Ask, given: dict[str, Any]) -> None:
    budget = given.get("budget_tokens")
    if not isinstance(budget, int) or isinstance(budget, bool):
        raise refusal("budget_missing")
    if budget < FLOOR:
        raise refusal("budget_floor")
    interleaved = any(flag.startswith("interleaved-thinking") for flag in ask.additional.get("anthropic_beta", []))
    if interleaved and ask.tools:
        return
    if budget >= ask.inference.get("maxTokens", ask.target.model.max_output):
        raise refusal("budget_above_max_tokens")


def _incompatible(ask: Ask) -> None:
    if ask.inference.get("temperature", 1) != 1:
        raise refusal("thinking_temperature")
    if ask.inference.get("topP", 1) < 0.95:
        raise refusal("thinking_top_p")
    if "top_k" in ask.additional:
        raise refusal("thinking_top_k")
    native = ask.additional.get("tool_choice", {}).get("type")
    if ask.forced or native in ("any", "tool"):
        raise refusal("thinking_forces_tool")


def loop_start(ask: Ask) -> Turn | None:
    """First assistant turn of the tool loop that the last user turn continues; None outside a loop."""
    turns = ask.turns
    if turns[-1].role == "assistant":
        return turns[-1]
    at = len(turns) - 1
    while at >= 2 and turns[at].of("toolResult"):
        at -= 2
    return turns[at + 1] if at + 1 < len(turns) and at < len(turns) - 1 else None


def _first_block(ask: Ask) -> None:
    turn = loop_start(ask)
    if turn is None or turn.role != "assistant":
        return
    first = turn.blocks[0]
    if first.kind != "reasoningContent":
        found = {"toolUse": "tool_use"}.get(first.kind, "text")
        raise refusal("expected_thinking", i=turn.index, found=found)


def _effort(ask: Ask, given: dict[str, Any]) -> None:
    config = ask.additional.get("output_config") or {}
    effort = config.get("effort", (ask.body.get("outputConfig") or {}).get("effort"))
    off = given.get("type") in ("disabled", "between_tools")
    if off and ask.family.thinking_default == "on" and effort in ("xhigh", "max"):
        raise refusal("effort_capped", effort=effort)
