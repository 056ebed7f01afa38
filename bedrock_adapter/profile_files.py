"""Layers of facts about models, read from TOML: the built-in catalogue's files and an operator's own.

    [[layer]]
    match = ["acme.owl-*"]                 # globs on the normalised id; a string or a list
    source = "Acme model card, 2026-11"    # where the facts come from
    checked = 2026-11-22                   # the day of the last check; a date or an ISO string
    kind = "chat"                          # scalar facts: vendor, kind, dialect, on_demand
    [layer.limits]                         # parts of a profile: `bedrock_adapter.profiles` is the vocabulary
    max_output = 2048
    context = "unlimited"                  # lifts a limit that may be None
    [layer.extra]                          # anything a plugin of your own wants to know
    habitat = "forest"

`match` is required. Every mistake is a `ConfigError` that names the file, the line and the key.
"""

import datetime as dt
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bedrock_adapter.errors import ConfigError
from bedrock_adapter.layers import Layer

_OWN_KEYS = frozenset({"match", "source", "checked"})
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"' -]+?)\s*=")


def load_layers(path_or_text: Path | str, *, priority: int, origin: str = "") -> list[Layer]:
    """Read layers from a file, or from TOML text (a string with a line break in it).

    Arguments:
        priority: decides between equally specific layers: built-in 0, plugin 10, settings file 100.
        origin: who supplied them, shown by `explain` and in errors; the path where it is empty.

    Raises:
        ConfigError: the file cannot be read, is no TOML, or states an unknown fact or a value of the wrong type;
            the message begins with `origin:line: key:`.

    >>> text = 'layer = [{match = "acme.owl-*", limits = {max_output = 2048}}]\\n'
    >>> [layer.match for layer in load_layers(text, priority=100, origin="owls.toml")]
    [('acme.owl-*',)]
    """
    if isinstance(path_or_text, str) and "\n" in path_or_text:
        return _Reader(path_or_text, origin or "<text>").layers(priority)
    path = Path(path_or_text)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{origin or path}: cannot be read: {error}", param="profiles") from error
    return _Reader(text, origin or str(path)).layers(priority)


class _Reader:
    """Turns one text into layers; keeps what errors must name."""

    def __init__(self, text: str, origin: str) -> None:
        self._text = text
        self._origin = origin

    def layers(self, priority: int) -> list[Layer]:
        try:
            document = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"at line (\d+)", str(error))
            number = line.group(1) if line else str(self._text.count("\n") + 1)
            raise ConfigError(f"{self._origin}:{number}: no valid TOML: {error}") from error
        for key in document:
            if key != "layer":
                raise self._error(None, key, "is unknown; a file of profiles holds [[layer]] tables")
        tables = document.get("layer", [])
        if not isinstance(tables, list):
            raise self._error(None, "layer", "must be an array of tables: write [[layer]]")
        return [self._layer(index, table, priority) for index, table in enumerate(tables)]

    def _layer(self, index: int, table: Any, priority: int) -> Layer:
        if not isinstance(table, Mapping):
            raise self._error(index, "layer", f"must be a table, not {table!r}")
        match = table.get("match")
        globs = (match,) if isinstance(match, str) else tuple(match) if isinstance(match, list) else ()
        if not globs or not all(isinstance(glob, str) and glob for glob in globs):
            raise self._error(index, "match", 'must be a glob or a list of globs, such as ["acme.owl-*"]')
        source = table.get("source", "")
        if not isinstance(source, str):
            raise self._error(index, "source", f"must be a string, not {source!r}")
        facts = {key: value for key, value in table.items() if key not in _OWN_KEYS}
        try:
            return Layer(globs, facts, source, self._checked(index, table.get("checked", "")), priority, self._origin)
        except ConfigError as error:
            raise self._error(index, error.param or "layer", error.message) from error

    def _checked(self, index: int, value: Any) -> str:
        try:
            if isinstance(value, str):
                return dt.date.fromisoformat(value).isoformat() if value else ""
            if isinstance(value, dt.date):  # a datetime is one, too
                return value.isoformat()[:10]
        except ValueError:
            pass
        raise self._error(index, "checked", f"must be a date such as 2026-11-22, not {value!r}")

    def _error(self, index: int | None, key: str, problem: str) -> ConfigError:
        return ConfigError(f"{self._origin}:{self._line(index, key)}: {key}: {problem}", param=key)

    def _line(self, index: int | None, key: str) -> int:
        """The line that says `key` (dotted) in the layer of that index; the best known line where it is not found."""
        best, inner = 1, key.rpartition(".")[2]
        inline = re.compile(rf"[{{,]\s*[\"']?{re.escape(inner)}[\"']?\s*=")
        for number, layer, dotted, line in self._keys():
            if layer != index and index is not None and layer != -1:
                continue
            if dotted == key:
                return number
            header = dotted == "" and layer == index
            listed = layer == -1 and dotted == "layer" and inline.search(line)
            if header or listed or key.startswith(f"{dotted}."):
                best = number
        return best

    def _keys(self) -> Iterator[tuple[int, int, str, str]]:
        """Line number, layer index (-1 before the first), dotted key and the line, for each header and key."""
        layer, table = -1, ""
        for number, line in enumerate(self._text.splitlines(), start=1):
            if header := _HEADER.match(line):
                name = _plain(header[2])
                if header[1] == "[[" and name == "layer":
                    layer, table = layer + 1, ""
                else:
                    table = name.removeprefix("layer.") if layer >= 0 else name
                yield number, layer, table, line
            elif found := _KEY.match(line):
                yield number, layer, f"{table}.{_plain(found[1])}".lstrip("."), line


def _plain(dotted: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in dotted.split("."))
