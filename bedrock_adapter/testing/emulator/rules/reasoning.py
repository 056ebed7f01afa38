"""Replayed reasoning: who takes it, and signatures that must be intact (rule 22, section 5.3)."""

from __future__ import annotations

from bedrock_adapter.testing.emulator.refusals import refusal
from bedrock_adapter.testing.emulator.requests import Ask, Placed
from bedrock_adapter.testing.emulator.signatures import Verdict, prefix_digest, verify, verify_opaque

from .thinking import switch


def check(ask: Ask) -> None:
    """Rules of the reasoning blocks in the history."""
    checks = {"none": _none, "signed": _signed, "unsigned": _unsigned, "opaque": _opaque}
    for placed in ask.blocks:
        if placed.kind == "reasoningContent":
            checks[ask.family.replay](ask, placed)


def _none(ask: Ask, placed: Placed) -> None:
    raise refusal("reasoning_replay")


def _unsigned(ask: Ask, placed: Placed) -> None:
    if "redactedContent" in placed.value:
        raise refusal("reasoning_replay")
    if "signature" in placed.value["reasoningText"]:
        raise refusal("reasoning_signature")


def _opaque(ask: Ask, placed: Placed) -> None:
    if "redactedContent" not in placed.value or not verify_opaque(placed.value["redactedContent"], "gpt"):
        raise refusal("reasoning_replay")


def _signed(ask: Ask, placed: Placed) -> None:
    if "redactedContent" in placed.value:
        if not verify_opaque(placed.value["redactedContent"], "claude"):
            raise refusal("bad_redacted", i=placed.i, j=placed.j)
        return
    text = placed.value["reasoningText"]
    if not text.get("signature"):
        raise refusal("no_signature", i=placed.i, j=placed.j)
    prefix = prefix_digest(ask, placed) if ask.family.binds_prefix else None
    verdict = verify(text["signature"], text["text"], prefix)
    if verdict is Verdict.BROKEN:
        raise refusal("bad_signature", i=placed.i, j=placed.j)
    binding = switch(ask).get("block_binding") or {}
    if verdict is Verdict.MOVED and binding.get("prefix_mismatch_behavior") != "drop_block":
        raise refusal("bound_signature", i=placed.i, j=placed.j)
