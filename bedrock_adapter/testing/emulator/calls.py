"""Which tools an answer calls, and with what: by the words that a question shares with a tool's name and description."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

from .frames import dumps
from .instances import PLACE_WORDS, Filler, places, words
from .requests import Ask, Block, Placed
from .tokens import document_text

_STOP = frozenset(
    re.findall(
        r"\w+",
        """a an and are at be by call can current currently do does find for from get give given has have how i in into is
        it its like look me my need now of on or please show tell that the then there this to today tool use using user
        value want was what when where which who will with you your""",
    )
)


@dataclass(slots=True)
class Done:
    """A tool call of the running loop and its result."""

    name: str
    input: dict[str, Any]
    result: str
    failed: bool = False
    parts: list[Block] = field(default_factory=list)


def question(ask: Ask) -> str:
    """The last thing that the user said in words."""
    for turn in reversed(ask.turns):
        said = [text for text in map(_said, turn.blocks) if text] if turn.role == "user" else []
        if said:
            return "\n".join(said)
    variables: dict[str, Block] = ask.body.get("promptVariables") or {}
    return "\n".join(f"{name}: {value.get('text', '')}" for name, value in variables.items())


def _said(placed: Placed) -> str:
    if placed.kind == "text":
        return str(placed.value)
    if placed.kind == "guardContent" and "text" in placed.value:
        return str(placed.value["text"]["text"])
    return ""


def done(ask: Ask) -> list[Done]:
    """Calls and results since the user last spoke; empty unless the last turn brings a result."""
    if not ask.turns or not ask.turns[-1].of("toolResult"):
        return []
    uses: dict[str, dict[str, Any]] = {}
    found: list[Done] = []
    for turn in ask.turns:
        if turn.role == "user" and not turn.of("toolResult"):
            found.clear()
        for placed in turn.of("toolUse"):
            uses[placed.value["toolUseId"]] = placed.value
        for placed in turn.of("toolResult") if turn.role == "user" else []:
            use = uses.get(placed.value["toolUseId"], {"name": "tool", "input": {}})
            content = placed.value["content"]
            failed = placed.value.get("status") == "error"
            found.append(Done(use["name"], use["input"], _result_text(content), failed, content))
    return found


def _result_text(content: list[Block]) -> str:
    said = []
    for part in content:
        if "text" in part:
            said.append(str(part["text"]))
        elif "json" in part:
            said.append(json.dumps(part["json"], ensure_ascii=False))
        elif "document" in part:
            said.append(document_text(part["document"]))
    return "\n".join(said)


def plan(ask: Ask) -> list[Block]:
    """The toolUse blocks of the answer; none if it is to be given in words."""
    native = ask.additional.get("tool_choice", {})
    if not ask.specs or native.get("type") == "none":
        return []
    asked, before = question(ask), done(ask)
    forced = ask.forced or native.get("type") in ("any", "tool")
    spec = _named(ask, ask.tool_choice.get("tool", native).get("name")) or _best(ask.specs, asked, forced)
    if spec is None or (not forced and spec["name"] in {each.name for each in before}):
        return []
    single = bool(native.get("disable_parallel_tool_use"))
    return _calls(ask, spec, asked, before, forced=forced, single=single)


def _named(ask: Ask, name: str | None) -> dict[str, Any] | None:
    return next((spec for spec in ask.specs if spec["name"] == name), None)


def _stem(word: str) -> str:
    for suffix in ("ing", "es", "s"):
        if word.endswith(suffix) and len(word) - len(suffix) > 3:
            return word[: -len(suffix)]
    return word


def _content_words(text: str) -> set[str]:
    return {_stem(word) for word in words(text) if word not in _STOP}


def _score(spec: dict[str, Any], asked: set[str]) -> int:
    properties = " ".join(spec["inputSchema"]["json"].get("properties") or {})
    about = _content_words(str(spec.get("description", ""))) | _content_words(properties)
    return 3 * len(asked & _content_words(spec["name"])) + len(asked & about)


def _best(specs: list[dict[str, Any]], asked: str, forced: bool) -> dict[str, Any] | None:
    scored = [(_score(spec, _content_words(asked)), spec) for spec in specs]
    best = max(scored, key=lambda each: each[0])
    return best[1] if best[0] > 0 or forced else None


def _calls(
    ask: Ask, spec: dict[str, Any], asked: str, before: list[Done], *, forced: bool, single: bool
) -> list[Block]:
    known = _known(spec, before)
    found = [] if single else places(asked)
    if _by_place(spec) and len(found) > 1:
        return [
            _use(ask, spec, Filler(_schema(spec), asked, place=place).fill(), index)
            for index, place in enumerate(found)
        ]
    filler = Filler(_schema(spec), asked, known=known)
    arguments = filler.fill()
    if filler.missing and not forced:
        helper = _helper(ask, spec, filler.missing, {each.name for each in before})
        if helper is not None:
            return [_use(ask, helper, Filler(_schema(helper), asked).fill(), 0)]
    return [_use(ask, spec, arguments, 0)]


def _schema(spec: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = spec["inputSchema"]["json"]
    return schema


def _by_place(spec: dict[str, Any]) -> bool:
    properties = _schema(spec).get("properties") or {}
    return any(
        set(words(name)) & PLACE_WORDS and isinstance(each, dict) and each.get("type") == "string"
        for name, each in properties.items()
    )


def _helper(ask: Ask, spec: dict[str, Any], missing: list[str], called: set[str]) -> dict[str, Any] | None:
    """A tool that needs nothing and is named after what is missing: get_current_location for ``location``."""
    for other in ask.specs:
        needs = _schema(other).get("required") or []
        if other["name"] in called or other is spec or needs:
            continue
        if any(set(words(name)) & set(words(other["name"])) for name in missing):
            return other
    return None


def _known(spec: dict[str, Any], before: list[Done]) -> dict[str, Any]:
    """Properties that earlier results answer, by the names of the tools or the keys of their JSON."""
    known: dict[str, Any] = {}
    for name in _schema(spec).get("properties") or {}:
        for each in before:
            value = _answer_to(name, each)
            if value is not None and not each.failed:
                known[name] = value
    return known


def _answer_to(name: str, call: Done) -> Any:
    try:
        data = json.loads(call.result)
    except ValueError:
        data = call.result
    related = bool(set(words(name)) & set(words(call.name)))
    if isinstance(data, dict):
        if name in data:
            return data[name]
        return next((value for value in data.values() if isinstance(value, str)), None) if related else None
    return data if related and isinstance(data, str) else None


def _use_id(ask: Ask, name: str, index: int) -> str:
    if ask.family.tool_use_id == "functions":
        before = sum(len(turn.of("toolUse")) for turn in ask.turns)
        return f"functions.{name}:{before + index}"[:64]
    return use_id(ask.messages, name, index)


def use_id(*parts: object) -> str:
    """A tool use id that depends on the request alone."""
    return "tooluse_" + hashlib.sha256(dumps(parts)).hexdigest()[:22]


def _use(ask: Ask, spec: dict[str, Any], arguments: Any, index: int) -> Block:
    use: dict[str, Any] = {
        "toolUseId": _use_id(ask, spec["name"], index),
        "name": spec["name"],
        "input": arguments,
    }
    if ask.family.tool_use_type:
        use["type"] = "tool_use"
    return {"toolUse": use}
