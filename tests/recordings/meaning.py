"""What a recorded Bedrock exchange means in OpenAI's words: the request that asks for it, and the answer a client should see."""

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from botocore.eventstream import EventStreamBuffer

from bedrock_adapter.types import Json


class InexpressibleError(Exception):
    """OpenAI's API has no words for something in the recording."""


_MIME = {
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "html": "text/html",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
_MARK = {"type": "ephemeral"}
_NOT_OPENAI = ("guardrailConfig", "performanceConfig", "serviceTier", "requestMetadata", "promptVariables")


def openai_request(exchange: Json) -> Json:
    """The chat or embedding request whose encoding should equal the recorded body."""
    if exchange["operation"] == "InvokeModel":
        return _embedding_request(exchange)
    body = exchange["request"]
    if any(body.get(name) for name in _NOT_OPENAI):
        raise InexpressibleError("a field of Converse's own")
    messages = [*_system(body), *(message for turn in body["messages"] for message in _turn(turn))]
    request: Json = {"model": unquote(exchange["model"]), "messages": messages}
    names = {"maxTokens": "max_tokens", "temperature": "temperature", "topP": "top_p", "stopSequences": "stop"}
    request |= {names[name]: value for name, value in (body.get("inferenceConfig") or {}).items()}
    request |= _tools(body.get("toolConfig") or {})
    request |= _output(body)
    request |= _additional(body.get("additionalModelRequestFields") or {})
    if exchange["operation"] == "ConverseStream":
        request |= {"stream": True, "stream_options": {"include_usage": True}}
    return request


def _embedding_request(exchange: Json) -> Json:
    body = exchange["request"]
    params = body.get("singleEmbeddingParams") or {}
    text = body.get("texts") or body.get("inputText") or params.get("text", {}).get("value")
    if text is None:
        raise InexpressibleError("no text")
    request = {"model": unquote(exchange["model"]), "input": text, "encoding_format": "base64"}
    dimensions = body.get("dimensions") or body.get("output_dimension") or params.get("embeddingDimension")
    return {**request, "dimensions": dimensions} if dimensions else request


def _marked(parts: list[Json]) -> None:
    if not parts:
        raise InexpressibleError("a cache point with nothing before it")
    parts[-1]["cache_control"] = _MARK


def _system(body: Json) -> list[Json]:
    parts: list[Json] = []
    for block in body.get("system") or []:
        if "text" in block:
            parts.append({"type": "text", "text": block["text"]})
        else:
            _marked(parts)
    return [{"role": "system", "content": parts}] if parts else []


def _turn(turn: Json) -> Iterator[Json]:
    if turn["role"] == "assistant":
        yield _assistant(turn["content"])
        return
    parts: list[Json] = []
    for block in turn["content"]:
        if "toolResult" in block:
            if parts:
                raise InexpressibleError("a tool result after other content")
            yield _result(block["toolResult"])
        elif "cachePoint" in block:
            _marked(parts)
        else:
            parts.append(_part(block))
    if parts:
        yield {"role": "user", "content": parts}


def _part(block: Json) -> Json:
    if "text" in block:
        return {"type": "text", "text": block["text"]}
    kind, content = next(iter(block.items()))
    if kind not in ("image", "document") or "bytes" not in content["source"] or content.get("citations"):
        raise InexpressibleError(kind)
    data = content["source"]["bytes"]
    if kind == "image":
        return {"type": "image_url", "image_url": {"url": f"data:image/{content['format']};base64,{data}"}}
    url = f"data:{_MIME[content['format']]};base64,{data}"
    return {"type": "file", "file": {"filename": f"{content['name']}.{content['format']}", "file_data": url}}


def _result(result: Json) -> Json:
    parts = [{"type": "text", "text": json.dumps(x["json"])} if "json" in x else _part(x) for x in result["content"]]
    return {"role": "tool", "tool_call_id": result["toolUseId"], "content": parts}


def _assistant(blocks: list[Json]) -> Json:
    message: Json = {"role": "assistant", "content": []}
    for block in blocks:
        if "text" in block:
            message["content"].append({"type": "text", "text": block["text"]})
        elif tool := block.get("toolUse"):
            if tool.get("type") == "server_tool_use":
                raise InexpressibleError("a server tool")
            function = {"name": tool["name"], "arguments": json.dumps(tool["input"])}
            message.setdefault("tool_calls", []).append(
                {"id": tool["toolUseId"], "type": "function", "function": function}
            )
        elif reasoning := block.get("reasoningContent"):
            message.setdefault("thinking_blocks", []).append(_thinking(reasoning))
        else:
            raise InexpressibleError(", ".join(block))
    if not message["content"]:
        message["content"] = None
    return message


def _thinking(reasoning: Json) -> Json:
    if "redactedContent" in reasoning:
        return {"type": "redacted_thinking", "data": reasoning["redactedContent"]}
    text = reasoning["reasoningText"]
    signature = {"signature": text["signature"]} if "signature" in text else {}
    return {"type": "thinking", "thinking": text["text"], **signature}


def _tools(config: Json) -> Json:
    tools: list[Json] = []
    for tool in config.get("tools") or []:
        if "cachePoint" in tool:
            _marked(tools)
        elif "toolSpec" not in tool:
            raise InexpressibleError("a system tool")
        else:
            spec = tool["toolSpec"]
            function = {"name": spec["name"], "parameters": spec["inputSchema"]["json"]}
            function |= {name: spec[name] for name in ("description", "strict") if spec.get(name)}
            tools.append({"type": "function", "function": function})
    request: Json = {"tools": tools} if tools else {}
    choice = config.get("toolChoice") or {}
    if "tool" in choice:
        request["tool_choice"] = {"type": "function", "function": {"name": choice["tool"]["name"]}}
    elif choice:
        request["tool_choice"] = "required" if "any" in choice else "auto"
    return request


def _output(body: Json) -> Json:
    text_format = (body.get("outputConfig") or {}).get("textFormat")
    if not text_format:
        return {}
    schema = text_format["structure"]["jsonSchema"]
    wanted = {"name": schema.get("name") or "out", "schema": json.loads(schema["schema"]), "strict": True}
    if schema.get("description"):
        wanted["description"] = schema["description"]
    return {"response_format": {"type": "json_schema", "json_schema": wanted}}


def _additional(fields: Json) -> Json:
    if "inferenceConfig" in fields:
        raise InexpressibleError("a nested inferenceConfig")
    request = dict(fields)
    effort = request.pop("output_config", {}).get("effort")
    if effort:
        request.pop("thinking", None)
    if isinstance(request.get("reasoning_config"), str):
        effort = request.pop("reasoning_config")
    return {**request, "reasoning_effort": effort} if effort else request


# -- answers -------------------------------------------------------------------------------------------------------------

_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
}


