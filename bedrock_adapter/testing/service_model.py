"""Botocore's model of Bedrock's API: whether bodies fit it, and bodies made up by it.

Everything is wire JSON: blobs are base64 text.
"""

import random
from functools import cache
from typing import Any

from bedrock_adapter.types import Json

_DEEP = 6


@cache
def _service() -> Any:
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    return ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"), "bedrock-runtime")


def request_problems(operation: str, body: Json) -> list[str]:
    """What botocore would refuse in a request body of `Converse` or `ConverseStream`; empty where all is well."""
    return _problems({"modelId": "model", **body}, _service().operation_model(operation).input_shape)


def response_problems(body: Json) -> list[str]:
    """What does not fit a Converse response."""
    return _problems(body, _service().operation_model("Converse").output_shape)


def event_problems(name: str, payload: Json) -> list[str]:
    """What does not fit an event of a ConverseStream."""
    events = _service().operation_model("ConverseStream").output_shape.members["stream"].members
    if name not in events:
        return [f"there is no event {name!r}; known are {', '.join(events)}"]
    return _problems(payload, events[name])


def _problems(value: Json, shape: Any) -> list[str]:
    from botocore.validate import ParamValidator

    report: str = ParamValidator().validate(value, shape).generate_report()
    return report.splitlines()


def any_response(seed: int) -> Json:
    """A Converse response that the service model allows; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - test data
    body: Json = _Inventor(chance).value(_service().operation_model("Converse").output_shape, 0)
    return body


class _Inventor:
    """Makes up values for shapes. Deep down only required members are filled in, so that it ends."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def value(self, shape: Any, depth: int) -> Any:
        if getattr(shape, "is_document_type", False):
            return self._chance.choice([{}, {"a": [1, None]}, "text", 7, [True]])
        make = getattr(self, f"_{shape.type_name}", None)
        return make(shape, depth) if make else self._scalar(shape)

    def _structure(self, shape: Any, depth: int) -> Json:
        if getattr(shape, "is_tagged_union", False):
            name = self._chance.choice(list(shape.members))
            return {name: self.value(shape.members[name], depth + 1)}
        optional = 0.0 if depth > _DEEP else 0.5
        return {
            name: self.value(member, depth + 1)
            for name, member in shape.members.items()
            if name in shape.required_members or self._chance.random() < optional
        }

    def _list(self, shape: Any, depth: int) -> list[Any]:
        most = 0 if depth > _DEEP else 3
        return [self.value(shape.member, depth + 1) for _ in range(self._chance.randint(0, most))]

    def _map(self, shape: Any, depth: int) -> Json:
        return {f"key{number}": self.value(shape.value, depth + 1) for number in range(self._chance.randint(0, 2))}

    def _string(self, shape: Any, depth: int) -> str:
        # Bedrock adds values to its enumerations.
        texts = ["", " ", "text", "日本", '{"a": 1}', "<thinking>"]
        shortest = shape.metadata.get("min", 0)
        text: str = self._chance.choice(
            [*shape.enum, "added_later"] if shape.enum else texts[2:] if shortest else texts
        )
        return text

    def _scalar(self, shape: Any) -> Any:
        made = {"blob": "aGVsbG8=", "boolean": self._chance.random() < 0.5, "timestamp": "2026-11-22T00:00:00Z"}
        if shape.type_name in made:
            return made[shape.type_name]
        return self._chance.choice([0, 1, 250_000]) if shape.type_name in ("integer", "long") else self._chance.random()
