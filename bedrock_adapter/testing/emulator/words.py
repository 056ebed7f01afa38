"""Answers in words: a few known questions, what tools returned, and an acknowledgement of everything else."""

from __future__ import annotations

import ast
import base64
import operator
import re
from collections.abc import Callable
from typing import Any

from .calls import Done, done, question
from .instances import CAPITALS
from .requests import Ask, Block

_LIMIT = 120  # words of the user's that an answer repeats
_OPERATORS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
ARITHMETIC = re.compile(r"\d+(?:\.\d+)?(?:\s*[-+*/\u00d7x]\s*\d+(?:\.\d+)?)+")


def answer(ask: Ask) -> str:
    """What the model says when it calls no tool."""
    asked, results = question(ask), done(ask)
    if results:
        return "\n".join(_result(each) for each in results)
    said = [_known(asked) or _echo(asked), *_seen(ask)]
    return " ".join(each for each in said if each)


def _echo(asked: str) -> str:
    said = asked.split()
    if not said:
        return "Hello!"
    shown = " ".join(said) if len(said) <= _LIMIT else " ".join(said[:_LIMIT]) + " …"
    return f"You said: {shown}"


def _known(asked: str) -> str:
    plain = asked.strip().lower().rstrip("?!. ")
    capital = re.match(r"(?:what is|what's|name) the capital (?:city )?of (\w+)", plain)
    if capital and capital[1] in CAPITALS:
        return f"The capital of {capital[1].title()} is {CAPITALS[capital[1]]}."
    if re.fullmatch(r"(?:hello|hi|hey)(?: there)?", plain):
        return "Hello! How can I help you today?"
    counting = re.fullmatch(r"(?:please )?count (?:from 1 |from one )?(?:up )?to (\d{1,3})", plain)
    if counting:
        return ", ".join(str(number) for number in range(1, int(counting[1]) + 1)) + "."
    repeat = re.fullmatch(
        r"(?:please )?(?:say|repeat|reply with|answer with)(?: exactly| only)?:? (.+)", asked.strip(), re.IGNORECASE
    )
    if repeat:
        return repeat[1].strip("\"'\u201c\u201d")
    sum_ = ARITHMETIC.search(asked)
    if sum_ and plain.startswith(("what is", "what's", "calculate", "compute")):
        return f"{sum_[0]} = {calculate(sum_[0])}"
    return ""


def calculate(expression: str) -> str:
    """The value of a sum of plain numbers."""
    tree = ast.parse(expression.replace("\u00d7", "*").replace("x", "*"), mode="eval")
    try:
        value = _evaluate(tree.body)
    except ZeroDivisionError:
        return "undefined"
    return str(int(value)) if float(value).is_integer() else str(value)


def _evaluate(node: ast.expr) -> Any:
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_evaluate(node.left), _evaluate(node.right))
    assert isinstance(node, ast.Constant)
    return node.value


def _result(call: Done) -> str:
    given = ", ".join(f"{name}: {value}" for name, value in call.input.items())
    label = f"{call.name} ({given})" if given else call.name
    if call.failed:
        return f"{label} failed: {call.result}"
    seen = [_media(part) for part in call.parts if "image" in part or "document" in part]
    text = "; ".join(each for each in [" ".join(call.result.split()), *seen] if each)
    return f"According to {label}: {text or 'nothing'}"


def _seen(ask: Ask) -> list[str]:
    """A sentence for each image, document, video and audio of the last user turn."""
    last = ask.turns[-1].blocks if ask.turns else []
    return [f"I received {_media(placed.block)}." for placed in last if placed.kind in _MEDIA]


_MEDIA = {"image": "an image", "document": "the document", "video": "a video", "audio": "a sound recording"}


def _media(block: Block) -> str:
    kind = next(iter(block))
    value = block[kind]
    source = value.get("source") or {}
    name = f' "{value["name"]}"' if "name" in value else ""
    if "bytes" in source:
        size = f"{len(base64.b64decode(source['bytes']))} bytes"
    else:
        size = str((source.get("s3Location") or {}).get("uri", "text"))
    return f"{_MEDIA[kind]}{name} ({value.get('format', 'txt')}, {size})"
