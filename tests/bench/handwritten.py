"""The baseline of the transform: one function each way, written by hand for one model, dictionaries to dictionaries.

It has the duties that the measured cases exercise (types checked with the parameter's name, blank text left out, turns merged,
every call answered once, unknown fields passed on), and none of the others: no other family, no plugins, no notes.
"""

import json
import re
import time
import uuid
from typing import Any

Json = dict[str, Any]

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_FINISH = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls"}
_KNOWN = {
    "model",
    "messages",
    "tools",
    "tool_choice",
    "thinking",
    "max_tokens",
    "temperature",
    "top_p",
    "stop",
    "stream",
}


def to_converse(request: Json) -> Json:
    """The Converse body of a chat request."""
    messages = request.get("messages")
    if not isinstance(messages, list) or not messages:
        raise ValueError("messages")
    system: list[Json] = []
    turns: list[Json] = []
    open_calls: dict[str, None] = {}
    for index, message in enumerate(messages):
        role = message.get("role")
        if role in ("system", "developer"):
            system += _blocks(message, index)
            continue
        if role == "tool":
            id_ = message.get("tool_call_id")
            if id_ not in open_calls:
                raise ValueError(f"messages[{index}].tool_call_id")
            del open_calls[id_]
            blocks = [{"toolResult": {"toolUseId": id_, "content": _blocks(message, index) or [{"text": "."}]}}]
            role = "user"
        elif role == "assistant":
            blocks = _blocks(message, index)
            for call in message.get("tool_calls") or ():
                function = call["function"]
                arguments = json.loads(function["arguments"] or "{}")
                if not isinstance(arguments, dict) or not _NAME.fullmatch(function["name"]):
                    raise ValueError(f"messages[{index}].tool_calls")
                open_calls[call["id"]] = None
                blocks.append({"toolUse": {"toolUseId": call["id"], "name": function["name"], "input": arguments}})
        elif role == "user":
            blocks = _blocks(message, index)
        else:
            raise ValueError(f"messages[{index}].role")
        if blocks and turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": role, "content": blocks})
    if open_calls:
        raise ValueError("messages: a call without a result")
    body: Json = {"messages": turns}
    if system:
        body["system"] = system
    _configure(request, body)
    return body


def _blocks(message: Json, index: int) -> list[Json]:
    content = message.get("content")
    if content is None:
        return []
    if isinstance(content, str):
        return [{"text": content}] if content and not content.isspace() else []
    if not isinstance(content, list):
        raise ValueError(f"messages[{index}].content")
    blocks = []
    for number, part in enumerate(content):
        if part.get("type") != "text" or not isinstance(part.get("text"), str):
            raise ValueError(f"messages[{index}].content[{number}]")
        if part["text"] and not part["text"].isspace():
            blocks.append({"text": part["text"]})
    return blocks


def _configure(request: Json, body: Json) -> None:
    config: Json = {}
    for name, theirs, kind in (
        ("max_tokens", "maxTokens", int),
        ("temperature", "temperature", (int, float)),
        ("top_p", "topP", (int, float)),
    ):
        value = request.get(name)
        if value is not None:
            if isinstance(value, bool) or not isinstance(value, kind):
                raise ValueError(name)
            config[theirs] = value
    if stop := request.get("stop"):
        config["stopSequences"] = [stop] if isinstance(stop, str) else stop
    if config:
        body["inferenceConfig"] = config
    if tools := request.get("tools"):
        body["toolConfig"] = {"tools": [_tool(tool) for tool in tools]}
        choice = request.get("tool_choice")
        if choice == "required":
            body["toolConfig"]["toolChoice"] = {"any": {}}
        elif isinstance(choice, dict):
            body["toolConfig"]["toolChoice"] = {"tool": {"name": choice["function"]["name"]}}
    more = {name: value for name, value in request.items() if name not in _KNOWN}
    if thinking := request.get("thinking"):
        more["thinking"] = thinking
        body["additionalModelResponseFieldPaths"] = ["/usage/output_tokens_details"]
    if more:
        body["additionalModelRequestFields"] = more


def _tool(tool: Json) -> Json:
    function = tool["function"]
    name, schema = function["name"], function.get("parameters") or {"type": "object", "properties": {}}
    if not _NAME.fullmatch(name) or not isinstance(schema, dict) or schema.get("type") != "object":
        raise ValueError("tools")
    return {
        "toolSpec": {"name": name, "description": function.get("description") or name, "inputSchema": {"json": schema}}
    }


def to_openai(answer: Json, model: str) -> Json:
    """The `chat.completion` of a Converse answer."""
    text, calls, thinking = "", [], []
    for block in answer["output"]["message"]["content"]:
        if "text" in block:
            text += block["text"]
        elif tool := block.get("toolUse"):
            function = {"name": tool["name"], "arguments": json.dumps(tool["input"], separators=(",", ":"))}
            calls.append({"id": tool["toolUseId"], "type": "function", "function": function})
        elif reasoning := block.get("reasoningContent"):
            thinking.append(reasoning["reasoningText"]["text"])
    message: Json = {"role": "assistant", "content": text, "refusal": None}
    if calls:
        message["tool_calls"] = calls
    if thinking:
        message["reasoning_content"] = "".join(thinking)
    usage = answer["usage"]
    cached, written = usage.get("cacheReadInputTokens") or 0, usage.get("cacheWriteInputTokens") or 0
    prompt, completion = usage["inputTokens"] + cached + written, usage["outputTokens"]
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": _FINISH[answer["stopReason"]]}],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": cached},
        },
        "bedrock": {"stop_reason": answer["stopReason"], "metrics": answer.get("metrics")},
    }
