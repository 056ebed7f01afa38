"""Checks of InvokeModel bodies, worded as Bedrock's JSON-schema validator words them.

A check takes a value and the place that opens the message (``"#/texts/0: "``, empty at the top) and yields refusals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .refusals import BedrockError, refusal

Check = Callable[[Any, str], Iterator[BedrockError]]
_NAMES = {str: "String", bool: "Boolean", int: "Integer", float: "Number", list: "JSONArray", dict: "JSONObject"}


def _place(path: str) -> str:
    return f"#/{path}: " if path else ""


def _wrong(value: object, path: str, expected: str) -> BedrockError:
    return refusal("invoke_type", where=_place(path) or "#: ", expected=expected, found=_NAMES.get(type(value), "Null"))


def text(*, limit: int | None = None, empty: bool = False) -> Check:
    """A string of 1 to ``limit`` characters."""

    def check(value: Any, path: str) -> Iterator[BedrockError]:
        if not isinstance(value, str):
            yield _wrong(value, path, "String")
        elif not value and not empty:
            yield refusal("invoke_min_length", where="" if "/" not in path else _place(path))
        elif limit is not None and len(value) > limit:
            yield refusal("invoke_max_length", where=_place(path), limit=limit, found=len(value))

    return check


def one_of(*values: object) -> Check:
    """One of some values."""

    def check(value: Any, path: str) -> Iterator[BedrockError]:
        if isinstance(value, bool) or value not in values:
            yield refusal("invoke_enum", where=_place(path), value=value)

    return check


def boolean(value: Any, path: str) -> Iterator[BedrockError]:
    """A boolean."""
    if not isinstance(value, bool):
        yield _wrong(value, path, "Boolean")


def integer(low: int, high: int) -> Check:
    """An integer in a range."""

    def check(value: Any, path: str) -> Iterator[BedrockError]:
        if isinstance(value, bool) or not isinstance(value, int):
            yield _wrong(value, path, "Integer")
        elif not low <= value <= high:
            yield refusal("invoke_enum", where=_place(path), value=value)

    return check


def array(item: Check, *, limit: int | None = None) -> Check:
    """A list with something in it."""

    def check(value: Any, path: str) -> Iterator[BedrockError]:
        if not isinstance(value, list):
            yield _wrong(value, path, "JSONArray")
            return
        if not value:
            yield refusal("invoke_min_items", where=_place(path))
        if limit is not None and len(value) > limit:
            yield refusal("invoke_max_items", where=_place(path), limit=limit, found=len(value))
            return
        for index, each in enumerate(value):
            yield from item(each, f"{path}/{index}")

    return check


def record(members: Mapping[str, Check], required: Sequence[str] = (), exactly_one: Sequence[str] = ()) -> Check:
    """An object with known members."""

    def check(value: Any, path: str) -> Iterator[BedrockError]:
        if not isinstance(value, dict):
            yield _wrong(value, path, "JSONObject")
            return
        for key in required:
            if key not in value:
                yield refusal("invoke_missing_key", where=_place(path), key=key)
        if exactly_one and sum(key in value for key in exactly_one) != 1:
            yield refusal("invoke_one_of", where=_place(path), keys=", ".join(exactly_one))
        for key, each in value.items():
            if key in members:
                yield from members[key](each, f"{path}/{key}" if path else key)
            else:
                yield refusal("invoke_extraneous_key", where=_place(path), key=key)

    return check


def check_body(body: Any, check: Check) -> None:
    """Raise the only refusal, or their number if there are several."""
    found = list(check(body, ""))
    if len(found) == 1:
        raise found[0]
    if found:
        raise refusal("invoke_many", found=len(found))
