"""guardrailConfig: a guardrail that blocks the word ``blocked-word``."""

from __future__ import annotations

from typing import Any

from .requests import Ask
from .tokens import count

WORD = "blocked-word"
MESSAGE = "Sorry, the model cannot answer this question."


def guarded_text(ask: Ask) -> str:
    """What is evaluated: guardContent if there is any, else the last user turn."""
    marked = [placed.value for turn in ask.turns for placed in turn.of("guardContent")]
    marked += [block["guardContent"] for block in ask.system if "guardContent" in block]
    if marked:
        return "\n".join(value["text"]["text"] for value in marked if "text" in value)
    last = [turn for turn in ask.turns if turn.role == "user"][-1:]
    return "\n".join(str(placed.value) for turn in last for placed in turn.of("text"))


def intervenes(ask: Ask) -> bool:
    """Whether the guardrail blocks the request."""
    return bool(ask.body.get("guardrailConfig")) and WORD in guarded_text(ask)


def trace(ask: Ask) -> dict[str, Any] | None:
    """``trace.guardrail`` if the request asks for it."""
    config = ask.body.get("guardrailConfig") or {}
    if config.get("trace", "disabled") == "disabled":
        return None
    identifier, text, blocked = config.get("guardrailIdentifier", ""), guarded_text(ask), intervenes(ask)
    assessment: dict[str, Any] = {
        "invocationMetrics": {
            "guardrailProcessingLatency": 1,
            "usage": {
                "topicPolicyUnits": 0,
                "contentPolicyUnits": 0,
                "wordPolicyUnits": count(text) // 1000 + 1,
                "sensitiveInformationPolicyUnits": 0,
                "sensitiveInformationPolicyFreeUnits": 0,
                "contextualGroundingPolicyUnits": 0,
            },
            "guardrailCoverage": {"textCharacters": {"guarded": len(text), "total": len(text)}},
        }
    }
    if blocked:
        assessment["wordPolicy"] = {"customWords": [{"match": WORD, "action": "BLOCKED"}], "managedWordLists": []}
    guardrail: dict[str, Any] = {
        "actionReason": "Guardrail blocked." if blocked else "No action.",
        "inputAssessment": {identifier: assessment},
    }
    if not blocked:
        guardrail |= {"modelOutput": [], "outputAssessments": {identifier: []}}
    return guardrail
