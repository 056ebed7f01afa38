"""Three ways to a structured answer, the first that the model has: its own constraint, a tool, words."""

import json
from dataclasses import dataclass

from bedrock_adapter import Call
from bedrock_adapter.types import Json
from bedrock_adapter_plugins.tools import choice
from bedrock_adapter_plugins.tools.constrained import NotConstrainable, constrain
from bedrock_adapter_plugins.tools.schemas import rewrite
from bedrock_adapter_plugins.tools.toolbox import toolbox

from .formats import Format

NAME = "structured_output"
_TOOL = "json_response"


@dataclass(slots=True)
class Learned:
    """What one route's model has taught: `native`, whether it takes `outputConfig`."""

    native: bool


@dataclass(slots=True)
class Output:
    """How one request is served.

    Attributes:
        format: what is wanted.
        learned: shared by the requests of a route.
        method: `native`, `tool`, `words`, or "" where nothing was done.
        wrapped: the answer arrives as `{"value": …}`.
        tool: wire name of the tool whose arguments are the answer.
    """

    format: Format
    learned: Learned
    method: str = ""
    wrapped: bool = False
    tool: str = ""


def choose(call: Call, output: Output) -> None:
    """Encode the format by the best way."""
    if output.format.schema is None:
        in_words(call, output)
    elif not (output.learned.native and natively(call, output)):
        otherwise(call, output)


def otherwise(call: Call, output: Output) -> None:
    """Without the model's own constraint."""
    if not by_tool(call, output):
        in_words(call, output)


def natively(call: Call, output: Output) -> bool:
    """By `outputConfig.textFormat`; False where the schema is outside its subset, or citations rule it out."""
    assert output.format.schema is not None  # `choose` asks only then
    if _cites(call.body):
        call.repair("response_format", "changed", "Bedrock constrains no answer with citations", NAME)
        return False
    done = rewrite(output.format.schema, ("object_root",))
    try:
        schema, moved = constrain(done.schema)
    except NotConstrainable as reason:
        call.repair("response_format", "changed", f"the model cannot be constrained: {reason}", NAME)
        return False
    if moved:
        call.repair(
            "response_format", "changed", "limits that Bedrock does not enforce are moved to descriptions", NAME
        )
    described = {"description": output.format.description} if output.format.description else {}
    structure = {"name": output.format.name, **described, "schema": json.dumps(schema, ensure_ascii=False)}
    call.body.setdefault("outputConfig", {})["textFormat"] = {
        "type": "json_schema",
        "structure": {"jsonSchema": structure},
    }
    output.method, output.wrapped = "native", done.wrapped
    return True


def _cites(body: Json) -> bool:
    return any(
        ((block.get("document") or {}).get("citations") or {}).get("enabled")
        for turn in body.get("messages", ())
        for block in turn["content"]
    )


def by_tool(call: Call, output: Output) -> bool:
    """By a tool whose arguments are the answer, forced as far as the family and the client's own tools allow."""
    assert output.format.schema is not None  # as above
    tools = call.route.profile.tools
    if not tools.supported or "tools" not in call.route.handled:
        return False
    box = toolbox(call)
    own = bool(box.definitions)
    if own and box.mode in ("required", "named"):
        return True  # the answer is to be one of the client's calls
    forbidden = own and box.mode == "none"
    others = [tool for tool in call.body.get("toolConfig", {}).get("tools", ()) if "toolSpec" in tool]
    kind = _forced(call, others=bool(others), own=own and not forbidden)
    if kind is None and (forbidden or (others and not own)):
        return False  # a choice of none cannot be lifted without calls that nobody wants
    done = rewrite(output.format.schema, tools.schema)
    output.method, output.wrapped = "tool", done.wrapped
    output.tool = output.tool or box.names.reserve(_TOOL)
    said = [output.format.description or "The final answer to the user.", *done.remarks]
    spec = {"name": output.tool, "description": "\n\n".join(said), "inputSchema": {"json": done.schema}}
    call.body.setdefault("toolConfig", {"tools": []})["tools"].append({"toolSpec": spec})
    if kind is None:
        ask_for_tool(call, output)
    else:
        choice.force(call, kind, output.tool)
    call.unary = call.unary or not tools.streaming
    call.repair(
        "response_format", "changed", "the answer is taken from the arguments of a tool of the adapter's own", NAME
    )
    return True


def _forced(call: Call, *, others: bool, own: bool) -> str | None:
    """The toolChoice kind that makes the model answer; None where it must be asked for."""
    kinds = () if _thinks(call) else call.route.profile.tools.choice
    if own:
        return "any" if "any" in kinds else None
    if "tool" in kinds:
        return "tool"
    return "any" if "any" in kinds and not others else None


def ask_for_tool(call: Call, output: Output) -> None:
    """Words where the tool cannot be forced."""
    choice.instruct(call, f"Give your final answer by calling the tool {output.tool}, never as text.")


def _thinks(call: Call) -> bool:
    """Whether thinking is on and rules forced calls out. Budgets do so on every model."""
    fields = call.body.get("additionalModelRequestFields", {})
    for name in ("thinking", "reasoning_config", "reasoningConfig", "reasoning", "reasoning_effort"):
        value = fields.get(name)
        said = value.get("type") or value.get("effort") if isinstance(value, dict) else value
        if isinstance(value, dict) and said == "enabled" and "budget_tokens" in value:
            return True
        if said not in (None, "disabled", "none") and "forced_tools" in call.route.profile.reasoning.forbids:
            return True
    return False


def in_words(call: Call, output: Output) -> None:
    """By an instruction alone."""
    output.method = "words"
    form = output.format
    if form.schema is None:
        choice.instruct(call, "Answer with one JSON object only: no other text, no code fence.")
        return
    call.repair("response_format", "changed", "the model cannot be constrained; it was told the schema in words", NAME)
    about = f"{form.description}\n" if form.description else ""
    schema = json.dumps(form.schema, ensure_ascii=False)
    choice.instruct(
        call, f"Answer with JSON only that conforms to this JSON schema: no other text, no code fence.\n{about}{schema}"
    )
