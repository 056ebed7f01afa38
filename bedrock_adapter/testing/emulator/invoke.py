"""InvokeModel."""

from __future__ import annotations

from typing import Any

from .converse import Answer
from .refusals import refusal
from .state import State


def invoke(operation: str, model: str, body: Any, state: State) -> Answer:
    """InvokeModel."""
    raise refusal("unknown_operation")


def invoke_stream(operation: str, model: str, body: Any, state: State) -> Answer:
    """InvokeModelWithResponseStream."""
    raise refusal("no_streaming")
