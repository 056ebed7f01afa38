"""`web_search_options`: Nova's own grounding tool, on models that have it. Elsewhere the field is refused by `parameters`.

Source: Amazon Nova user guide, web grounding (`systemTool` named `nova_grounding`).
"""

from bedrock_adapter import Call, RequestError, Route, Stage, Step, hookimpl
from bedrock_adapter.types import OBJECT

NAME = "grounding"
_FIELD = "web_search_options"
_TOOL = {"systemTool": {"name": "nova_grounding"}}


@hookimpl
def bedrock_transform_request(route: Route) -> Step | None:
    return Step(Stage.FAMILY, web_search, handles=frozenset({_FIELD})) if route.profile.output.grounding else None


def web_search(call: Call) -> None:
    """The tool beside the client's own; the model decides when it searches."""
    options = call.request.get(_FIELD)
    if options is None:
        return
    if not isinstance(options, OBJECT):
        raise RequestError(f"{_FIELD} must be an object", param=_FIELD, code="invalid_type")
    for name in ("search_context_size", "user_location"):
        if options.get(name) is not None:
            call.note(f"{_FIELD}.{name}", "ignored", "Nova's web grounding has no such setting", NAME)
    tools = call.body.setdefault("toolConfig", {}).setdefault("tools", [])
    call.body["toolConfig"]["tools"] = [*tools, _TOOL]