def true_answer(exchange: Json) -> Json:
    """What the client should see, read off the recorded answer with botocore's own decoder."""
    if "response_b64" in exchange:
        blocks, stop, usage = _streamed(base64.b64decode(exchange["response_b64"]))
    else:
        answer = exchange["response"]
        blocks, stop, usage = answer["output"]["message"]["content"], answer["stopReason"], answer["usage"]
    text, thoughts, calls = "", "", []
    for block in blocks:
        text += block.get("text", "")
        text += "".join(part["text"] for part in block.get("citationsContent", {}).get("content", []))
        thoughts += block.get("reasoningContent", {}).get("reasoningText", {}).get("text", "")
        tool = block.get("toolUse")
        if tool and tool.get("type") != "server_tool_use":
            calls.append((tool["toolUseId"], tool["name"], tool["input"]))
    finish = _FINISH[stop]
    if finish in ("stop", "tool_calls"):
        finish = "tool_calls" if calls else "stop"
    read, written = usage.get("cacheReadInputTokens", 0), usage.get("cacheWriteInputTokens", 0)
    counted = (usage["inputTokens"] + read + written, usage["outputTokens"], read)
    return {"text": text, "thoughts": thoughts, "calls": calls, "finish": finish, "usage": counted}


def _streamed(data: bytes) -> tuple[list[Json], str, Json]:
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    blocks: dict[int, Json] = {}
    stop, usage = "", {}
    message: Any
    for message in buffer:
        name, payload = message.headers[":event-type"], json.loads(message.payload)
        if name == "contentBlockStart" and "toolUse" in payload["start"]:
            blocks[payload["contentBlockIndex"]] = {"toolUse": {**payload["start"]["toolUse"], "input": ""}}
        elif name == "contentBlockDelta":
            _add(blocks.setdefault(payload["contentBlockIndex"], {}), payload["delta"])
        elif name == "messageStop":
            stop = payload["stopReason"]
        elif name == "metadata":
            usage = payload["usage"]
    found = [blocks[index] for index in sorted(blocks)]
    for block in found:
        if tool := block.get("toolUse"):
            tool["input"] = json.loads(tool["input"] or "{}")
    return found, stop, usage


