"""Structured output: `outputConfig.textFormat`, and the schema subset that constrained decoding takes (section 9)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from bedrock_adapter.testing.emulator.refusals import refusal
from bedrock_adapter.testing.emulator.requests import Ask

_KEYWORDS = {
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "maxItems",
}  # fmt: skip
_REGEX = re.compile(r"\(\?=|\(\?!|\(\?<=|\(\?<!|\(\?P=|\\\d")
_NO_CONTAINS = ("claude", "glm", "qwen", "gemma")


def check(ask: Ask) -> None:
    """Rules of outputConfig."""
    config = ask.body.get("outputConfig") or {}
    if not config:
        return
    family = ask.family
    if "effort" in config and not family.efforts:
        raise refusal("unsupported_field", field="outputConfig.effort")
    if not config.get("textFormat"):
        return
    if not family.output_format:
        raise refusal("output_format_provider" if family.anthropic and family.efforts else "output_format")
    text = ((config["textFormat"].get("structure") or {}).get("jsonSchema") or {}).get("schema") or ""
    try:
        schema = json.loads(text)
    except ValueError as error:
        raise refusal("schema_json") from error
    if not well_formed(schema):
        raise refusal("schema_json")
    check_schema(schema, "output_config.format.schema")
    if family.name.startswith(_NO_CONTAINS) and '"contains"' in text:
        raise refusal("schema_keyword", where="output_config.format.schema", type="array", keyword="contains")
    if any(
        (placed.value.get("citations") or {}).get("enabled") for turn in ask.turns for placed in turn.of("document")
    ):
        raise refusal("citations_with_format")


def check_schema(schema: Any, where: str) -> None:
    """Refuse what a constrained schema may not contain; ``where`` opens the message."""
    for node in _nodes(schema):
        if _is_object(node) and node.get("additionalProperties") is not False:
            raise refusal("additional_properties", where=where)
        for keyword in _KEYWORDS & set(node):
            raise refusal("schema_keyword", where=where, type=node.get("type", "number"), keyword=keyword)
        if node.get("minItems", 0) > 1:
            raise refusal("schema_keyword", where=where, type="array", keyword="minItems")
        reference = node.get("$ref", "#")
        if not reference.startswith("#") or _recursive(schema, reference):
            raise refusal("schema_keyword", where=where, type="object", keyword="$ref")
        if _REGEX.search(str(node.get("pattern", ""))):
            raise refusal("schema_keyword", where=where, type="string", keyword="pattern")


# The types that JSON Schema gives to the keywords read here.
_TYPES: dict[str, type | tuple[type, ...]] = {
    "type": (str, list),
    "properties": dict,
    "$defs": dict,
    "definitions": dict,
    "required": list,
    "enum": list,
    "anyOf": list,
    "oneOf": list,
    "allOf": list,
    "minItems": int,
    "minLength": int,
    "maxLength": int,
    "$ref": str,
    "pattern": str,
}


def well_formed(schema: Any) -> bool:
    """Whether a value is a JSON schema, as far as its keywords have the right types."""
    if not isinstance(schema, dict):
        return False
    for node in _nodes(schema):
        if any(not isinstance(node[key], kind) for key, kind in _TYPES.items() if key in node):
            return False
        named = [*node.get("properties", {}).values(), *node.get("$defs", {}).values()]
        listed = [each for key in ("anyOf", "oneOf", "allOf") for each in node.get(key, [])]
        strings = all(isinstance(name, str) for name in node.get("required", []))
        if not strings or not all(isinstance(each, dict | bool) for each in [*named, *listed]):
            return False
    return True


def _is_object(node: dict[str, Any]) -> bool:
    kind = node.get("type")
    return kind == "object" or (isinstance(kind, list) and "object" in kind)


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema inside a schema; property names are not taken for keywords."""
    if not isinstance(schema, dict):
        return
    yield schema
    for key, value in schema.items():
        if key in ("properties", "$defs", "definitions", "patternProperties") and isinstance(value, dict):
            for each in value.values():
                yield from _nodes(each)
        elif key in ("items", "additionalProperties", "not", "contains"):
            yield from _nodes(value)
        elif key in ("anyOf", "oneOf", "allOf", "prefixItems") and isinstance(value, list):
            for each in value:
                yield from _nodes(each)


def _recursive(schema: dict[str, Any], reference: str) -> bool:
    """Whether a reference leads back to itself."""
    seen: set[str] = set()
    todo = [reference]
    while todo:
        current = todo.pop()
        for node in _nodes(_lookup(schema, current)):
            target = node.get("$ref")
            if target == reference:
                return True
            if target and target not in seen:
                seen.add(target)
                todo.append(target)
    return False


def _lookup(schema: dict[str, Any], reference: str) -> Any:
    if reference == "#":
        return {}
    node: Any = schema
    for part in reference.removeprefix("#/").split("/"):
        node = node.get(part, {}) if isinstance(node, dict) else {}
    return node
