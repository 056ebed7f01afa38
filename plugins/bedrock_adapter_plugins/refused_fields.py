"""Fields that a model refuses by name: they are removed and the request is sent once more.

Bedrock's text: "This model doesn't support the temperature field. Remove temperature and try again." The catalogue knows the
known models; this is for the others, and for changes.
"""

import re
from typing import Any

from bedrock_adapter import AdapterError, Call, hookimpl
from bedrock_adapter.routes import Recovery
from bedrock_adapter.types import Json

NAME = "refused_fields"
_REFUSED = re.compile(r"doesn.t support the ([A-Za-z][\w.]*) field")
# What a request cannot do without.
_NEEDED = frozenset(
    {"messages", "role", "content", "text", "toolUse", "toolResult", "toolUseId", "name", "inputSchema", "input"}
)
# OpenAI's names of what Converse calls otherwise.
_PARAMS = {
    "maxTokens": "max_completion_tokens",
    "topP": "top_p",
    "stopSequences": "stop",
    "toolConfig": "tools",
    "outputConfig": "response_format",
    "cachePoint": "cache_control",
}


@hookimpl(trylast=True)
def bedrock_recover(error: AdapterError, call: Call) -> Recovery | None:
    """Without the field, if the body has it."""
    found = _REFUSED.search(error.message) if error.status == 400 else None
    if found is None:
        return None
    path = found[1].split(".")
    if path[-1] in _NEEDED or not _removed(call.body, path)[1]:
        return None

    def remove(call: Call) -> None:
        param = _PARAMS.get(path[0], path[0]) if len(path) == 1 else found[1]
        call.note(param, "dropped", f"the model has refused {found[1]}", NAME)
        call.body = _removed(call.body, path)[0]

    return remove


def _removed(node: Any, path: list[str]) -> tuple[Any, bool]:
    """A copy of `node` without each member at `path`, and whether there was one.

    Bedrock names members from the root (`toolConfig.toolChoice.any`) or by their own name (`topP`, `cachePoint`), so that a
    path may begin at any depth. What has become empty goes too.
    """
    if isinstance(node, list):
        return _removed_within(node, path)
    if not isinstance(node, dict):
        return node, False
    copy: Json = {}
    hit = False
    for name, value in node.items():
        if name == path[0] and len(path) == 1:
            hit = True
            continue
        # Schemas, arguments and results are the client's data: a property may bear any name.
        kept, inside = (value, False) if name in ("json", "input") else _removed(value, path)
        if not inside and name == path[0]:
            kept, inside = _removed(value, path[1:])
        hit = hit or inside
        if not inside or kept not in ({}, []):
            copy[name] = kept
    return copy, hit


def _removed_within(items: list[Any], path: list[str]) -> tuple[list[Any], bool]:
    kept = []
    hit = False
    for item in items:
        made, inside = _removed(item, path)
        hit = hit or inside
        if not inside or made != {}:
            kept.append(made)
    return kept, hit
