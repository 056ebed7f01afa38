"""Chat through LiteLLM's SDK and Router."""

from collections.abc import Callable
from typing import Any

import litellm
import pytest

from bedrock_adapter.adapter import Adapter
from bedrock_adapter.testing.emulator import BedrockEmulator

from .conftest import HELLO, MODEL

Serve = Callable[..., Adapter]


async def test_answer(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    answer = await litellm.acompletion(model=MODEL, messages=HELLO)
    assert isinstance(answer, litellm.ModelResponse)
    print(answer)
