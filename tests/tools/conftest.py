"""Models by what matters here, and short ways to say a request."""

from collections.abc import Callable
from typing import Any

import pytest

from bedrock_adapter import Adapter
from bedrock_adapter.types import Json

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"  # all choices, strict, the switch for parallel calls
CLAUDE_AUTO = "us.anthropic.claude-opus-5-5"  # cannot be forced
NOVA = "us.amazon.nova-lite-v1:0"
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"
LLAMA_4 = "us.meta.llama4-maverick-17b-instruct-v1:0"
MISTRAL = "mistral.mistral-large-2402-v1:0"
WRITER = "us.writer.palmyra-x5-v1:0"
GPT_OSS = "openai.gpt-oss-120b-1:0"
COHERE = "cohere.command-r-plus-v1:0"
NO_TOOLS = "meta.llama3-8b-instruct-v1:0"

ASK = {"role": "user", "content": "What is the weather like in Shanghai today?"}


def tool(name: str, properties: Json | None = None, **members: Any) -> Json:
    """A function tool."""
    schema = {"type": "object", "properties": properties or {}}
    return {"type": "function", "function": {"name": name, "parameters": schema, **members}}


def called(*calls: tuple[str, str, str], content: str | None = None) -> Json:
    """An assistant message with calls: (id, name, arguments)."""
    made = [
        {"id": id_, "type": "function", "function": {"name": name, "arguments": given}} for id_, name, given in calls
    ]
    return {"role": "assistant", "content": content, "tool_calls": made}


def result(id_: str, content: Any = "20 degrees", **members: Any) -> Json:
    """A tool message."""
    return {"role": "tool", "tool_call_id": id_, "content": content, **members}


@pytest.fixture
def adapter(bedrock_adapter_for: Callable[..., Adapter]) -> Adapter:
    return bedrock_adapter_for(region="us-east-1")


@pytest.fixture
def encode(adapter: Adapter) -> Callable[..., Json]:
    """The Converse body of a request: `encode(model, *messages, **fields)`."""

    def run(model: str, *messages: Json, **fields: Any) -> Json:
        body = adapter.encode({"model": model, "messages": list(messages) or [ASK], **fields}).requests[0].body
        assert body is not None
        return body

    return run
