"""`tool_choice`, `function_call` and `parallel_tool_calls`: what the client wants, and how the family is told.

Converse has no "none"; which of auto, any and tool a family takes is its profile's `tools.choice`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from bedrock_adapter import Call
from bedrock_adapter.types import Json

from .definitions import NAME, Definition
from .reading import a_list, a_name, an_object, invalid
from .toolbox import Toolbox

_WORDS = {"none": "none", "auto": "auto", "required": "required", "any": "required"}
_NATIVE = {"auto": "auto", "required": "any", "named": "tool"}


@dataclass(frozen=True, slots=True)
class Choice:
    """What the client wants.

    Attributes:
        mode: `auto`, `none`, `required` or `named`.
        tools: client names of the tools that may be called; None: all. One for `named`.
        param: the request field that says so.
    """

    mode: str = "auto"
    tools: tuple[str, ...] | None = None
    param: str = "tool_choice"


def read(call: Call, box: Toolbox) -> Choice:
    """The client's choice.

    Raises:
        RequestError: it is malformed, or names a tool that the request does not define.
    """
    param = "tool_choice" if call.request.get("tool_choice") is not None else "function_call"
    value = call.request.get(param)
    choice = Choice() if value is None else _choice(value, param)
    if not box.definitions:
        if choice.mode in ("required", "named"):
            call.note(param, "dropped", "the request has no tools", NAME)
        return Choice(param=param)
    for name in choice.tools or ():
        if name not in box.definitions:
            raise invalid(param, f"names {name!r}, which is none of the request's tools", "invalid_value")
    return choice


def _choice(value: Any, param: str) -> Choice:
    if isinstance(value, str):
        if value not in _WORDS:
            raise invalid(param, f"is {value!r}; supported are none, auto, required, or an object", "invalid_value")
        return Choice(_WORDS[value], param=param)
    kind = an_object(value, param).get("type")
    if param == "function_call" or (kind is None and "name" in value):
        return Choice("named", (a_name(value.get("name"), f"{param}.name"),), param)
    if kind == "allowed_tools":
        return _allowed(
            an_object(value.get("allowed_tools", value), f"{param}.allowed_tools"), f"{param}.allowed_tools"
        )
    if kind in ("function", "custom"):
        return Choice("named", (_tool_name(value, kind, param),), param)
    if isinstance(kind, str) and kind in _WORDS:
        return Choice(_WORDS[kind], param=param)
    raise invalid(f"{param}.type", f"is {kind!r}; supported are function, custom and allowed_tools", "invalid_value")


def _tool_name(value: Any, kind: str, path: str) -> str:
    inner = value.get(kind, value)
    return a_name(an_object(inner, f"{path}.{kind}").get("name"), f"{path}.{kind}.name")


def _allowed(value: Any, path: str) -> Choice:
    mode = value.get("mode", "auto")
    if mode not in ("auto", "required"):
        raise invalid(f"{path}.mode", f"is {mode!r}; supported are auto and required", "invalid_value")
    names = []
    for index, tool in enumerate(a_list(value.get("tools"), f"{path}.tools")):
        kind = an_object(tool, where := f"{path}.tools[{index}]").get("type", "function")
        if kind not in ("function", "custom"):
            raise invalid(f"{where}.type", f"is {kind!r}; supported are function and custom", "invalid_value")
        names.append(_tool_name(tool, kind, where))
    if not names:
        raise invalid(f"{path}.tools", "must not be empty", "invalid_value")
    return Choice(mode, tuple(dict.fromkeys(names)))


def offered(box: Toolbox, choice: Choice, kinds: Collection[str]) -> list[Definition]:
    """The tools that the model gets to see: fewer where a choice is better said so than not at all."""
    definitions = list(box.definitions.values())
    if choice.tools is None or (choice.mode == "named" and "tool" in kinds):
        return definitions
    return [each for each in definitions if each.name in choice.tools]


def apply(call: Call, config: Json, choice: Choice, kinds: Collection[str]) -> None:
    """Set toolChoice by what the family takes; where it cannot be forced, ask for it in words.

    Args:
        config: the toolConfig, its tools those of `offered`.
        kinds: toolChoice kinds that may be sent.
    """
    if choice.mode == "auto":
        return
    names = [tool["toolSpec"]["name"] for tool in config["tools"] if "toolSpec" in tool]
    wanted = _NATIVE[choice.mode]
    if wanted not in kinds:
        wanted = "any" if wanted == "tool" else "tool" if len(names) == 1 else wanted
    if wanted in kinds:
        name = call.state[NAME].names.to_wire(choice.tools[0]) if choice.mode == "named" and choice.tools else names[0]
        config["toolChoice"] = {wanted: {"name": name} if wanted == "tool" else {}}
        return
    call.note(choice.param, "changed", "the model cannot be forced to call a tool; it was asked to", NAME)
    which = f"the tool {names[0]}" if len(names) == 1 else "one of the tools"
    instruct(call, f"Answer by calling {which}, not with text.")


def parallel(call: Call, config: Json, box: Toolbox) -> None:
    """`parallel_tool_calls: false`, by the switch that some families have; without tools it means nothing."""
    wanted = call.request.get("parallel_tool_calls")
    if wanted is not None and not isinstance(wanted, bool):
        raise invalid("parallel_tool_calls", "must be true or false")
    if wanted is not False and not box.legacy:  # a function_call answer has room for one call
        return
    if not call.route.profile.tools.parallel_switch:
        if wanted is False:
            call.note("parallel_tool_calls", "ignored", "the model has no switch for parallel calls", NAME)
        return
    # Both places at once are refused, so the whole choice moves to the family's own field.
    native: Json = {"type": "auto"}
    for kind, member in config.pop("toolChoice", {}).items():
        native = {"type": kind, **member}
    native["disable_parallel_tool_use"] = True
    call.body.setdefault("additionalModelRequestFields", {})["tool_choice"] = native


def force(call: Call, kind: str, name: str) -> None:
    """Make the next answer a call: `kind` is `any`, or `tool` with its wire name; said where the choice stands already."""
    fields = call.body.get("additionalModelRequestFields", {})
    native = fields.get("tool_choice")
    if native is not None and native.get("type") != "none":
        fields["tool_choice"] = {**native, "type": kind, **({"name": name} if kind == "tool" else {})}
        return
    if native is not None:
        del fields["tool_choice"]
        if not fields:
            del call.body["additionalModelRequestFields"]
    call.body["toolConfig"]["toolChoice"] = {kind: {"name": name} if kind == "tool" else {}}


def instruct(call: Call, text: str) -> None:
    """Add an instruction: to the system prompt, or to the last user turn of a model that takes none."""
    if call.route.profile.conversation.system:
        call.body.setdefault("system", []).append({"text": text})
        return
    block = {"text": f"<system>\n{text}\n</system>"}
    turns = call.body.setdefault("messages", [])
    if turns and turns[-1]["role"] == "user":
        turns[-1]["content"].append(block)
    else:
        turns.append({"role": "user", "content": [block]})
