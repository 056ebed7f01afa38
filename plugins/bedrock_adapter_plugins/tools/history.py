"""Pairing: every call of an assistant turn answered in the next user turn, once, first, in the order of the calls.

Bedrock refuses anything else; clients send everything else. Rules 6 and 8 to 10: "Expected toolResult blocks …", "The number of
toolResult blocks … exceeds …", "… contain duplicate Ids".
"""

from dataclasses import dataclass

from bedrock_adapter import Call, json_codec
from bedrock_adapter.types import Json

from .definitions import NAME
from .toolbox import toolbox

UNANSWERED = "There is no result: the call was interrupted."


@dataclass(slots=True)
class _Call:
    """A toolUse block, the turn it stands in, and its result."""

    turn: int
    use: Json
    result: Json | None = None


class Pairing:
    """One repair of a conversation's turns; `turns` are the repaired ones, the blocks of the old ones unchanged."""

    def __init__(self, call: Call, turns: list[Json]) -> None:
        self._call = call
        self._calls: list[_Call] = []
        self._by_id: dict[str, list[_Call]] = {}
        self._said: set[str] = set()
        content = [self._called(index, turn) for index, turn in enumerate(turns)]
        content = [
            self._answered(index, blocks) if turns[index]["role"] == "user" else blocks
            for index, blocks in enumerate(content)
        ]
        self._rename()
        self.turns = self._rebuilt([turn["role"] for turn in turns], content)

    def _say(self, action: str, reason: str) -> None:
        if reason not in self._said:
            self._said.add(reason)
            self._call.repair("messages", action, reason, NAME)

    def _called(self, index: int, turn: Json) -> list[Json]:
        """Collect the calls of a turn; a call sent twice is one."""
        if turn["role"] != "assistant":
            return list(turn["content"])
        blocks: list[Json] = []
        seen: dict[str, list[Json]] = {}
        for block in turn["content"]:
            use = block.get("toolUse")
            if use is None or "type" in use:
                blocks.append(block)
            elif block in seen.setdefault(use["toolUseId"], []):
                self._say("dropped", "one tool call was there twice in a message")
            else:
                entry = _Call(index, dict(use))
                self._calls.append(entry)
                self._by_id.setdefault(use["toolUseId"], []).append(entry)
                blocks.append({"toolUse": entry.use})
                seen[use["toolUseId"]].append(block)
        return blocks

    def _answered(self, index: int, content: list[Json]) -> list[Json]:
        """Take the results of a user turn to their calls; what answers no call stays, as text."""
        rest: list[Json] = []
        for block in content:
            result = block.get("toolResult")
            if result is None:
                rest.append(block)
                continue
            entry = self._call_of(result["toolUseId"], index)
            if entry is None:
                self._say("changed", "a tool result answers no call; it was turned into text")
                rest += as_text(result)
            else:
                self._answer(entry, result)
                if entry.turn != index - 1:
                    self._say("moved", "a tool result did not follow its call; it was moved there")
        return rest

    def _call_of(self, id_: str, index: int) -> _Call | None:
        """The call that a result in turn `index` answers: the nearest open one before it, else one that follows."""
        calls = self._by_id.get(id_, [])
        earlier = [entry for entry in calls if entry.turn < index]
        unanswered = [entry for entry in earlier if entry.result is None]
        if unanswered:
            nearest = max(entry.turn for entry in unanswered)
            return next(entry for entry in unanswered if entry.turn == nearest)
        later = [entry for entry in calls if entry.turn > index and entry.result is None]
        return later[0] if later and not earlier else earlier[-1] if earlier else None

    def _answer(self, entry: _Call, result: Json) -> None:
        if entry.result is None:
            entry.result = dict(result)
        elif entry.result == result:
            self._say("dropped", "one tool result was there twice")
        else:
            entry.result["content"] = [*entry.result["content"], *result["content"]]
            if "status" in result:
                entry.result["status"] = result["status"]
            self._say("changed", "a call had several results; they were joined")

    def _rename(self) -> None:
        """Give calls that share an id different ones, each with its result."""
        taken = set(self._by_id)
        for id_, calls in self._by_id.items():
            for number, entry in enumerate(calls[1:], 2):
                self._say("changed", "different tool calls had one id; the later ones got others")
                fresh = self._fresh(id_, number, taken)
                entry.use["toolUseId"] = fresh
                toolbox(self._call).ids.alias(fresh, id_)
        for entry in self._calls:
            if entry.result is not None:
                entry.result["toolUseId"] = entry.use["toolUseId"]

    def _fresh(self, id_: str, number: int, taken: set[str]) -> str:
        ids = toolbox(self._call).ids
        candidates = (ids.made(f"{id_}\n{number}\n{salt}") for salt in range(len(taken) + 1))
        fresh = next(each for each in candidates if each not in taken)
        taken.add(fresh)
        return fresh

    def _rebuilt(self, roles: list[str], content: list[list[Json]]) -> list[Json]:
        """The turns with each call's result at the head of the turn after it."""
        results: dict[int, list[Json]] = {}
        for entry in self._calls:
            results.setdefault(entry.turn + 1, []).append({"toolResult": entry.result or self._missing(entry)})
        if len(roles) in results:
            roles, content = [*roles, "user"], [*content, []]
        turns: list[Json] = []
        for index, (role, blocks) in enumerate(zip(roles, content, strict=True)):
            blocks = [*results.get(index, ()), *blocks]  # noqa: PLW2901
            if all("cachePoint" in block for block in blocks):
                continue
            if turns and turns[-1]["role"] == role:
                turns[-1]["content"] += blocks
            else:
                turns.append({"role": role, "content": blocks})
        return turns

    def _missing(self, entry: _Call) -> Json:
        self._say("added", "a tool call had no result; one that says so was added")
        result: Json = {"toolUseId": entry.use["toolUseId"], "content": [{"text": UNANSWERED}]}
        if self._call.route.profile.tools.result_status:
            result["status"] = "error"
        return result


def as_text(result: Json) -> list[Json]:
    """A toolResult's content without the toolResult: text that says what it is, and media as they are."""
    texts: list[str] = []
    media: list[Json] = []
    for block in result["content"]:
        if "text" in block:
            texts.append(block["text"])
        elif "json" in block:
            texts.append(json_codec.dumps(block["json"]).decode())
        else:
            media.append(block)
    return [{"text": "\n".join([f"Result of the tool call {result['toolUseId']}:", *texts])}, *media]
