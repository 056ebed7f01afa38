"""stub"""

from __future__ import annotations

from typing import Any

from . import tokens
from .requests import Ask
from .state import State


def respond(ask: Ask, state: State) -> dict[str, Any]:
    text = ""
    for placed in ask.blocks:
        if placed.kind == "text":
            text = placed.value
    content = [{"text": f"You said: {text}"}]
    i, o = tokens.of_request(ask), tokens.of_content(content)
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": i, "outputTokens": o, "totalTokens": i + o, "serverToolUsage": {}},
        "metrics": {"latencyMs": 1},
    }
