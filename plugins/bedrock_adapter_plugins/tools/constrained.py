"""The subset of JSON schema that constrained decoding takes: `strict` tools and `outputConfig.textFormat`.

Source: Amazon Bedrock user guide on structured outputs, and refusals seen in use: every object is closed; numeric limits,
`maxItems`, `minItems` above 1, `contains`, some regular expressions, recursion and external references are refused.
"""

import json
import re
from typing import Any

from bedrock_adapter.types import Json

from .schemas import mapped, recursive, walk

_REFUSED = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "maxItems", "contains")
_REGEX = re.compile(r"\(\?=|\(\?!|\(\?<=|\(\?<!|\(\?P=|\\\d")


class NotConstrainable(Exception):  # noqa: N818  # a finding, not a failure
    """The schema says something that the subset cannot: an object of any properties, recursion, an external reference."""


def constrain(schema: Json) -> tuple[Json, bool]:
    """The schema within the subset, and whether limits had to move into descriptions.

    Raises:
        NotConstrainable: with the reason in words.
    """
    if recursive(schema):
        raise NotConstrainable("the schema refers to itself")
    moved = False

    def closed(node: Json) -> Json:
        nonlocal moved
        reference = node.get("$ref")
        if reference is not None and not (isinstance(reference, str) and reference.startswith("#")):
            raise NotConstrainable(f"the schema refers to something outside, {reference!r}")
        limits = {name: node[name] for name in node if _refused(name, node[name])}
        if limits:
            moved = True
            node = {name: value for name, value in node.items() if name not in limits}
            node["description"] = _described(node.get("description"), limits)
        return _closed_object(node) if _is_object(node) else node

    made = mapped(schema, closed)
    assert isinstance(made, dict)  # as `closed` returns them
    return made, moved


def _refused(name: str, value: Any) -> bool:
    if name == "minItems":
        return isinstance(value, int) and value > 1
    if name == "pattern":
        return isinstance(value, str) and _REGEX.search(value) is not None
    return name in _REFUSED


def _described(description: Any, limits: Json) -> str:
    said = ", ".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in limits.items())
    return f"{description} ({said})" if isinstance(description, str) and description else said


def _is_object(node: Json) -> bool:
    kind = node.get("type")
    return kind == "object" or (isinstance(kind, list) and "object" in kind) or (kind is None and "properties" in node)


def _closed_object(node: Json) -> Json:
    others = node.get("additionalProperties")
    open_map = others not in (None, False) or (others is None and "properties" not in node)
    if open_map or "patternProperties" in node:
        raise NotConstrainable("the schema has an object of any properties")
    return {**node, "additionalProperties": False}


def limits_exceeded(schemas: list[Json]) -> str:
    """Why these strict schemas are too many for one request, "" where they are not (Anthropic's documented limits)."""
    optional = sum(_optional(node) for schema in schemas for node in walk(schema))
    unions = sum("anyOf" in node or isinstance(node.get("type"), list) for schema in schemas for node in walk(schema))
    for found, what, most in (
        (len(schemas), "strict tools", 20),
        (optional, "optional parameters", 24),
        (unions, "unions", 16),
    ):
        if found > most:
            return f"a request may have {most} {what} at most"
    return ""


def _optional(node: Json) -> int:
    properties, required = node.get("properties"), node.get("required")
    if not isinstance(properties, dict):
        return 0
    return sum(name not in required for name in properties) if isinstance(required, list) else len(properties)
