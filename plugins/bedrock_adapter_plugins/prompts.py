"""Prompts of Bedrock's prompt management: `prompt_variables`, and what a prompt's ARN forbids.

Source: Converse in the Amazon Bedrock API reference: with a prompt as model, `additionalModelRequestFields`, `inferenceConfig`,
`system` and `toolConfig` must be absent; without one, `promptVariables` is ignored.
"""

from typing import Any

from bedrock_adapter import Call, RequestError, Route, Stage, Step, UnsupportedFeatureError, hookimpl
from bedrock_adapter.types import OBJECT, Json

NAME = "prompts"
_FIELD = "prompt_variables"


@hookimpl
def bedrock_transform_request(route: Route) -> list[Step]:
    stored = route.model.kind == "prompt"
    steps = [Step(Stage.POLICY, variables if stored else no_prompt, handles=frozenset({_FIELD}))]
    return [*steps, Step(Stage.FINAL, only_messages)] if stored else steps


def variables(call: Call) -> None:
    """`promptVariables` from `{"name": "text"}` or Bedrock's own `{"name": {"text": "text"}}`."""
    if values := _values(call.request.get(_FIELD)):
        call.body["promptVariables"] = values


def no_prompt(call: Call) -> None:
    if _values(call.request.get(_FIELD)):
        call.note(_FIELD, "ignored", "the model is no prompt of prompt management, so nothing takes variables", NAME)


def _values(given: Any) -> Json:
    if given is None:
        return {}
    if not isinstance(given, OBJECT):
        raise RequestError(f"{_FIELD} must be an object", param=_FIELD, code="invalid_type")
    values: Json = {}
    for name, value in given.items():
        text = value.get("text") if isinstance(value, OBJECT) else value
        if isinstance(text, int | float) and not isinstance(text, bool):
            text = str(text)
        if not isinstance(text, str):
            raise RequestError(f"{_FIELD}.{name} must be a string", param=f"{_FIELD}.{name}", code="invalid_type")
        values[str(name)] = {"text": text}
    return values


def only_messages(call: Call) -> None:
    """The prompt brings its own instructions, tools and settings."""
    body = call.body
    if body.get("system"):
        raise UnsupportedFeatureError(
            "messages: a stored prompt takes no system message; it holds its own", param="messages"
        )
    if body.get("toolConfig"):
        raise UnsupportedFeatureError("tools: a stored prompt takes no tools; it holds its own", param="tools")
    body.pop("system", None)
    for member in ("inferenceConfig", "additionalModelRequestFields"):
        if given := body.pop(member, None):
            call.note(member, "dropped", f"a stored prompt holds its own settings: {', '.join(given)}", NAME)
