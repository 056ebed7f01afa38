"""Values for a JSON schema, taken from a question where it has them: arguments of tool calls, structured output."""

from __future__ import annotations

import re
from typing import Any

_CAPITALS = r"[A-Z][\w'\u2019-]*(?:\.[A-Z]\.)*"
_PLACE_AFTER = re.compile(
    rf"\b(?:in|at|near|from|to|of|for)\s+((?:{_CAPITALS})(?:\s+{_CAPITALS})*(?:,\s*{_CAPITALS})*)"
)
_PLACE = re.compile(rf"{_CAPITALS}(?:\s+{_CAPITALS})*")
_MORE_PLACES = re.compile(rf"(?:\s*(?:,|,?\s*and|or|&)\s+{_PLACE.pattern})+")
_NAME = re.compile(rf"(?<![.!?]\s)(?<!^)\b({_CAPITALS}(?:\s+{_CAPITALS})*)")
_LOWER_PLACE = re.compile(r"\bin\s+([a-z][\w-]{2,})")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_QUOTED = re.compile(r"[\"\u201c']([^\"\u201d']+)[\"\u201d']")
_NO_NAMES = {"I", "I'm", "I'd", "I'll", "Celsius", "Fahrenheit"}
_NO_PLACES = {"the", "this", "that", "what", "which", "general", "celsius", "fahrenheit", "english", "detail", "words"}
PLACE_WORDS = {"location", "city", "place", "town", "country", "region", "where", "destination", "capital"}
_WHEN = re.compile(r"\b(today|tomorrow|tonight|yesterday|\d{4}-\d{2}-\d{2})\b", re.IGNORECASE)
_WHEN_WORDS = {"date", "day", "when", "time"}
_DEPTH = 8


