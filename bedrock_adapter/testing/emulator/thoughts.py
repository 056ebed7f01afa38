"""Reasoning that precedes an answer: whether a request switches it on, and in which form the family shows it."""

from __future__ import annotations

from typing import Any

from .calls import question
from .requests import Ask, Block
from .rules.thinking import switch
from .signatures import opaque, prefix_digest, sign

# Anthropic's documented test string: the model answers with redacted thinking.
_REDACT = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING"
_OFF = ("none", "disabled")


def thinks(ask: Ask) -> bool:
    """Whether the model reasons on this request."""
    family = ask.family
    if family.reasoning in ("none", "inline"):
        return False
    continues = bool(ask.turns) and bool(ask.turns[-1].of("toolResult"))
    if family.anthropic:
        return _claude(ask, continues)
    level = _level(ask)
    if level is not None:
        value, rule = level
        return value not in _OFF and value in rule.get("thinks", [value])
    return family.thinking_default != "off"


def _claude(ask: Ask, continues: bool) -> bool:
    family, kind = ask.family, switch(ask).get("type")
    if kind == "between_tools":
        return continues
    if kind is None:
        return family.thinking_default != "off"
    flags = ask.additional.get("anthropic_beta", [])
    interleaved = family.interleaved or any(flag.startswith("interleaved-thinking") for flag in flags)
    return kind != "disabled" and (interleaved or not continues)


def _level(ask: Ask) -> tuple[Any, dict[str, Any]] | None:
    """The effort that the request names, under whatever key the family has for it, and that key's row."""
    for path, rule in ask.family.additional.items():
        if rule["type"] != "enum":
            continue
        value: Any = ask.additional
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            return value, rule
    return None


def thought(ask: Ask, tools: list[str]) -> Block:
    """The reasoning block that opens the answer."""
    text = thought_text(ask, tools)
    kind = ask.family.reasoning
    if kind == "redacted":
        text = "[REDACTED]"
    if kind == "opaque":
        return {"reasoningContent": {"redactedContent": opaque(text, "gpt")}}
    if kind != "signed":
        return {"reasoningContent": {"reasoningText": {"text": text}}}
    if _REDACT in question(ask):
        return {"reasoningContent": {"redactedContent": opaque(text, "claude")}}
    if switch(ask).get("display") == "omitted":
        text = ""
    prefix = prefix_digest(ask) if ask.family.binds_prefix else None
    return {"reasoningContent": {"reasoningText": {"text": text, "signature": sign(text, prefix)}}}


def thought_text(ask: Ask, tools: list[str]) -> str:
    """A sentence or two of reasoning."""
    asked = " ".join(question(ask).split()[:30])
    then = f"I should call {' and '.join(dict.fromkeys(tools))}." if tools else "I should answer in a sentence."
    return f'The user asks: "{asked}". {then}'
