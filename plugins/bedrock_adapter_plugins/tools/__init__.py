"""Tool use: definitions, choice, history and answers, by what the family takes.

Sources: Amazon Bedrock API reference (ToolConfiguration, ToolUseBlock, ToolResultBlock) and the refusals that Bedrock is known
to give; OpenAI's `chat.completions` types.
"""

import re

from bedrock_adapter import AdapterError, Call, Converter, Route, Stage, Step, StreamStep, hookimpl
from bedrock_adapter.routes import Recovery
from bedrock_adapter.types import Json

from . import calls, choice, results, turns
from .answers import open_answers
from .definitions import NAME, Definition, remembered
from .history import Pairing
from .toolbox import Toolbox, toolbox

_HANDLES = frozenset({"tools", "tool_choice", "parallel_tool_calls", "functions", "function_call"})
_CHOICE_REFUSED = re.compile(r"toolConfig\.toolChoice|\btool_choice\b")
_STREAM_REFUSED = "tool use in streaming mode"
_STRICT_REFUSED = re.compile(r"\bstrict\b|grammar is too large|schema is too complex", re.IGNORECASE)


@hookimpl
def bedrock_content_converters(route: Route) -> list[Converter]:
    return [
        Converter("role", "tool", results.tool),
        Converter("role", "function", results.function),
        Converter("field", "tool_calls", calls.tool_calls),
        Converter("field", "function_call", calls.function_call),
    ]


@hookimpl
def bedrock_transform_request(route: Route) -> Step:
    return Step(Stage.TOOLS, configure, name="tools", handles=_HANDLES)


@hookimpl
def bedrock_transform_stream(route: Route) -> StreamStep:
    return StreamStep(Stage.TOOLS, open_answers)


def configure(call: Call) -> None:
    """Repair the history, then say which tools there are and how they may be called."""
    history = turns.has_tools(call.body["messages"])
    if not history and call.request.keys().isdisjoint(_HANDLES) and NAME not in call.state:
        return  # most requests have no tools
    box = toolbox(call)
    tools = call.route.profile.tools
    wanted = choice.read(call, box)
    box.mode = wanted.mode
    unwanted = wanted.mode == "none" and bool(box.definitions)
    if history and (not tools.supported or (unwanted and not tools.no_choice_field)):
        reason = "the model must not call tools" if unwanted else "the model does not support tool use"
        call.repair("messages", "changed", f"{reason}; calls and results of the history were told as text", NAME)
        call.body["messages"] = turns.flattened(call.body["messages"])
        return
    if history:
        call.body["messages"] = turns.fitted(call, Pairing(call, call.body["messages"]).turns)
    if unwanted and not history:
        return
    if box.definitions or history:
        _config(call, box, wanted)


def _config(call: Call, box: Toolbox, wanted: choice.Choice) -> None:
    tools = call.route.profile.tools
    none = wanted.mode == "none" or not box.definitions
    if not box.definitions:
        call.repair(
            "tools",
            "added",
            "the history has tool calls, which Bedrock takes only with tools; stand-ins were added",
            NAME,
        )
    shown = choice.offered(box, wanted, tools.choice) if box.definitions else remembered(box.names, box.used)
    if not shown:  # results without any call, turned into text
        return
    config: Json = {"tools": [block for each in shown for block in _blocks(call, each)]}
    call.body["toolConfig"] = config
    if not none:
        choice.apply(call, config, wanted, tools.choice)
        choice.parallel(call, config, box)
    elif tools.no_choice_field:
        call.body.setdefault("additionalModelRequestFields", {})["tool_choice"] = {"type": "none"}
    if not tools.streaming:
        call.unary = True


def _blocks(call: Call, definition: Definition) -> list[Json]:
    spec: Json = {"toolSpec": definition.spec}
    if definition.source is None:
        return [spec]
    marks = results.marked(call, definition.source, definition.path.removesuffix(".function").removesuffix(".custom"))
    return [spec, *marks]


@hookimpl
def bedrock_recover(error: AdapterError, call: Call) -> Recovery | None:
    """Without the choice, the stream or `strict`, where the model has refused it."""
    if error.status != 400 or "toolConfig" not in call.body:
        return None
    if _STREAM_REFUSED in error.message and not call.unary:
        return _unary
    if _CHOICE_REFUSED.search(error.message) or "forces tool use" in error.message:
        return _without_choice if _choices(call) else None
    specs = [tool["toolSpec"] for tool in call.body["toolConfig"]["tools"] if "toolSpec" in tool]
    if _STRICT_REFUSED.search(error.message) and any("strict" in spec for spec in specs):
        return _without_strict
    return None


def _choices(call: Call) -> bool:
    return "toolChoice" in call.body["toolConfig"] or "tool_choice" in call.body.get("additionalModelRequestFields", {})


def _unary(call: Call) -> None:
    call.unary = True
    call.repair(
        "stream", "changed", "the model cannot stream tool use; the stream is made of one complete answer", NAME
    )


def _without_choice(call: Call) -> None:
    call.note("tool_choice", "dropped", "the model refused it", NAME)
    call.body["toolConfig"].pop("toolChoice", None)
    call.body.get("additionalModelRequestFields", {}).pop("tool_choice", None)


def _without_strict(call: Call) -> None:
    call.note("tools", "changed", "the model refused to constrain arguments; strict was dropped", NAME)
    config = call.body["toolConfig"]
    config["tools"] = [
        {"toolSpec": {name: value for name, value in tool["toolSpec"].items() if name != "strict"}}
        if "toolSpec" in tool
        else tool
        for tool in config["tools"]
    ]