def _add(block: Json, delta: Json) -> None:
    if "text" in delta:
        block["text"] = block.get("text", "") + delta["text"]
    elif "toolUse" in delta and "toolUse" in block:
        block["toolUse"]["input"] += delta["toolUse"]["input"]
    elif "text" in delta.get("reasoningContent", {}):
        text = block.setdefault("reasoningContent", {}).setdefault("reasoningText", {"text": ""})
        text["text"] += delta["reasoningContent"]["text"]


def seen_answer(body: Json) -> Json:
    """The same, of an OpenAI answer."""
    message, usage = body["choices"][0]["message"], body["usage"]
    calls = [
        (c["id"], c["function"]["name"], json.loads(c["function"]["arguments"]))
        for c in message.get("tool_calls") or []
    ]
    return {
        "text": message.get("content") or "",
        "thoughts": message.get("reasoning_content") or "",
        "calls": calls,
        "finish": body["choices"][0]["finish_reason"],
        "usage": (
            usage["prompt_tokens"],
            usage["completion_tokens"],
            (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0,
        ),
    }


# -- bodies --------------------------------------------------------------------------------------------------------------


def essence(body: Json) -> Json:
    """A Converse body as far as it matters: turns merged, blank text left out, words that mean the default left out."""
    turns: list[tuple[str, list[Any]]] = []
    for turn in body.get("messages", []):
        blocks = [kept for block in turn["content"] if (kept := _essential(block)) != ("text", "")]
        if turns and turns[-1][0] == turn["role"]:
            turns[-1][1].extend(blocks)
        else:
            turns.append((turn["role"], blocks))
    config = body.get("toolConfig") or {}
    choice = config.get("toolChoice")
    text_format = (body.get("outputConfig") or {}).get("textFormat")
    return {
        "messages": turns,
        "system": [("text", b["text"].strip()) if "text" in b else tuple(b) for b in body.get("system") or []],
        "tools": [_essential_tool(tool) for tool in config.get("tools") or []],
        "choice": None if choice == {"auto": {}} else choice,
        "inference": body.get("inferenceConfig") or {},
        "output": text_format and json.loads(text_format["structure"]["jsonSchema"]["schema"]),
        "additional": body.get("additionalModelRequestFields") or {},
    }


def _essential(block: Json) -> tuple[Any, ...]:
    kind, value = next(iter(block.items()))
    if kind == "text":
        return kind, value.strip()
    if kind == "toolUse":
        return kind, value["toolUseId"], value["name"], value["input"]
    if kind == "toolResult":
        return kind, value["toolUseId"], [_essential_result(part) for part in value["content"]]
    if kind in ("image", "document"):
        return kind, value["format"], value["source"].get("bytes")
    if kind == "reasoningContent":
        return kind, value.get("reasoningText", {}).get("signature"), value.get("redactedContent")
    return (kind,)


def _essential_result(part: Json) -> Any:
    return json.dumps(part["json"]) if "json" in part else part.get("text", sorted(part))


def _essential_tool(tool: Json) -> Any:
    if "toolSpec" not in tool:
        return tuple(tool)
    spec = tool["toolSpec"]
    schema = {name: value for name, value in spec["inputSchema"]["json"].items() if name != "$schema"}
    return spec["name"], schema, bool(spec.get("strict"))
