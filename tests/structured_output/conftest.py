"""Models by how they answer in a format, and asking both ways."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from bedrock_adapter import Adapter
from bedrock_adapter.streaming import fold
from bedrock_adapter.testing.emulator import BedrockEmulator
from bedrock_adapter.testing.emulator.script import message
from bedrock_adapter.types import Json

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"  # natively
NOVA = "us.amazon.nova-lite-v1:0"  # by a tool, forced
MISTRAL = "mistral.mistral-large-2402-v1:0"  # by a tool, through `any`
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"  # by a tool that it is asked to call
NO_TOOLS = "meta.llama3-8b-instruct-v1:0"  # in words

ASK = {"role": "user", "content": "Which city?"}
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "population": {"type": "integer", "minimum": 1}},
    "required": ["city", "population"],
}
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}


def wanted(schema: Any = None, **members: Any) -> Json:
    """A `response_format` with a schema."""
    return {
        "type": "json_schema",
        "json_schema": {"name": "City", "schema": CITY if schema is None else schema, **members},
    }


def use(name: str, given: Json, id_: str = "1") -> Json:
    """A toolUse block of an answer."""
    return {"toolUse": {"toolUseId": id_, "name": name, "input": given}}


class Asker:
    """Asks once complete and once streamed; both must say the same."""

    def __init__(self, adapter: Adapter, emulator: BedrockEmulator) -> None:
        self._adapter, self._emulator = adapter, emulator
        self.chunks: list[Json] = []

    @property
    def body(self) -> Json:
        """The last body that reached Bedrock."""
        body = self._emulator.requests[-1].body
        assert isinstance(body, dict)
        return body

    def __call__(self, model: str, content: Iterable[Json], stop: str = "end_turn", **fields: Any) -> Json:
        request = {"model": model, "messages": [ASK], "response_format": wanted(), **fields}
        self._emulator.script.next(message(*content, stop_reason=stop), times=2)
        answer = self._adapter.chat(request)
        self.chunks = list(self._adapter.stream(request))
        streamed = fold(self.chunks)["choices"][0]
        choice = answer["choices"][0]
        assert streamed["finish_reason"] == choice["finish_reason"]
        assert "".join(streamed["message"]["content"] or "").replace(" ", "") == (
            choice["message"]["content"] or ""
        ).replace(" ", "")
        assert len(streamed["message"].get("tool_calls", ())) == len(choice["message"].get("tool_calls", ()))
        assert isinstance(choice, dict)
        return choice


@pytest.fixture
def adapter(bedrock_adapter_for: Callable[..., Adapter]) -> Adapter:
    return bedrock_adapter_for(region="us-east-1")


@pytest.fixture
def ask(bedrock_emulator: BedrockEmulator, adapter: Adapter) -> Asker:
    return Asker(adapter, bedrock_emulator)


@pytest.fixture
def encode(adapter: Adapter) -> Callable[..., Json]:
    """The Converse body: `encode(model, **fields)`."""

    def run(model: str, **fields: Any) -> Json:
        request = {"model": model, "messages": [ASK], "response_format": wanted(), **fields}
        body = adapter.encode(request).requests[0].body
        assert body is not None
        return body

    return run
