"""JSON schemas of tools, rewritten by what the family takes without losing anything of them.

Rules (`Tools.schema` of a profile): `object_root`, `root_keywords`, `inline_defs`. What is taken stays as it is.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bedrock_adapter.types import Json

from .peeling import MEMBER

_UNIONS = ("anyOf", "oneOf", "allOf")
_DEFINITIONS = ("$defs", "definitions")
_ROOT = frozenset({"type", "properties", "required", "additionalProperties", "title"})
# Keywords whose values are schemas, lists of schemas, or schemas by name; other values are data and stay.
_ONE = frozenset({
    "items", "additionalItems", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames",
    "unevaluatedItems", "unevaluatedProperties",
})  # fmt: skip
_SEVERAL = frozenset({"anyOf", "oneOf", "allOf", "prefixItems", "items"})
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})

Visit = Callable[[Json], Any]


@dataclass(slots=True)
class Rewritten:
    """A schema for the wire.

    Attributes:
        schema: the JSON schema; its root is an object.
        wrapped: the root was put into `{"value": …}`; arguments must be taken out again.
        remarks: what the schema cannot say to this family, for the description.
        changes: what was done, in words, for notes.
    """

    schema: Json
    wrapped: bool = False
    remarks: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)


def rewrite(schema: Mapping[str, Any], rules: tuple[str, ...]) -> Rewritten:
    """The schema by the family's rules.

    Args:
        schema: a JSON schema of any root.
        rules: `Tools.schema` of the profile.
    """
    done = Rewritten({name: value for name, value in schema.items() if name != "$schema"})
    if "inline_defs" in rules or (
        "root_keywords" in rules and _definitions(done.schema) and not recursive(done.schema)
    ):
        _inline(done)
    _object_root(done, rules)
    if "inline_defs" in rules and (left := _definitions(done.schema)):
        done.remarks.append(f"Schema definitions: {json.dumps(left, ensure_ascii=False)}")
        done.changes.append("definitions that refer to themselves are repeated in the description")
    if "root_keywords" in rules:
        _root_keywords(done)
    return done


def _object_root(done: Rewritten, rules: tuple[str, ...]) -> None:
    root = done.schema
    if "$ref" in root and (target := resolve(root, root["$ref"])) is not None and "$ref" not in target:
        root = done.schema = {**target, **{name: value for name, value in root.items() if name != "$ref"}}
    kind = root.get("type")
    object_like = kind in (None, "object", ["object"], ["object", "null"], ["null", "object"])
    union = "$ref" in root or any(name in root for name in _UNIONS)
    foreign = "root_keywords" in rules and any(name in root for name in _DEFINITIONS)  # recursive, or it was inlined
    if not object_like or union or foreign:
        done.schema = wrap(root, hoist=not foreign)
        done.wrapped = True
        done.changes.append(
            f"the root is put into an object with the property {MEMBER!r}, since the model takes plain objects only"
        )
    else:
        done.schema = {**root, "type": "object"}
        if not isinstance(root.get("properties", {}), dict):  # languages with one empty container say []
            done.schema["properties"] = {}


def _root_keywords(done: Rewritten) -> None:
    foreign = {name: value for name, value in done.schema.items() if name not in _ROOT}
    if not foreign:
        return
    done.schema = {name: value for name, value in done.schema.items() if name in _ROOT}
    if isinstance(text := foreign.pop("description", None), str) and text:
        done.remarks.append(text)
    if foreign:
        done.remarks.append(f"Further rules of the arguments (JSON schema): {json.dumps(foreign, ensure_ascii=False)}")
    done.changes.append("keywords that the model does not take at the root are moved to the description")


def wrap(schema: Json, *, hoist: bool = True) -> Json:
    """`{"value": schema}` as a schema. Definitions go to the new root (`hoist`) or stay inside; references keep their meaning."""
    definitions = _definitions(schema) if hoist else {}
    inner = {name: value for name, value in schema.items() if name not in definitions}

    def moved(node: Json) -> Json:
        reference = node.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#"):
            return node
        if any(reference.startswith(f"#/{name}/") for name in definitions):
            return node
        return {**node, "$ref": f"#/properties/{MEMBER}{reference[1:]}"}

    root = {
        "type": "object",
        "properties": {MEMBER: mapped(inner, moved)},
        "required": [MEMBER],
        "additionalProperties": False,
    }
    return {
        **root,
        **{name: {key: mapped(each, moved) for key, each in table.items()} for name, table in definitions.items()},
    }


def mapped(schema: Any, visit: Visit) -> Any:
    """A copy with every schema within replaced by `visit(schema)`, the innermost first."""
    if not isinstance(schema, dict):
        return schema
    copy: Json = {}
    for name, value in schema.items():
        if name in _NAMED and isinstance(value, dict):
            copy[name] = {key: mapped(each, visit) for key, each in value.items()}
        elif name in _SEVERAL and isinstance(value, list):
            copy[name] = [mapped(each, visit) for each in value]
        elif name in _ONE:
            copy[name] = mapped(value, visit)
        else:
            copy[name] = value
    return visit(copy)


def walk(schema: Any) -> Iterator[Json]:
    """Every schema within a schema, itself first."""
    if not isinstance(schema, dict):
        return
    yield schema
    for name, value in schema.items():
        if name in _NAMED and isinstance(value, dict):
            for each in value.values():
                yield from walk(each)
        elif name in _SEVERAL and isinstance(value, list):
            for each in value:
                yield from walk(each)
        elif name in _ONE:
            yield from walk(value)


def resolve(root: Json, reference: Any) -> Json | None:
    """The schema that a local reference means; None where it is not local or leads nowhere."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    node: Any = root
    for part in reference[1:].strip("/").split("/") if reference != "#" else ():
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and name.isdigit() and int(name) < len(node):
            node = node[int(name)]
        else:
            node = node.get(name) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else None


