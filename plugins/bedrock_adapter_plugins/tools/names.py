"""Tool names: a bijection between the client's names and those that the family takes, for one request."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bedrock_adapter.types import OBJECT

_LONGEST = 64  # Converse, toolSpec.name


class Names:
    """Client names to wire names and back.

    A name that the family takes stays as it is. Another one becomes its ASCII slug if that is nobody else's, else slug and
    hash: what a name becomes does not depend on the order of the tools.

    Args:
        names: every name that the request mentions.
        characters: regular-expression class of the characters that the family takes.
    """

    def __init__(self, names: Iterable[str], characters: str) -> None:
        self._fits = re.compile(f"[{characters}]{{1,{_LONGEST}}}")
        self._others = re.compile(f"[^{characters}]+")
        unique = list(dict.fromkeys(names))
        self._wire = {name: name for name in unique if self._fits.fullmatch(name)}
        changed = [name for name in unique if name not in self._wire]
        slugs = Counter(self._slug(name) for name in changed)
        taken = set(self._wire)
        for name in changed:
            slug = self._slug(name)
            plain = slug not in taken and slugs[slug] == 1 and any(character.isalnum() for character in slug)
            self._wire[name] = slug if plain else self._hashed(name, taken | set(slugs))
            taken.add(self._wire[name])
        self._client = {wire: name for name, wire in self._wire.items()}

    @property
    def changed(self) -> dict[str, str]:
        """The names that differ on the wire: client name to wire name."""
        return {name: wire for name, wire in self._wire.items() if name != wire}

    def to_wire(self, name: str) -> str:
        """The name that Bedrock sees; `name` is one of the request's."""
        return self._wire[name]

    def to_client(self, wire: str) -> str:
        """The client's name; one that the model has made up stays."""
        return self._client.get(wire, wire)

    def reserve(self, wanted: str) -> str:
        """A wire name that no tool of the request has, for a tool of the adapter's own."""
        name = wanted if self._free(wanted) else self._hashed(wanted, set(self._client) | set(self._wire))
        self._wire[name] = name
        self._client[name] = name
        return name

    def _free(self, name: str) -> bool:
        return name not in self._client and name not in self._wire and self._fits.fullmatch(name) is not None

    def _slug(self, name: str) -> str:
        return self._others.sub("_", name)[:_LONGEST]

    def _hashed(self, name: str, taken: set[str]) -> str:
        """Slug and hash; the salt matters only against names made to collide."""
        stem = self._slug(name).strip("_")[: _LONGEST - 9] or "tool"
        for salt in range(len(taken) + 1):
            digest = hashlib.sha256(f"{name}\n{salt}".encode("utf-8", "surrogatepass")).hexdigest()[:8]
            if (hashed := f"{stem}_{digest}") not in taken:
                return hashed
        raise AssertionError("more candidates than names were tried")


def mentioned(request: Mapping[str, Any]) -> Iterator[str]:
    """Every tool name of a request: definitions and history. What is malformed is passed over; others refuse it."""
    for tool in _items(request.get("tools")):
        yield from _names(tool)
    for function in _items(request.get("functions")):
        yield from _name(function)
    for message in _items(request.get("messages")):
        if message.get("role") != "assistant":
            continue
        for call in _items(message.get("tool_calls")):
            yield from _names(call)
        yield from _name(message.get("function_call"))


def _items(value: Any) -> Iterator[Mapping[str, Any]]:
    return (item for item in value if isinstance(item, OBJECT)) if isinstance(value, list) else iter(())


def _names(item: Mapping[str, Any]) -> Iterator[str]:
    for kind in ("function", "custom"):
        yield from _name(item.get(kind))


def _name(value: Any) -> Iterator[str]:
    if isinstance(value, OBJECT) and isinstance(value.get("name"), str) and value["name"]:
        yield value["name"]
