"""The feathers: models that do not speak Converse but Acme's own InvokeModel body. One file is the whole wire format.

    request    {"prompt": "User: Hi\\nFeather:", "max_length": 100}
    response   {"completion": "Hello", "ended": "stop", "tokens": {"in": 4, "out": 1}}
    stream     the same in pieces: {"completion": "Hel"}, {"completion": "lo"}, {"ended": "stop", "tokens": {...}}

The built-in steps have filled `call.body` as for Converse; `encode` makes Acme's body of it. Answers become OpenAI chunks; a
unary answer is a list of them.
"""

import base64
import json
from collections.abc import Callable
from typing import Any

from bedrock_adapter import Call, ChatDialect, ChunkMaker, Layer, RequestError, WireRequest, WireResponse, hookimpl

NAMES = {"user": "User", "assistant": "Feather"}
FINISH = {"stop": "stop", "length": "length", "refused": "content_filter"}


@hookimpl
def bedrock_profiles() -> list[Layer]:
    facts = {"vendor": "acme", "dialect": "acme_feather", "tools": {"supported": False}}
    return [Layer("acme.feather-*", facts, source="Acme's API reference", checked="2026-11-22")]


@hookimpl
def bedrock_dialects() -> list[ChatDialect]:
    return [ChatDialect("acme_feather", encode=encode, decode=decode, stream=stream)]


def encode(call: Call) -> WireRequest:
    """The call's body in Acme's words."""
    turns = [(NAMES[message["role"]], message["content"]) for message in call.body["messages"]]
    if system := call.body.get("system"):
        turns.insert(0, ("System", system))
    lines = [f"{name}: {text(blocks)}" for name, blocks in turns]
    body = {"prompt": "\n".join([*lines, "Feather:"]), **call.body.get("additionalModelRequestFields", {})}
    if limit := call.body.get("inferenceConfig", {}).get("maxTokens"):
        body["max_length"] = limit
    operation = "InvokeModelWithResponseStream" if call.stream else "InvokeModel"
    return WireRequest(operation, call.model, body)


def text(blocks: list[dict[str, Any]]) -> str:
    """The text of content blocks."""
    if any("text" not in block for block in blocks):
        raise RequestError("feathers read text only", param="messages")
    return " ".join(block["text"] for block in blocks)


def decode(call: Call, response: WireResponse) -> list[dict[str, Any]]:
    """A unary answer, read as a stream of one piece."""
    return reader(call)(response.json())


def stream(call: Call) -> Callable[[tuple[str, dict[str, Any]]], list[dict[str, Any]]]:
    """InvokeModel's streams wrap each piece: `("chunk", {"bytes": BASE64})`."""
    read = reader(call)
    return lambda event: read(json.loads(base64.b64decode(event[1]["bytes"]))) if event[0] == "chunk" else []


def reader(call: Call) -> Callable[[dict[str, Any]], list[dict[str, Any]]]:
    """Reads the pieces of one answer."""
    make = ChunkMaker(call.route.model.answer)
    begun = False

    def read(piece: dict[str, Any]) -> list[dict[str, Any]]:
        nonlocal begun
        chunks = [] if begun else [make.delta({"role": "assistant", "content": ""})]
        begun = True
        if said := piece.get("completion"):
            chunks.append(make.delta({"content": said}))
        if "ended" in piece:
            counts = piece["tokens"]
            used = {"prompt_tokens": counts["in"], "completion_tokens": counts["out"]}
            chunks.append(make.finish(FINISH[piece["ended"]]))
            chunks.append(make.usage({**used, "total_tokens": sum(used.values())}))
        return chunks

    return read
