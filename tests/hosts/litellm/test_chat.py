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


async def test_stream(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    async for chunk in await litellm.acompletion(model=MODEL, messages=HELLO, stream=True, stream_options={"include_usage": True}, user="x", verbosity="low"):
        print(chunk.model_dump_json(exclude_none=True))
    for chunk in litellm.completion(model=MODEL, messages=HELLO, stream=True, stream_options={"include_usage": True}):
        print(chunk.model_dump_json(exclude_none=True))
