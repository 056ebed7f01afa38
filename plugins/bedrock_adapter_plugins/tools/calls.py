"""Calls in the history: `tool_calls` and `function_call` of assistant messages to toolUse blocks."""

import json
from typing import Any

from bedrock_adapter import Call
from bedrock_adapter.types import OBJECT, Json

from .definitions import INPUT, NAME
from .peeling import MEMBER
from .reading import a_list, a_name, a_string, an_object, invalid
from .toolbox import toolbox


def tool_calls(call: Call, value: Any, path: str) -> list[Json]:
    """The toolUse blocks of `tool_calls`."""
    return [_tool_use(call, item, f"{path}[{index}]") for index, item in enumerate(a_list(value, path))]


def function_call(call: Call, value: Any, path: str) -> list[Json]:
    """The toolUse block of a deprecated `function_call`; a `function` message answers it."""
    function = an_object(value, path)
    name = a_name(function.get("name"), f"{path}.name")
    return [
        _block(
            call,
            toolbox(call).function_id(name),
            name,
            _input(call, name, function.get("arguments"), f"{path}.arguments"),
        )
    ]


def _tool_use(call: Call, item: Any, path: str) -> Json:
    kind = an_object(item, path).get("type") or "function"
    id_ = a_string(item.get("id"), f"{path}.id")
    if kind == "function":
        function = an_object(item.get("function"), f"{path}.function")
        name = a_name(function.get("name"), f"{path}.function.name")
        given = _input(call, name, function.get("arguments"), f"{path}.function.arguments")
    elif kind == "custom":
        custom = an_object(item.get("custom"), f"{path}.custom")
        name = a_name(custom.get("name"), f"{path}.custom.name")
        text = custom.get("input") or ""
        if not isinstance(text, str):
            raise invalid(f"{path}.custom.input", "must be a string")
        given = {INPUT: text}
    else:
        raise invalid(f"{path}.type", f"is {kind!r}; supported are function and custom", "invalid_value")
    return _block(call, toolbox(call).ids.to_wire(id_), name, given)


def _block(call: Call, wire_id: str, name: str, given: Json) -> Json:
    box = toolbox(call)
    box.used.append(name)
    return {"toolUse": {"toolUseId": wire_id, "name": box.names.to_wire(name), "input": given}}


def _input(call: Call, name: str, arguments: Any, path: str) -> Json:
    """Arguments as the object that Converse wants, whatever a client has kept of them."""
    value = _parsed(call, arguments, path)
    definition = toolbox(call).definitions.get(name)
    if definition is not None and definition.wrapped:
        return {MEMBER: value}
    return value if isinstance(value, dict) else {MEMBER: value}


def _parsed(call: Call, arguments: Any, path: str) -> Any:
    if arguments is None:
        return {}
    if isinstance(arguments, OBJECT):
        return dict(arguments)
    if not isinstance(arguments, str):
        raise invalid(path, "must be a string of JSON")
    if not arguments or arguments.isspace():
        return {}
    try:
        value = json.loads(arguments)  # orjson would make floats of long integers
        if isinstance(value, str) and value.lstrip().startswith("{"):
            value = json.loads(value)  # encoded twice
    except (ValueError, RecursionError):
        call.repair(path, "changed", "it is no valid JSON; the model sees it as text within an object", NAME)
        return {"_raw": arguments}
    return value
