"""Texts that are too long: what the client wants cut, and the cutting that a model does not do itself."""

from typing import Any

from bedrock_adapter import Call, RequestError
from bedrock_adapter_plugins.embeddings import fields

# Cohere's older names and the newer ones; case does not matter.
_NAMES = {"NONE": "NONE", "START": "START", "END": "END", "LEFT": "START", "RIGHT": "END"}
_NAMED_IN_NOTES = 10


def side_of(value: Any) -> str | None:
    """`NONE`, `START` or `END`; None where `value` says none of them."""
    return _NAMES.get(value.upper()) if isinstance(value, str) else None


def truncate(call: Call) -> None:
    """The client's wish, else the operator's."""
    wish = call.request.get("truncate")
    if wish is None:
        wish = call.route.settings.option(fields.NAME, "truncate", fields.TRUNCATE)
    side = side_of(wish)
    if side is None:
        raise RequestError(f"truncate must be NONE, START or END, not {wish!r}", param="truncate", code="invalid_value")
    call.body["truncate"] = side


def cut_texts(call: Call) -> None:
    """Keep each text within the most characters that the body's schema takes: a model's own truncation does not lift that.

    Source of the rule: Bedrock's refusal `expected maxLength: 2048` although `truncate` was set.
    """
    most, side = call.route.profile.embedding.max_characters, call.body["truncate"]
    inputs = call.body["inputs"]
    if most is None:
        return
    long = [index for index, item in enumerate(inputs) if isinstance(item, str) and len(item) > most]
    if not long:
        return
    if side == "NONE":
        raise RequestError(
            f"{_said(long)}: the model takes at most {most} characters in a text; shorten it, or set truncate to END or START",
            param=f"input[{long[0]}]",
            code="string_above_max_length",
        )
    for index in long:
        inputs[index] = inputs[index][:most] if side == "END" else inputs[index][-most:]
    kept = "first" if side == "END" else "last"
    call.note("input", "changed", f"{_said(long)}: only the {kept} {most} characters were embedded", fields.NAME)


def _said(positions: list[int]) -> str:
    named = ", ".join(f"input[{index}]" for index in positions[:_NAMED_IN_NOTES])
    more = len(positions) - _NAMED_IN_NOTES
    return f"{named} and {more} more" if more > 0 else named
