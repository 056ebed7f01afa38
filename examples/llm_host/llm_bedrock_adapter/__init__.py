"""A host that is no proxy: the `llm` command-line tool gets Bedrock's models.

A host translates between a program and the `Adapter`, which takes and returns what OpenAI's API does. Here a prompt of llm's
becomes a chat request, and chunks become what llm prints and stores.
"""

import atexit
import json
import logging
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import llm
from llm.models import EmbeddingModel
from llm.parts import AttachmentPart, StreamEvent, TextPart, ToolCallPart, ToolResultPart
from pydantic import Field

from bedrock_adapter import Adapter, AdapterError
from bedrock_adapter.streaming import fold

PREFIX = "bedrock/"
_LOG = logging.getLogger(__name__)
_made: dict[str, Adapter] = {}


def adapter() -> Adapter:
    """The one that serves llm's models: what `install` was given, else one made of the environment."""
    return _made["adapter"] if _made else _use(Adapter())


def _use(chosen: Adapter) -> Adapter:
    _made["adapter"] = chosen
    atexit.register(chosen.close)  # llm tells nobody that it ends
    return chosen


def install(chosen: Adapter | None = None, **settings: Any) -> list[str]:
    """`bedrock_adapter.install("llm", region="eu-west-1")`, for programs that use llm as a library.

    Returns the names under which llm knows the models now.
    """
    _use(chosen or Adapter(**settings))
    _models.cache_clear()
    return [PREFIX + model for model, _ in _models()]


@cache
def _models() -> tuple[tuple[str, str], ...]:
    """Names of the models that can be called, and their kind; none where Bedrock cannot be asked, since llm has other models."""
    try:
        names = [model["id"] for model in adapter().models()]
    except AdapterError as error:
        _LOG.warning("Bedrock's models are not there: %s", error.message)
        return ()
    return tuple((name, kind) for name in names if (kind := _kind(name)))


def _kind(name: str) -> str:
    """`chat`, `embedding`, or "" for a model that does neither."""
    try:
        kind: str = adapter().explain(name)["profile"]["kind"]
    except AdapterError:
        return ""
    return kind


@llm.hookimpl
def register_models(register: Any) -> None:
    """Called by llm."""
    for name, kind in _models():
        if kind == "chat":
            register(BedrockModel(name))


@llm.hookimpl
def register_embedding_models(register: Any) -> None:
    """Called by llm."""
    for name, kind in _models():
        if kind == "embedding":
            register(BedrockEmbeddings(name))


class BedrockModel(llm.Model):
    """One chat model. What it takes exactly is the adapter's business: a wrong wish is an error or a note."""

    can_stream = True
    supports_tools = True
    supports_schema = True
    attachment_types = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})

    class Options(llm.Options):
        """`llm -o reasoning_effort low`."""

        temperature: float | None = Field(default=None, description="0 to 1")
        max_tokens: int | None = Field(default=None, description="most tokens of the answer")
        reasoning_effort: str | None = Field(default=None, description="minimal to max")

    def __init__(self, name: str) -> None:
        self.name = name
        self.model_id = PREFIX + name

    def execute(self, prompt: Any, stream: bool, response: Any, conversation: Any = None) -> Iterator[Any]:
        """Called by llm: yields thoughts and text as they come; calls of tools and usage are told at the end."""
        request = self.request(prompt)
        if stream:
            chunks = []
            for chunk in adapter().stream(request):
                chunks.append(chunk)
                for choice in chunk["choices"]:
                    yield from _events(choice["delta"])
            answer = fold(chunks)
        else:
            answer = adapter().chat(request)
            yield from _events(answer["choices"][0]["message"])
        for call in answer["choices"][0]["message"].get("tool_calls") or ():
            function = call["function"]
            response.add_tool_call(llm.ToolCall(function["name"], json.loads(function["arguments"]), call["id"]))
        usage = answer["usage"]
        response.set_usage(input=usage["prompt_tokens"], output=usage["completion_tokens"])

    def request(self, prompt: Any) -> dict[str, Any]:
        """llm's prompt as a chat request."""
        options = {name: value for name, value in prompt.options.model_dump().items() if value is not None}
        request = {
            "model": self.name,
            "messages": list(_messages(prompt.messages)),
            "stream_options": {"include_usage": True},
        }
        if prompt.tools:
            request["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": tool.name,
                        "description": tool.description or "",
                        "parameters": tool.input_schema,
                    },
                }
                for tool in prompt.tools
            ]
        if prompt.schema:
            wanted = {"name": "output", "schema": prompt.schema}
            request["response_format"] = {"type": "json_schema", "json_schema": wanted}
        return {**request, **options}

    def __str__(self) -> str:
        return f"Bedrock: {self.model_id}"


class BedrockEmbeddings(EmbeddingModel):
    """One embedding model."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.model_id = PREFIX + name

    def embed_batch(self, items: Iterable[str | bytes], *, key: str | None = None) -> Iterator[list[float]]:
        """Called by llm."""
        texts = [item if isinstance(item, str) else item.decode() for item in items]
        answer = adapter().embeddings({"model": self.name, "input": texts, "encoding_format": "float"})
        yield from (item["embedding"] for item in answer["data"])


def _messages(messages: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """OpenAI messages of llm's: results of tools are messages of their own, calls belong to the assistant's."""
    for message in messages:
        results = [part for part in message.parts if isinstance(part, ToolResultPart)]
        yield from ({"role": "tool", "tool_call_id": part.tool_call_id, "content": part.output} for part in results)
        content = [made for part in message.parts if (made := _content(part))]
        calls = [_call(part) for part in message.parts if isinstance(part, ToolCallPart)]
        if content or calls:
            yield {"role": message.role, "content": content or None, **({"tool_calls": calls} if calls else {})}


def _content(part: Any) -> dict[str, Any] | None:
    if isinstance(part, TextPart) and part.text:
        return {"type": "text", "text": part.text}
    if isinstance(part, AttachmentPart) and part.attachment:
        file: Any = part.attachment
        url = file.url or f"data:{file.resolve_type()};base64,{file.base64_content()}"
        return {"type": "image_url", "image_url": {"url": url}}
    return None


def _call(part: ToolCallPart) -> dict[str, Any]:
    function = {"name": part.name, "arguments": json.dumps(part.arguments)}
    return {"id": part.tool_call_id, "type": "function", "function": function}


def _events(said: dict[str, Any]) -> Iterator[Any]:
    """Of a chunk's delta, or of a whole message."""
    for member, kind in (("reasoning_content", "reasoning"), ("content", "text")):
        if text := said.get(member):
            yield StreamEvent(type=kind, chunk=text)
