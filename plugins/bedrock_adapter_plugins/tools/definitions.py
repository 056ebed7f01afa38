"""`tools` and `functions` to toolSpecs. Custom tools become functions of one string, since Converse has none."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bedrock_adapter import Call, RequestError
from bedrock_adapter.types import Json

from .constrained import NotConstrainable, constrain, limits_exceeded
from .names import Names
from .reading import a_list, a_name, an_object, invalid
from .schemas import Rewritten, rewrite

NAME = "tools"
_MEMBERS = frozenset({"name", "description", "parameters", "strict"})  # of OpenAI's FunctionDefinition
INPUT = "input"
"""The one property of a custom tool's arguments."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One tool of the request.

    Attributes:
        name: the client's name.
        kind: `function` or `custom`.
        spec: Converse's toolSpec.
        wrapped: arguments arrive as `{"value": …}` and are taken out.
        source: the client's object, for cache marks.
        path: where it stands, for errors and notes.
    """

    name: str
    kind: str
    spec: Json
    wrapped: bool = False
    source: Mapping[str, Any] | None = None
    path: str = ""


def read(call: Call, names: Names) -> list[Definition]:
    """The request's tools in order, equal ones once.

    Raises:
        RequestError: a definition is malformed, or two differing ones have one name.
    """
    found: dict[str, Definition] = {}
    for definition in _defined(call, names):
        before = found.get(definition.name)
        if before is None:
            found[definition.name] = definition
        elif before.spec == definition.spec and before.kind == definition.kind:
            call.repair(definition.path, "dropped", "the same tool stands before it", NAME)
        else:
            raise invalid(
                definition.path, f"and {before.path} are two tools named {definition.name!r}", "invalid_value"
            )
    return _affordable(call, list(found.values()))


def _defined(call: Call, names: Names) -> Iterator[Definition]:
    request = call.request
    if (tools := request.get("tools")) is not None:
        for index, tool in enumerate(a_list(tools, "tools")):
            yield _tool(call, names, tool, f"tools[{index}]")
    if (functions := request.get("functions")) is not None:
        for index, function in enumerate(a_list(functions, "functions")):
            path = f"functions[{index}]"
            yield _function(call, names, an_object(function, path), path, function)


def _tool(call: Call, names: Names, tool: Any, path: str) -> Definition:
    kind = an_object(tool, path).get("type", "function")
    if kind == "function":
        where = f"{path}.function"
        return _function(call, names, an_object(tool.get("function"), where), where, tool)
    if kind == "custom":
        where = f"{path}.custom"
        return _custom(names, an_object(tool.get("custom"), where), where, tool)
    raise invalid(f"{path}.type", f"is {kind!r}; supported are function and custom", "invalid_value")


def _function(
    call: Call, names: Names, function: Mapping[str, Any], path: str, source: Mapping[str, Any]
) -> Definition:
    name = a_name(function.get("name"), f"{path}.name")
    marks = {converter.name for converter in call.route.marks}
    for member in sorted(function.keys() - _MEMBERS - marks):
        call.repair(f"{path}.{member}", "ignored", "Bedrock takes no such member of a tool", NAME)
    parameters = function.get("parameters")
    schema = an_object(parameters, f"{path}.parameters") if parameters is not None else {}
    try:
        done = rewrite(schema or {"type": "object", "properties": {}}, call.route.profile.tools.schema)
    except RecursionError:
        raise invalid(f"{path}.parameters", "is nested too deeply", "invalid_value") from None
    for change in done.changes:
        call.repair(f"{path}.parameters", "changed", change, NAME)
    spec: Json = {"name": names.to_wire(name), "description": _description(function, done, name, path)}
    strict = _strict(call, function.get("strict"), done, f"{path}.strict")
    spec["inputSchema"] = {"json": done.schema}
    if strict:
        spec["strict"] = True
    return Definition(name, "function", spec, done.wrapped, source, path)


def _description(function: Mapping[str, Any], done: Rewritten, name: str, path: str) -> str:
    """The description with what the schema cannot say; families want one, so the name stands in for none."""
    text = function.get("description")
    if text is not None and not isinstance(text, str):
        raise invalid(f"{path}.description", "must be a string")
    said = text if text and not text.isspace() else ""
    remarks = [remark for remark in done.remarks if remark != said]
    return "\n\n".join(part for part in (said, *remarks) if part) or name


def _strict(call: Call, wanted: Any, done: Rewritten, path: str) -> bool:
    """Whether the arguments are constrained; closes the schema's objects if so."""
    if wanted is not None and not isinstance(wanted, bool):
        raise invalid(path, "must be true or false")
    if not wanted:
        return False
    if not call.route.profile.tools.strict:
        call.note(path, "dropped", "the model does not constrain arguments", NAME)
        return False
    try:
        done.schema, moved = constrain(done.schema)
    except NotConstrainable as reason:
        call.note(path, "dropped", f"arguments cannot be constrained: {reason}", NAME)
        return False
    if moved:
        call.repair(path, "changed", "limits that constrained arguments cannot have are moved to descriptions", NAME)
    return True


