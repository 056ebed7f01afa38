"""`response_format`: natively where the model constrains its answer, else by a tool, else in words.

Sources: Amazon Bedrock API reference, `OutputConfig`; OpenAI's `ResponseFormatJSONSchema`. Which models take `outputConfig` is
disputed between sources, so that a refusal is mended once and remembered by the route.
"""

import re

from bedrock_adapter import AdapterError, Call, Route, Stage, Step, StreamStep, hookimpl
from bedrock_adapter.routes import Recovery

from .answers import open_answers
from .formats import read
from .methods import NAME, Learned, Output, ask_for_tool, choose, otherwise

_REFUSED = re.compile(r"output_?config|(?:^|errors: )Extra inputs are not permitted", re.IGNORECASE)
_OF_THE_SCHEMA = re.compile(r"format\.schema|schema is too complex|grammar is too large", re.IGNORECASE)
_CHOICE_REFUSED = re.compile(r"toolConfig\.toolChoice|\btool_choice\b")


@hookimpl
def bedrock_transform_request(route: Route) -> Step:
    learned = Learned(route.profile.output.json_schema)

    def structured(call: Call) -> None:
        form = read(call)
        if form is not None:
            output = call.state[NAME] = Output(form, learned)
            choose(call, output)

    # After thinking has been decided: a forced call and thinking exclude each other on some models.
    return Step(Stage.FAMILY, structured, handles=frozenset({"response_format"}))


@hookimpl
def bedrock_transform_stream(route: Route) -> StreamStep:
    # By name before the tools' own step, so that it sees the names of the wire.
    return StreamStep(Stage.TOOLS, open_answers)


@hookimpl(tryfirst=True)
def bedrock_recover(error: AdapterError, call: Call) -> Recovery | None:
    """The next way, where the model has refused `outputConfig`, its schema, or the forced tool."""
    output = call.state.get(NAME)
    if error.status != 400 or not isinstance(output, Output):
        return None
    if output.method == "native":
        if _OF_THE_SCHEMA.search(error.message):  # another schema may pass
            return lambda call: _give_up_native(call, output)
        if _REFUSED.search(error.message):
            output.learned.native = False
            return lambda call: _give_up_native(call, output)
    elif output.method == "tool" and _CHOICE_REFUSED.search(error.message) and "toolConfig" in call.body:
        return lambda call: _give_up_forcing(call, output)
    return None


def _give_up_native(call: Call, output: Output) -> None:
    config = call.body["outputConfig"]
    del config["textFormat"]
    if not config:
        del call.body["outputConfig"]
    call.repair("response_format", "changed", "the model has refused outputConfig", NAME)
    output.wrapped = False
    otherwise(call, output)


def _give_up_forcing(call: Call, output: Output) -> None:
    call.body["toolConfig"].pop("toolChoice", None)
    call.body.get("additionalModelRequestFields", {}).pop("tool_choice", None)
    call.repair("response_format", "changed", "the model has refused a forced call; it was asked for one", NAME)
    ask_for_tool(call, output)
