"""Reading `response_format`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bedrock_adapter import Call
from bedrock_adapter.types import Json
from bedrock_adapter_plugins.tools.reading import an_object, invalid

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_OTHERS = re.compile(r"[^a-zA-Z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Format:
    """What the answer's text is to be.

    Attributes:
        schema: a JSON schema of any root; None: any JSON object.
        name: what the client calls it, as Bedrock takes it.
        description: what it is for, "" for nothing.
    """

    schema: Json | None = None
    name: str = "response"
    description: str = ""


def read(call: Call) -> Format | None:
    """The format that the client wants; None for text.

    Raises:
        RequestError: it is malformed.
    """
    value = call.request.get("response_format")
    if value is None:
        return None
    kind = an_object(value, "response_format").get("type")
    if kind == "text":
        return None
    if kind == "json_object":
        return Format()
    if kind == "json_schema":
        return _schema(
            an_object(value.get("json_schema"), "response_format.json_schema"), "response_format.json_schema"
        )
    raise invalid(
        "response_format.type", f"is {kind!r}; supported are text, json_object and json_schema", "invalid_value"
    )


def _schema(value: Mapping[str, Any], path: str) -> Format:
    schema, name, description = value.get("schema"), value.get("name"), value.get("description")
    for member, given in (("name", name), ("description", description)):
        if given is not None and not isinstance(given, str):
            raise invalid(f"{path}.{member}", "must be a string")
    if schema is not None:
        schema = dict(an_object(schema, f"{path}.schema"))
    return Format(schema, _named(name or ""), description if description and not description.isspace() else "")


def _named(name: str) -> str:
    if _NAME.fullmatch(name):
        return name
    return _OTHERS.sub("_", name)[:64].strip("_") or "response"