def recursive(root: Json) -> bool:
    """Whether a reference leads back to itself."""
    return bool(_cyclic(root))


def _cyclic(root: Json) -> set[str]:
    """The references that can be reached from what they mean."""
    targets: dict[str, set[str]] = {}
    todo = list(_references(root))
    while todo:
        reference = todo.pop()
        if reference not in targets:
            targets[reference] = set(_references(resolve(root, reference)))
            todo += targets[reference]
    cyclic = set()
    for start, direct in targets.items():
        seen: set[str] = set()
        ahead = list(direct)
        while ahead:
            if (reference := ahead.pop()) not in seen:
                seen.add(reference)
                ahead += targets[reference]
        if start in seen:
            cyclic.add(start)
    return cyclic


def _references(schema: Any) -> Iterator[str]:
    return (node["$ref"] for node in walk(schema) if isinstance(node.get("$ref"), str))


def _definitions(schema: Json) -> Json:
    return {name: table for name in _DEFINITIONS if isinstance(table := schema.get(name), dict) and table}


def _inline(done: Rewritten) -> None:
    """Replace references by what they mean, those to definitions that lead back to themselves excepted."""
    root = done.schema
    if not any(name in root for name in _DEFINITIONS):
        return
    cyclic = _cyclic(root)
    budget = [20_000]  # nodes; nested definitions can double at each level

    def inlined(node: Json) -> Json:
        reference = node.get("$ref")
        target = resolve(root, reference)
        if target is None or reference in cyclic or budget[0] <= 0:
            return node
        budget[0] -= sum(1 for _ in walk(target))
        return {**mapped(target, inlined), **{name: value for name, value in node.items() if name != "$ref"}}

    body = {name: value for name, value in root.items() if name not in _DEFINITIONS}
    done.schema = mapped(body, inlined)
    done.changes.append("definitions are inlined")
    needed = set(_references(done.schema))
    if needed:  # they are recursive, or lead nowhere: keep what they may mean
        done.schema |= _definitions(root)
