"""Results in the history: messages of the roles `tool` and `function` to toolResult blocks."""

from collections.abc import Mapping
from typing import Any

from bedrock_adapter import Call
from bedrock_adapter.types import OBJECT, Json

from .reading import a_name, a_string, invalid
from .toolbox import toolbox

NOTHING = "(no output)"
FAILED = "The tool call failed:"


def tool(call: Call, message: Mapping[str, Any], path: str) -> list[Json]:
    """The toolResult block of a `tool` message, and the cache points of its parts after it."""
    id_ = a_string(message.get("tool_call_id"), f"{path}.tool_call_id")
    return _result(call, toolbox(call).ids.to_wire(id_), message, path)


def function(call: Call, message: Mapping[str, Any], path: str) -> list[Json]:
    """The toolResult block of a deprecated `function` message."""
    name = a_name(message.get("name"), f"{path}.name")
    return _result(call, toolbox(call).answered_function(name), message, path)


def _result(call: Call, wire_id: str, message: Mapping[str, Any], path: str) -> list[Json]:
    content, marks = _content(call, message.get("content"), f"{path}.content")
    content = content or [{"text": NOTHING}]
    result: Json = {"toolUseId": wire_id, "content": content}
    if message.get("is_error") is True or message.get("status") == "error":
        if call.route.profile.tools.result_status:
            result["status"] = "error"
        else:
            result["content"] = [{"text": FAILED}, *content]
    return [{"toolResult": result}, *marks]


def _content(call: Call, content: Any, path: str) -> tuple[list[Json], list[Json]]:
    """Blocks of the result, and cache points, which Converse takes only after it."""
    if content is None:
        return [], []
    if isinstance(content, str):
        return ([{"text": content}] if content and not content.isspace() else []), []
    if not isinstance(content, list):
        raise invalid(path, "must be a string or a list of parts")
    blocks: list[Json] = []
    marks: list[Json] = []
    for index, part in enumerate(content):
        made, marked = _part(call, part, f"{path}[{index}]")
        blocks += made
        marks += marked
    return blocks, marks


def _part(call: Call, part: Any, path: str) -> tuple[list[Json], list[Json]]:
    if isinstance(part, str):
        part = {"type": "text", "text": part}
    if not isinstance(part, OBJECT):
        raise invalid(path, "must be an object")
    kind = part.get("type")
    converter = call.route.converters.get(("part", kind)) if isinstance(kind, str) else None
    if converter is None:
        known = ", ".join(sorted(name for kind, name in call.route.converters if kind == "part"))
        raise invalid(f"{path}.type", f"is {kind!r}; supported are {known}", "invalid_value")
    return [block for block in converter.convert(call, part, path) if not _blank(block)], marked(call, part, path)


def _blank(block: Json) -> bool:
    text = block.get("text")
    return isinstance(text, str) and (not text or text.isspace())


def marked(call: Call, item: Mapping[str, Any], path: str) -> list[Json]:
    """The cache points that the marks of an object (`cache_control`) ask for after it."""
    return [
        block
        for converter in call.route.marks
        if item.get(converter.name) is not None
        for block in converter.convert(call, item[converter.name], f"{path}.{converter.name}")
    ]