def words(text: str) -> list[str]:
    """Lower-case words; names in snake_case, kebab-case and camelCase are taken apart."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    return [word.lower() for word in re.findall(r"[^\W_]+", apart)]


def places(question: str) -> list[str]:
    """Places named in a question: capitalised words after a preposition, "Paris and London" being two of them."""
    found: list[str] = []
    for match in _PLACE_AFTER.finditer(question):
        more = _MORE_PLACES.match(question[match.end() :])
        if more:
            found += [*re.split(r",\s*", match[1]), *_PLACE.findall(more[0])]
        else:
            found.append(match[1])
    if not found:
        found = [each for each in _LOWER_PLACE.findall(question) if each not in _NO_PLACES]
    return [each for each in dict.fromkeys(found) if each not in _NO_NAMES]


CAPITALS = {
    "france": "Paris",
    "germany": "Berlin",
    "italy": "Rome",
    "spain": "Madrid",
    "japan": "Tokyo",
    "china": "Beijing",
    "england": "London",
    "canada": "Ottawa",
}


def capital_in(question: str) -> str | None:
    """The city that a question about a capital asks for, if it is one of the few known."""
    asked = re.search(r"\bcapital (?:city )?of (\w+)", question, re.IGNORECASE)
    return CAPITALS.get(asked[1].lower()) if asked else None


def names(question: str) -> list[str]:
    """Capitalised words that do not open a sentence."""
    return [each for each in _NAME.findall(question) if each not in _NO_NAMES]


class Filler:
    """Fills schemas from one question; numbers are used up in the order in which they stand there."""

    def __init__(
        self, schema: dict[str, Any], question: str, *, place: str = "", known: dict[str, Any] | None = None
    ) -> None:
        self._root = schema
        self._question = question
        self._places = [place] if place else places(question)
        self._names = names(question)
        self._numbers = _NUMBER.findall(question)
        self._known = known or {}
        self.missing: list[str] = []

    def fill(self) -> Any:
        """An instance of the schema; ``missing`` names the required strings that the question does not answer."""
        return self._value("", self._root, required=True, depth=0)

    def _value(self, name: str, schema: Any, *, required: bool, depth: int) -> Any:
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._choice(schema["enum"], required)
        kind = _kind(schema)
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(name, schema, required, depth)
        if kind in ("integer", "number"):
            return self._number(schema, kind, required)
        if kind == "boolean":
            return True if required else None
        if kind == "null":
            return None
        return self._string(name, schema, required)

    def _resolved(self, schema: Any) -> dict[str, Any]:
        for _ in range(_DEPTH):
            if not isinstance(schema, dict):
                return {}
            if "$ref" in schema:
                schema = self._lookup(str(schema["$ref"]))
            elif "anyOf" in schema or "oneOf" in schema:
                options: list[dict[str, Any]] = schema.get("anyOf") or schema.get("oneOf") or []
                schema = next((each for each in options if isinstance(each, dict) and each.get("type") != "null"), {})
            elif schema.get("allOf"):
                schema = schema["allOf"][0]
            else:
                return schema
        return {}

    def _lookup(self, reference: str) -> Any:
        node: Any = self._root
        for part in reference.removeprefix("#").strip("/").split("/"):
            node = node.get(part, {}) if isinstance(node, dict) and part else node
        return node

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        needed = schema.get("required", [])
        if depth >= _DEPTH:
            return made
        for name, each in (schema.get("properties") or {}).items():
            value = self._value(name, each, required=name in needed, depth=depth + 1)
            if value is not None or (name in needed and _nullable(each)):
                made[name] = value
        return made

    def _array(self, name: str, schema: dict[str, Any], required: bool, depth: int) -> list[Any] | None:
        items = self._resolved(schema.get("items", {}))
        if _kind(items) in ("integer", "number") and self._numbers:
            taken, self._numbers = self._numbers, []
            return [_numeric(each, _kind(items)) for each in taken]
        if not required or depth >= _DEPTH:
            return None
        least = max(1, schema.get("minItems", 1))
        return [self._value(name, items, required=True, depth=depth + 1) for _ in range(least)]

    def _choice(self, values: list[Any], required: bool) -> Any:
        asked = set(words(self._question))
        for value in values:
            if isinstance(value, str) and set(words(value)) and set(words(value)) <= asked:
                return value
        return values[0] if required else None

    def _number(self, schema: dict[str, Any], kind: str, required: bool) -> int | float | None:
        if self._numbers:
            return _numeric(self._numbers.pop(0), kind)
        return _numeric(str(schema.get("minimum", schema.get("default", 1))), kind) if required else None

    def _string(self, name: str, schema: dict[str, Any], required: bool) -> str | None:
        found = self._found(set(words(name)), name)
        if found is not None:
            return found
        if not required:
            return None
        if name:
            self.missing.append(name)
        text = str(schema.get("default") or self._question or name or "text")
        return text[: schema.get("maxLength", len(text))].ljust(schema.get("minLength", 0), ".")

    def _found(self, meaning: set[str], name: str) -> str | None:
        """What the question or earlier results say about a property."""
        if name in self._known:
            return str(self._known[name])
        capital = capital_in(self._question) if meaning & {"city", "capital"} else None
        if capital:
            return capital
        if meaning & PLACE_WORDS:
            pool = self._places or self._names
            return pool[0] if pool else None
        when = _WHEN.search(self._question)
        if meaning & _WHEN_WORDS:
            return when[1].lower() if when else None
        quoted = _QUOTED.search(self._question)
        if quoted:
            return quoted[1]
        return self._names[0] if self._names and "name" in meaning else None


def _kind(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if kind is None:
        kind = "object" if "properties" in schema else "array" if "items" in schema else "string"
    return str(kind)


def _nullable(schema: Any) -> bool:
    return isinstance(schema, dict) and (schema.get("type") == "null" or "null" in (schema.get("type") or []))


def _numeric(text: str, kind: str) -> int | float:
    value = float(text)
    return int(value) if kind == "integer" or value.is_integer() else value
