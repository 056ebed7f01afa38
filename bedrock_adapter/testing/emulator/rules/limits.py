"""Token limits (rules 50 and 51)."""

from __future__ import annotations

from bedrock_adapter.testing.emulator import tokens
from bedrock_adapter.testing.emulator.refusals import refusal
from bedrock_adapter.testing.emulator.requests import Ask

_LONG_OUTPUT_FLAG = "output-128k-2025-02-19"


def check(ask: Ask) -> None:
    """Refuse too much output or input."""
    model, asked = ask.target.model, ask.inference.get("maxTokens")
    flags = ask.additional.get("anthropic_beta", [])
    limit = 128_000 if _LONG_OUTPUT_FLAG in flags else model.max_output
    if asked is not None and asked > limit:
        raise refusal("max_tokens", limit=limit)
    if asked is not None and asked < ask.family.min_tokens:
        raise refusal("min_tokens", limit=ask.family.min_tokens, found=asked)
    _context(ask, asked or 0)


def _context(ask: Ask, asked: int) -> None:
    context = (
        1_000_000 if "context-1m-2025-08-07" in ask.additional.get("anthropic_beta", []) else ask.target.model.context
    )
    used = tokens.of_request(ask)
    if used > context:
        if ask.family.anthropic:
            raise refusal("prompt_too_long", found=used, limit=context)
        raise refusal("input_too_long")
    if ask.family.context_check and used + asked > context:
        raise refusal("context_exceeded", input=used, max_tokens=asked, limit=context)
