"""Requests that Bedrock refused because of the thinking in their history: mended once, by leaving it out.

The texts are Bedrock's, bedrock-api 12.3 rules 21 and 22. They come when a client sends blocks of another conversation, when
a model has begun to bind them to their prefix, or when a key has changed on Bedrock's side.
"""

from bedrock_adapter import AdapterError, Call
from bedrock_adapter.routes import Recovery
from bedrock_adapter.types import Json

from .loops import loop_lacks_thinking
from .plan import NAME, without_thinking
from .shapes import CLAUDE

_REFUSALS = (
    "Invalid `signature` in `thinking` block",
    "Invalid `data` in `redacted_thinking` block",
    "Expected `thinking` or `redacted_thinking`",
)
_TRIED = f"{NAME}.recovered"


def recovery(error: AdapterError, call: Call) -> Recovery | None:
    """The mending of a refused call, once."""
    if call.state.get(_TRIED) or not any(text in error.message for text in _REFUSALS):
        return None
    return _mend


def _mend(call: Call) -> None:
    call.state[_TRIED] = True
    turns = [_thoughtless(turn) for turn in call.body["messages"]]
    call.body["messages"] = [turn for turn in turns if turn["content"]]
    call.repair("messages", "dropped", "Bedrock refused the reasoning in the history; it was left out", NAME)
    fields = call.body.get("additionalModelRequestFields", {})
    thinking = fields.get("thinking") or {}
    if thinking.get("type") == "enabled" and loop_lacks_thinking(call.body["messages"]):
        del fields["thinking"]
        reasoning = call.route.profile.reasoning
        plan = without_thinking(reasoning) if reasoning.shape in CLAUDE else None
        fields |= plan.fields if plan else {}
        if not fields:
            del call.body["additionalModelRequestFields"]
        call.repair("reasoning_effort", "ignored", "the turn goes on without thinking", NAME)


def _thoughtless(turn: Json) -> Json:
    return {**turn, "content": [block for block in turn["content"] if "reasoningContent" not in block]}
