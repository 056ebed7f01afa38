"""Citations of documents: `citations: {"enabled": true}` on a document's part, or on for all by the option `documents`.

What the model cites comes back as `annotations` (pages) and `citations` (everything, in Bedrock's form). Sources: `DocumentBlock`
and `CitationsConfig` of the Amazon Bedrock API reference; citations and `outputConfig` exclude each other.
"""

from typing import Any

from bedrock_adapter import Call, RequestError, Route, Settings, Stage, Step, hookimpl
from bedrock_adapter.types import OBJECT

from .media import tally

NAME = "citations"


@hookimpl
def bedrock_configure(settings: Settings) -> None:
    settings.option(NAME, "documents", False)


@hookimpl
def bedrock_transform_request(route: Route) -> Step:
    default: bool = route.settings.option(NAME, "documents", False)
    supported = route.profile.media.citations

    def citations(call: Call) -> None:
        for placed in tally(call).documents:
            wanted = _wanted(placed.part.get("citations"), f"{placed.path}.citations")
            if wanted and not supported:
                call.note(f"{placed.path}.citations", "dropped", "the model does not cite documents", NAME)
            elif (default and supported if wanted is None else wanted) and _free(call, placed.path):
                placed.document["citations"] = {"enabled": True}

    return Step(Stage.FINAL, citations)


def _wanted(value: Any, path: str) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    enabled = value.get("enabled") if isinstance(value, OBJECT) else None
    if not isinstance(enabled, bool):
        raise RequestError(f"{path} must be {{'enabled': true}} or false", param=path, code="invalid_type")
    return enabled


def _free(call: Call, path: str) -> bool:
    if "outputConfig" not in call.body:
        return True
    call.note(f"{path}.citations", "dropped", "Bedrock refuses citations beside structured output", NAME)
    return False
