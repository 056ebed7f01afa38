"""OpenAI messages to Converse turns.

Other plugins add kinds of content through `bedrock_content_converters`; here are text, and the rules every conversation has:
no blank text, merged turns, a user turn first, and last unless the model continues an assistant's.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from bedrock_adapter import Call, Converter, RequestError, Route, Stage, Step, hookimpl
from bedrock_adapter.types import OBJECT, Json

NAME = "messages"
# What OpenAI's messages have beside what converters take; `status` and `is_error` are of tool results.
_KNOWN = frozenset({"role", "content", "name", "id", "tool_call_id", "status", "is_error", "audio"})
_FILLER = "."  # the shortest text that is not blank
_NO_PREFILL = "messages.no_prefill"
_CONTINUE = "Please continue from where you left off."


@hookimpl
def bedrock_content_converters(route: Route) -> list[Converter]:
    return [
        Converter("part", "text", _text, members=frozenset({"text"})),
        Converter("part", "refusal", _refusal, members=frozenset({"refusal"})),
        Converter("field", "refusal", _refusal_field),
    ]


@hookimpl
def bedrock_transform_request(route: Route) -> list[Step]:
    rules = route.profile.conversation

    def turns(call: Call) -> None:
        _first_turn(call, allowed=rules.leading_assistant)
        _last_turn(call, prefill=rules.prefill and _NO_PREFILL not in call.state)

    return [
        Step(Stage.MESSAGES, conversation, handles=frozenset({"model", "messages"})),
        Step(Stage.FINAL, turns),
    ]


def _text(call: Call, part: Mapping[str, Any], path: str) -> list[Json]:
    text = part.get("text")
    if not isinstance(text, str):
        raise RequestError(f"{path}.text must be a string", param=f"{path}.text", code="invalid_type")
    return [{"text": text}]


def _refusal(call: Call, part: Mapping[str, Any], path: str) -> list[Json]:
    return _refusal_field(call, part.get("refusal"), f"{path}.refusal")


def _refusal_field(call: Call, text: Any, path: str) -> list[Json]:
    if text is None:
        return []
    if not isinstance(text, str):
        raise RequestError(f"{path} must be a string", param=path, code="invalid_type")
    return [{"text": text}]


def forbid_prefill(call: Call) -> None:
    """Have this request end with a user turn, whatever the model takes otherwise."""
    call.state[_NO_PREFILL] = True


def conversation(call: Call) -> None:
    """Fill `body["messages"]` and `body["system"]`."""
    Conversation(call).convert()


class Conversation:
    """One pass over `messages`."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.converters = call.route.converters
        self.known = _KNOWN.union(name for kind, name in self.converters if kind in ("field", "mark"))
        self.system: list[Json] = []
        self.turns: list[Json] = []

    def convert(self) -> None:
        messages = self.call.request.get("messages")
        if not isinstance(messages, list) or not messages:
            raise RequestError("messages must be a non-empty list", param="messages", code="invalid_type")
        for index, message in enumerate(messages):
            self._message(message, f"messages[{index}]")
        self._finish()

    def _message(self, message: Any, path: str) -> None:
        if not isinstance(message, OBJECT):
            raise RequestError(f"{path} must be an object", param=path, code="invalid_type")
        role = message.get("role", "")
        if not message.keys() <= self.known:
            self._unknown(message, path)
        if message.get("name") is not None and role in ("user", "system", "developer", "assistant"):
            self.call.note(f"{path}.name", "ignored", "Converse messages carry no name", NAME)
        if role == "user":
            self._add("user", self._content(message, path))
        elif role == "assistant":
            self._add("assistant", self._assistant(message, path))
        elif role in ("system", "developer"):
            self._system(message, path)
        elif isinstance(role, str) and ("role", role) in self.converters:
            blocks = self.converters["role", role].convert(self.call, message, path)
            self._add("user", [*blocks, *self._marked(message, path)])
        else:
            known = [
                "system",
                "developer",
                "user",
                "assistant",
                *(name for kind, name in self.converters if kind == "role"),
            ]
            raise RequestError(
                f"{path}.role is {role!r}; supported are {', '.join(sorted(known))}",
                param=f"{path}.role",
                code="invalid_value",
            )

    def _unknown(self, message: Mapping[str, Any], path: str) -> None:
        """Members that Converse has no place for, mostly of answers sent back as they came: never an error."""
        self._ignored(message, message.keys() - self.known, path)

    def _ignored(self, item: Mapping[str, Any], names: Iterable[str], path: str) -> None:
        for name in sorted(names):
            if item[name] not in (None, [], {}, ""):
                self.call.repair(f"{path}.{name}", "ignored", "Bedrock takes no such member", NAME)

    def _assistant(self, message: Mapping[str, Any], path: str) -> list[Json]:
        route = self.call.route
        if message.get("audio") is not None:
            self.call.note(f"{path}.audio", "ignored", "Bedrock keeps no audio of earlier answers", NAME)
        blocks = [*self._fields(route.before, message, path), *self._content(message, path, marks=False)]
        return [*blocks, *self._fields(route.after, message, path), *self._marked(message, path)]

    def _fields(self, converters: Iterable[Converter], message: Mapping[str, Any], path: str) -> list[Json]:
        """The blocks of fields that the message has, or of marks."""
        blocks: list[Json] = []
        for converter in converters:
            value = message.get(converter.name)
            if value is not None:
                blocks += converter.convert(self.call, value, f"{path}.{converter.name}")
        return blocks

    def _content(self, message: Mapping[str, Any], path: str, *, marks: bool = True) -> list[Json]:
        content = message.get("content")
        marked = self._marked(message, path) if marks else []
        if content is None:
            return marked
        if isinstance(content, str):
            return [{"text": content}, *marked] if content and not content.isspace() else marked
        if not isinstance(content, list):
            raise RequestError(
                f"{path}.content must be a string or a list of parts", param=f"{path}.content", code="invalid_type"
            )
        return [
            *(block for i, part in enumerate(content) for block in self.part(part, f"{path}.content[{i}]")),
            *marked,
        ]

    def part(self, part: Any, path: str) -> list[Json]:
        """The blocks of one content part, blank text left out, cache marks after it."""
        if isinstance(part, str):
            part = {"type": "text", "text": part}
        if not isinstance(part, OBJECT):
            raise RequestError(f"{path} must be an object", param=path, code="invalid_type")
        kind = part.get("type", "")
        converter = self.converters.get(("part", kind)) if isinstance(kind, str) else None
        if converter is None:
            known = ", ".join(sorted(name for kind, name in self.converters if kind == "part"))
            raise RequestError(
                f"{path}.type is {part.get('type')!r}; supported are {known}",
                param=f"{path}.type",
                code="invalid_value",
            )
        if converter.members is not None and len(part) > 1 + len(converter.members):
            self._ignored(part, part.keys() - converter.members - self.known - {"type"}, path)
        blocks = [block for block in converter.convert(self.call, part, path) if not _blank(block)]
        return [*blocks, *self._marked(part, path)]

    def _marked(self, item: Mapping[str, Any], path: str) -> list[Json]:
        return self._fields(self.call.route.marks, item, path)

    def _system(self, message: Mapping[str, Any], path: str) -> None:
        blocks = self._content(message, path)
        for block in blocks:
            if "text" not in block and "cachePoint" not in block:
                raise RequestError(
                    f"{path}: a {message['role']} message takes text only",
                    param=f"{path}.content",
                    code="invalid_value",
                )
        if not self.turns and self.call.route.profile.conversation.system:
            self.system += blocks
            return
        text = "\n".join(block["text"] for block in blocks if "text" in block)
        if text:
            reason = (
                "the model takes no system prompt"
                if not self.turns
                else "Converse takes a system prompt only at the start"
            )
            self.call.repair(path, "moved", f"{reason}; it was put into the user's turn in <system> tags", NAME)
            self._add("user", [{"text": f"<system>\n{text}\n</system>"}])

    def _add(self, role: str, blocks: list[Json]) -> None:
        """Append to the conversation; turns of one role merge, since Converse wants them to alternate."""
        if not blocks:
            return
        if self.turns and self.turns[-1]["role"] == role:
            self.turns[-1]["content"] += blocks
        else:
            self.turns.append({"role": role, "content": blocks})

    def _finish(self) -> None:
        if self.system:
            self.call.body["system"] = self.system
        if not self.turns:
            if not self.system:
                raise RequestError(
                    "messages hold no text: every message is blank", param="messages", code="invalid_value"
                )
            self.call.repair("messages", "added", "there was no user message; an almost empty one was added", NAME)
            self._add("user", [{"text": _FILLER}])
        self.call.body["messages"] = self.turns


def _blank(block: Json) -> bool:
    text = block.get("text")
    return isinstance(text, str) and (not text or text.isspace())


def _first_turn(call: Call, *, allowed: bool) -> None:
    turns = call.body["messages"]
    if turns and turns[0]["role"] == "assistant" and not allowed:
        call.repair("messages", "added", "the model wants a user turn first; an almost empty one was added", NAME)
        turns.insert(0, {"role": "user", "content": [{"text": _FILLER}]})


def _last_turn(call: Call, *, prefill: bool) -> None:
    turns = call.body["messages"]
    if not turns or turns[-1]["role"] != "assistant":
        return
    if not prefill or "text" not in turns[-1]["content"][-1]:
        call.repair(
            "messages",
            "added",
            "the model does not continue an assistant turn; a user turn that asks for it was added",
            NAME,
        )
        turns.append({"role": "user", "content": [{"text": _CONTINUE}]})
        return
    block = turns[-1]["content"][-1]
    stripped = block["text"].rstrip()
    if stripped != block["text"]:
        call.repair(
            "messages", "changed", "white space at the end of the prefill was removed; the model refuses it", NAME
        )
        turns[-1]["content"][-1] = {"text": stripped}
