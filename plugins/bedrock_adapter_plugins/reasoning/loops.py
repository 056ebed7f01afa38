"""Thinking across the turns of a tool loop, for clients that send back only what OpenAI's API knows.

Bedrock wants the blocks of an assistant turn with tool calls back, unmodified and before the calls. They are kept when the
answer is complete, by (caller, model, tool-use id), and put back when the client sends the call without them.
"""

import hashlib
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bedrock_adapter import Call, json_codec
from bedrock_adapter.types import OBJECT, Json

from .plan import NAME
from .store import Kept

if TYPE_CHECKING:
    from bedrock_adapter.io import IO

_MOST_LOADS = 64
"""Older calls of a long conversation go without their thoughts."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whose thoughts, on which model, before which tool use."""

    identity: str
    model: str
    tool_use: str

    def digest(self) -> str:
        """The store's key: it tells nothing, and no part can run into the next."""
        return hashlib.sha256(json_codec.dumps([self.identity, self.model, self.tool_use])).hexdigest()


@dataclass(frozen=True, slots=True)
class LoadThinking:
    """The need for the thoughts before one tool use; None where they are not known."""

    place: Place
    kept: Kept = field(compare=False, repr=False)

    @property
    def key(self) -> Hashable:
        return ("thinking", self.place)

    async def load(self, io: "IO") -> bytes | None:
        return await self.kept.load(self.place.digest())


@dataclass(frozen=True, slots=True)
class SaveThinking:
    """Thoughts to be kept once an answer is complete."""

    place: Place
    value: bytes
    kept: Kept = field(repr=False)

    async def save(self, io: "IO") -> None:
        await self.kept.save(self.place.digest(), self.value)


@dataclass(frozen=True, slots=True)
class Thoughts:
    """The reasoning of one answer.

    Attributes:
        prefix: hash of the conversation that was sent before it.
        groups: Converse blocks by the tool use that they precede; "" for those at the start.
    """

    prefix: str
    groups: Mapping[str, Sequence[Json]]

    def dumps(self) -> bytes:
        return json_codec.dumps({"prefix": self.prefix, "groups": self.groups})

    @classmethod
    def loads(cls, value: Any) -> "Thoughts | None":
        """Stored thoughts; None for a miss, and for what is none of ours."""
        try:
            stored = json_codec.loads(value)
            groups = {str(name): [_checked(block) for block in blocks] for name, blocks in stored["groups"].items()}
            return cls(str(stored["prefix"]), groups)
        except (TypeError, ValueError, KeyError, AttributeError):
            return None

    def put_back(self, content: Sequence[Json]) -> list[Json]:
        """The blocks of an assistant turn with its reasoning where it was."""
        restored = list(self.groups.get("", ()))
        for block in content:
            if "toolUse" in block:
                restored += self.groups.get(block["toolUse"]["toolUseId"], ())
            restored.append(block)
        return restored


def _checked(block: Any) -> Json:
    reasoning = block["reasoningContent"]
    if not isinstance(reasoning.get("redactedContent", ""), str) or not isinstance(
        reasoning.get("reasoningText", {}), dict
    ):
        raise TypeError("no reasoning block")
    return {"reasoningContent": reasoning}


# -- loading ------------------------------------------------------------------------------------------------------


def missing(call: Call, kept: Kept) -> Iterator[LoadThinking]:
    """Needs for the newest assistant messages with tool calls that came without their thinking blocks."""
    messages = call.request.get("messages")
    found = 0
    for message in reversed(messages if isinstance(messages, list) else []):
        tool_use = _silent_call(message)
        if tool_use:
            yield LoadThinking(Place(call.context.identity, call.route.profile.base, tool_use), kept)
            found += 1
            if found == _MOST_LOADS:
                return


def _silent_call(message: Any) -> str:
    if not isinstance(message, OBJECT) or message.get("role") != "assistant" or message.get("thinking_blocks"):
        return ""
    calls = message.get("tool_calls")
    first = calls[0] if isinstance(calls, list) and calls else None
    name = first.get("id") if isinstance(first, OBJECT) else None
    return name if isinstance(name, str) else ""


def restore(call: Call, needs: Iterable[LoadThinking], prefixes: Sequence[str]) -> None:
    """Put loaded blocks back before the tool uses that they belong to.

    Args:
        prefixes: hashes of what stands before each turn; a model that binds blocks to their prefix refuses others.

    Raises:
        NeedsIO: a need was not loaded.
    """
    wanted = {need.place.tool_use: need for need in needs}
    for index, turn in enumerate(call.body.get("messages", ())):
        need = wanted.get(first_tool_use(turn)) if turn["role"] == "assistant" else None
        if need is None or any("reasoningContent" in block for block in turn["content"]):
            continue
        thoughts = Thoughts.loads(call.resource(need))
        if thoughts is None:
            continue
        if call.route.profile.reasoning.binds_prefix and thoughts.prefix != prefixes[index]:
            why = "the conversation before it has changed, and the model takes its thoughts back only unchanged"
            call.repair(f"messages (tool call {need.place.tool_use})", "ignored", why, NAME)
            continue
        turn["content"] = thoughts.put_back(turn["content"])


def first_tool_use(turn: Json) -> str:
    """The id of a turn's first tool use, "" where it has none."""
    return next((block["toolUse"]["toolUseId"] for block in turn["content"] if "toolUse" in block), "")


def loop_lacks_thinking(turns: Sequence[Json]) -> bool:
    """Whether the conversation ends within a tool loop whose first assistant turn does not start with reasoning.

    Bedrock's rule 21 (bedrock-api 12.3), for thinking by a budget.
    """
    at = len(turns) - 1
    while at >= 1 and turns[at]["role"] == "user" and any("toolResult" in block for block in turns[at]["content"]):
        at -= 2
    first = at + 1
    if first >= len(turns) - 1 or turns[first]["role"] != "assistant":
        return False
    return "reasoningContent" not in turns[first]["content"][0]


# -- the sent prefix ----------------------------------------------------------------------------------------------


def prefixes_of(body: Json) -> list[str]:
    """Hashes of what stands before each turn, and last of the whole conversation.

    Taken when the messages and tools of a request stand, before reasoning is put back: so it is the same on the next turn
    if nothing has changed. Cache points and reasoning may come and go.
    """
    running = hashlib.sha256(
        json_codec.dumps([_lasting(body.get("system", ())), _lasting(body.get("toolConfig", {}).get("tools", ()))])
    )
    found = [running.hexdigest()]
    for turn in body.get("messages", ()):
        running.update(json_codec.dumps([turn["role"], _lasting(turn["content"])]))
        found.append(running.hexdigest())
    return found


def _lasting(blocks: Iterable[Json]) -> list[Json]:
    return [block for block in blocks if "cachePoint" not in block and "reasoningContent" not in block]
