"""Bodies checked against botocore's service model: unknown members, types, required, unions, patterns, enums, min and max.

Violations of constraints are collected and worded by the service framework's template ("1 validation error detected: ..."),
whose list indices start at 1; wrong JSON types are SerializationExceptions; unknown members are refused by the emulator
itself, because Bedrock drops them without a word.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape

from .refusals import BedrockError, refusal

PLACEHOLDER_MODEL_ID = "amazon.nova-lite-v1:0"
# Order of the values in real messages where it differs from the service model's [R].
_ENUM_ORDER = {"PerformanceConfigLatency": ["optimized", "standard"], "ConversationRole": ["user", "assistant"]}
# Real traffic contains `"format": "video/mp4"`, answered with 200 [W].
_ALSO_ACCEPTED = {"VideoFormat": re.compile(r"video/.+")}
# Refused later, in Bedrock's own words rather than the framework's.
_LENIENT = {"system.text", "serviceTier.type", "messages.role"}


@cache
def service() -> ServiceModel:
    """botocore's model of bedrock-runtime."""
    loader = Loader()
    return ServiceModel(loader.load_service_model("bedrock-runtime", "service-2"), "bedrock-runtime")


class _Checker:
    """One walk over a body; ``violations`` collects what the framework would list."""

    def __init__(self) -> None:
        self.violations: list[str] = []

    def violate(self, value: object, path: Path, constraint: str) -> None:
        shown = "null" if value is None else f"'{value}'"
        self.violations.append(f"Value {shown} at '{path.coral}' failed to satisfy constraint: {constraint}")

    def check(self, value: Any, shape: Shape, path: Path) -> None:
        if getattr(shape, "is_document_type", False):
            return
        checks: dict[str, Callable[[Any, Any, Path], None]] = {
            "structure": self.structure,
            "list": self.array,
            "map": self.mapping,
            "string": self.string,
            "integer": self.integer,
            "long": self.integer,
            "float": self.number,
            "double": self.number,
            "boolean": self.boolean,
            "blob": self.blob,
        }
        checks[shape.type_name](value, shape, path)

    def structure(self, value: Any, shape: StructureShape, path: Path) -> None:
        expect(value, dict, path, "object")
        members = shape.members
        for name in value:
            if name not in members:
                raise refusal("unknown_member", path=path.member(name).plain)
        for name in shape.required_members:
            if value.get(name) is None:
                self.violate(None, path.member(name), "Member must not be null")
        present = {name: each for name, each in value.items() if each is not None}
        if getattr(shape, "is_tagged_union", False) and len(present) != 1:
            raise refusal("union_members", shape=shape.name, path=path.plain, members=", ".join(members))
        for name, each in present.items():
            self.check(each, members[name], path.member(name))

    def array(self, value: Any, shape: ListShape, path: Path) -> None:
        expect(value, list, path, "list")
        self.size(len(value), value, shape, path, "length")
        for index, each in enumerate(value):
            self.check(each, shape.member, path.item(index))

    def mapping(self, value: Any, shape: MapShape, path: Path) -> None:
        expect(value, dict, path, "map")
        self.size(len(value), value, shape, path, "length")
        for key, each in value.items():
            self.check(key, shape.key, path.member(key))
            self.check(each, shape.value, path.member(key))

    def string(self, value: Any, shape: StringShape, path: Path) -> None:
        expect(value, str, path, "string")
        if path.generic in _LENIENT:
            return
        if shape.enum:
            self.enum(value, shape, path)
        self.size(len(value), value, shape, path, "length")
        pattern = shape.metadata.get("pattern")
        if pattern and not re.fullmatch(pattern, value):
            self.violate(value, path, f"Member must satisfy regular expression pattern: {pattern}")

    def enum(self, value: str, shape: StringShape, path: Path) -> None:
        also = _ALSO_ACCEPTED.get(shape.name)
        if value in shape.enum or (also and also.fullmatch(value)):
            return
        values = _ENUM_ORDER.get(shape.name, list(shape.enum))
        self.violate(value, path, f"Member must satisfy enum value set: [{', '.join(values)}]")

    def integer(self, value: Any, shape: Shape, path: Path) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong_type(value, path, "integer")
        self.size(value, value, shape, path, "value")

    def number(self, value: Any, shape: Shape, path: Path) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong_type(value, path, "number")
        self.size(value, value, shape, path, "value")

    def boolean(self, value: Any, shape: Shape, path: Path) -> None:
        expect(value, bool, path, "boolean")

    def blob(self, value: Any, shape: Shape, path: Path) -> None:
        expect(value, str, path, "base64 string")
        try:
            data = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as error:
            raise refusal("serialization", reason=f"{path.plain} is not valid base64") from error
        self.size(len(data), "java.nio.HeapByteBuffer", shape, path, "length")

    def size(self, measure: float, value: object, shape: Shape, path: Path, what: str) -> None:
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if low is not None and measure < low:
            self.violate(value, path, f"Member must have {what} greater than or equal to {low}")
        if high is not None and measure > high:
            self.violate(value, path, f"Member must have {what} less than or equal to {high}")


class Path:
    """A place in a body, in the three notations of the messages."""

    __slots__ = ("coral", "generic", "plain")

    def __init__(self, plain: str = "", coral: str = "", generic: str = "") -> None:
        self.plain, self.coral, self.generic = plain, coral, generic

    def member(self, name: str) -> Path:
        return Path(*(f"{each}.{name}" if each else name for each in (self.plain, self.coral, self.generic)))

    def item(self, index: int) -> Path:
        return Path(f"{self.plain}.{index}", f"{self.coral}.{index + 1}.member", self.generic)


def wrong_type(value: object, path: Path, expected: str) -> BedrockError:
    """A SerializationException."""
    return refusal("serialization", reason=f"{path.plain or 'body'}: expected {expected}, found {type(value).__name__}")


def expect(value: object, kind: type, path: Path, expected: str) -> None:
    """Refuse a value of another JSON type."""
    if not isinstance(value, kind):
        raise wrong_type(value, path, expected)


def raise_violations(violations: Iterable[str]) -> None:
    """One refusal that lists them all, if there are any."""
    listed = list(violations)
    if listed:
        noun = "error" if len(listed) == 1 else "errors"
        raise BedrockError("ValidationException", f"{len(listed)} validation {noun} detected: {'; '.join(listed)}")


def check_body(operation: str, body: Any, model_id: str) -> None:
    """Check a JSON body, and the model id in the path, against the operation's input shape."""
    shape = service().operation_model(operation).input_shape
    assert shape is not None
    checker = _Checker()
    expect(body, dict, Path(), "object")
    members = {name: member for name, member in shape.members.items() if name != "modelId"}
    for name, value in body.items():
        if name not in members:
            raise refusal("unknown_member", path=name)
        if value is not None:
            checker.check(value, members[name], Path(name, name, name))
    for name in shape.required_members:
        if name != "modelId" and body.get(name) is None:
            checker.violate(None, Path(name, name, name), "Member must not be null")
    checker.check(model_id, shape.members["modelId"], Path("modelId", "modelId", "modelId"))
    raise_violations(checker.violations)


def check_model_id(operation: str, model_id: str) -> None:
    """Check the pattern of a model id alone."""
    shape = service().operation_model(operation).input_shape
    assert shape is not None
    checker = _Checker()
    checker.check(model_id, shape.members["modelId"], Path("modelId", "modelId", "modelId"))
    raise_violations(checker.violations)
