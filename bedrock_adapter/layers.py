"""Facts about models, stated in layers and merged into profiles.

A *layer* states some facts for the models that its globs match; a *profile* is what the layers of one model add up to.
"""

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, get_type_hints

from bedrock_adapter.errors import AmbiguousProfileError, ConfigError
from bedrock_adapter.profiles import (
    Cache,
    Conversation,
    Embedding,
    Fact,
    Limits,
    Media,
    Output,
    Profile,
    Reasoning,
    Sampling,
    Tools,
)

_PARTS: dict[str, type] = {
    "limits": Limits,
    "conversation": Conversation,
    "sampling": Sampling,
    "tools": Tools,
    "reasoning": Reasoning,
    "media": Media,
    "cache": Cache,
    "output": Output,
    "embedding": Embedding,
}
_SCALARS = {"vendor": str, "kind": str, "dialect": str, "on_demand": bool}
_HINTS = {name: get_type_hints(part) for name, part in _PARTS.items()}


@dataclass(frozen=True, slots=True)
class Layer:
    """Facts for the models that `match`.

    Attributes:
        match: globs on the normalised id, e.g. `acme.owl-*`; one may be given as it is, and becomes a tuple of one.
        facts: nested as in a profile: `{"tools": {"choice": ["auto"]}, "limits": {"max_output": 2048}}`. A limit that may be
            None is lifted by "unlimited" (TOML has no null).
        source: where the facts come from.
        checked: ISO date of the last check.
        priority: decides between layers of equal specificity: built-in 0, plugin 10, settings file 100.
        origin: who supplied the layer (plugin or file); the manager fills it in.

    Raises:
        ConfigError: a fact has an unknown name or a value of the wrong type; the message names the dotted key.
    """

    match: Sequence[str]
    facts: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    checked: str = ""
    priority: int = 10
    origin: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.match, str):
            object.__setattr__(self, "match", (self.match,))
        object.__setattr__(self, "facts", {key: _checked(key, value) for key, value in self.facts.items()})

    def specificity(self, base: str) -> int:
        """Literal characters of the best matching glob, more for an exact id; -1 where none matches."""
        best = -1
        for glob in self.match:
            if glob == base:
                return len(base) + 1
            if fnmatch.fnmatchcase(base, glob):
                best = max(best, len(glob) - glob.count("*") - glob.count("?"))
        return best


def _checked(key: str, value: Any) -> Any:
    if key in _SCALARS:
        if not isinstance(value, _SCALARS[key]):
            raise ConfigError(f"{key} must be {_SCALARS[key].__name__}, not {value!r}", param=key)
        return value
    if key not in _PARTS and key != "extra":
        raise ConfigError(f"there is no fact {key!r}; known are {', '.join([*_SCALARS, *_PARTS, 'extra'])}", param=key)
    if not isinstance(value, Mapping):
        raise ConfigError(f"{key} must be a table, not {value!r}", param=key)
    if key == "extra":
        return dict(value)
    return {name: _checked_member(key, name, item) for name, item in value.items()}


def _checked_member(part: str, name: str, value: Any) -> Any:
    hint = _HINTS[part].get(name)
    where = f"{part}.{name}"
    if hint is None:
        raise ConfigError(f"there is no fact {where!r}; known are {', '.join(_HINTS[part])}", param=where)
    if value == "unlimited" and hint == (int | None):
        return None
    if isinstance(value, list | tuple):
        value = tuple(value)
    if not _fits(value, hint):
        raise ConfigError(f"{where} must be {_say(hint)}, not {value!r}", param=where)
    return value


def _fits(value: Any, hint: Any) -> bool:
    if hint in (bool, str):
        return isinstance(value, hint)
    if value is None and hint == int | None:
        return True
    if hint is int or hint == int | None:
        return isinstance(value, int) and not isinstance(value, bool)
    member = int if hint == tuple[int, ...] else str
    return isinstance(value, tuple) and all(isinstance(item, member) for item in value)


def _say(hint: Any) -> str:
    names = {bool: "true or false", str: "a string", int: "an integer", int | None: "an integer"}
    return names.get(hint, "a list of integers" if hint == tuple[int, ...] else "a list of strings")


class Catalogue:
    """Layers, and the profiles made of them."""

    def __init__(self, layers: Iterable[Layer]) -> None:
        self.layers: tuple[Layer, ...] = tuple(layers)

    def profile(self, base: str) -> Profile:
        """Merge the layers that match a normalised id, the most specific last, then by priority.

        Raises:
            AmbiguousProfileError: two layers of equal specificity and priority give one fact different values.
        """
        ranked = [(layer.specificity(base), layer.priority, layer) for layer in self.layers]
        matching = sorted((rank for rank in ranked if rank[0] >= 0), key=lambda rank: rank[:2])
        merged: dict[str, tuple[tuple[int, int], Any, Layer]] = {}
        for specificity, priority, layer in matching:
            for name, value in _flat(layer.facts):
                self._put(merged, name, value, (specificity, priority), layer)
        return _build(base, merged, known=any(specificity > 0 for specificity, _, _ in matching))

    @staticmethod
    def _put(
        merged: dict[str, tuple[tuple[int, int], Any, Layer]],
        name: str,
        value: Any,
        rank: tuple[int, int],
        layer: Layer,
    ) -> None:
        before = merged.get(name)
        if before is not None and before[0] == rank and before[1] != value:
            raise AmbiguousProfileError(
                f"{name} is {before[1]!r} by {_said(before[2])} and {value!r} by {_said(layer)}, both matching equally well; "
                "give one of them a more specific match or a higher priority"
            )
        merged[name] = (rank, value, layer)


def _said(layer: Layer) -> str:
    return f"{layer.origin or 'a layer'} (match {', '.join(layer.match)})"


def _flat(facts: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for key, value in facts.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}.{name}", item) for name, item in value.items())
        else:
            yield key, value


def _build(base: str, merged: Mapping[str, tuple[tuple[int, int], Any, Layer]], *, known: bool) -> Profile:
    members: dict[str, Any] = {}
    parts: dict[str, dict[str, Any]] = {name: {} for name in [*_PARTS, "extra"]}
    sources: dict[str, Fact] = {}
    for name, (_, value, layer) in merged.items():
        part, dot, member = name.partition(".")
        if dot:
            parts[part][member] = value
        else:
            members[name] = value
        sources[name] = Fact(layer.source, layer.checked, layer.origin)
    members |= {name: part(**parts[name]) for name, part in _PARTS.items()}
    return Profile(base=base, known=known, extra=parts["extra"], facts=sources, **members)


def fact_names() -> list[str]:
    """Every dotted fact name, e.g. `tools.choice`; the vocabulary of a layer."""
    return [*_SCALARS, *(f"{part}.{item.name}" for part, cls in _PARTS.items() for item in fields(cls))]