def _custom(names: Names, custom: Mapping[str, Any], path: str, source: Mapping[str, Any]) -> Definition:
    name = a_name(custom.get("name"), f"{path}.name")
    text = custom.get("description") or ""
    if not isinstance(text, str):
        raise invalid(f"{path}.description", "must be a string")
    schema = {
        "type": "object",
        "properties": {INPUT: {"type": "string"}},
        "required": [INPUT],
        "additionalProperties": False,
    }
    said = "\n\n".join(part for part in (text.strip(), _grammar(custom.get("format"), f"{path}.format")) if part)
    spec = {"name": names.to_wire(name), "description": said or name, "inputSchema": {"json": schema}}
    return Definition(name, "custom", spec, source=source, path=path)


def _grammar(form: Any, path: str) -> str:
    """A grammar in words: Bedrock cannot enforce one."""
    kind = an_object(form, path).get("type") if form is not None else "text"
    if kind == "text":
        return ""
    if kind != "grammar":
        raise invalid(f"{path}.type", f"is {kind!r}; supported are text and grammar", "invalid_value")
    grammar = an_object(form.get("grammar", form), f"{path}.grammar")
    syntax, definition = grammar.get("syntax", "lark"), grammar.get("definition")
    if not isinstance(definition, str) or not isinstance(syntax, str):
        raise invalid(f"{path}.grammar", "must have a syntax and a definition, both strings")
    return f"The input must conform to this grammar ({syntax}):\n{definition}"


def _affordable(call: Call, definitions: list[Definition]) -> list[Definition]:
    """Without `strict` where a request would have more of it than Bedrock compiles."""
    kept: list[Json] = []
    for definition in definitions:
        if not definition.spec.get("strict"):
            continue
        schema = definition.spec["inputSchema"]["json"]
        if reason := limits_exceeded([*kept, schema]):
            del definition.spec["strict"]
            call.note(f"{definition.path}.strict", "dropped", reason, NAME)
        else:
            kept.append(schema)
    return definitions


def remembered(names: Names, used: list[str]) -> list[Definition]:
    """Stand-ins for tools that the history calls and the request does not define."""
    text = "Used earlier in this conversation. It is not available any more: do not call it."
    schema = {"json": {"type": "object", "properties": {}}}
    return [
        Definition(name, "function", {"name": names.to_wire(name), "description": text, "inputSchema": schema})
        for name in dict.fromkeys(used)
    ]


def refuse_unsupported(definitions: list[Definition]) -> RequestError | None:
    """The error for tools given to a model that has no tool use."""
    if not definitions:
        return None
    param = definitions[0].path.partition("[")[0]
    return RequestError("the model does not support tool use", param=param, code="unsupported_parameter")
