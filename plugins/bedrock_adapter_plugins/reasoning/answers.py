"""What is done with reasoning in answers, streamed or not: kept, counted, and told as the operator wants."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bedrock_adapter import Call, Route, Stage, StreamStep
from bedrock_adapter.streaming import fold_thinking
from bedrock_adapter.types import Chunk, Json

from .loops import Place, SaveThinking, Thoughts
from .plan import NAME
from .store import Kept
from .tags import TagSplitter, ThinkTags

_CHARACTERS_A_TOKEN = 4  # OpenAI's rule of thumb for English text


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where the thoughts of an answer go; left in `call.state` by the request step.

    Attributes:
        kept: the store.
        prefix: hash of the conversation sent.
    """

    kept: Kept
    prefix: str


def stream_steps(route: Route) -> list[StreamStep]:
    """Splitting of tags first, then keeping and counting, last the form that the client sees."""
    settings, profile = route.settings, route.profile
    steps = []
    splits = bool(profile.reasoning.text_tags) and settings.option(NAME, "split_tags", False)
    if splits:
        steps.append(StreamStep(Stage.REASONING, lambda call: TagSplitter(profile.reasoning.text_tags), "split_tags"))
    if splits or profile.reasoning.shape != "none" or not profile.known:
        steps.append(StreamStep(Stage.REASONING, Observer, "keep_and_count"))
    if shows_tags(route):
        steps.append(StreamStep(Stage.REASONING, lambda call: ThinkTags(), "think_tags"))
    return steps


def shows_tags(route: Route) -> bool:
    """Whether thoughts are told as `<think>` tags within the text: by option, or for single models by `extra.think_tags`."""
    return bool(route.settings.option(NAME, "think_tags", bool(route.profile.extra.get("think_tags", False))))


@dataclass(slots=True)
class _Seen:
    """What has come of an answer."""

    groups: dict[str, list[Json]] = field(default_factory=dict)
    open: list[Json] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    shown: bool = False
    thought: int = 0  # characters
    said: int = 0
    hidden: bool = False


class Observer:
    """Keeps the thinking blocks of an answer that calls tools, and says how many tokens were thought."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._keeping: Keeping | None = call.state.get(NAME)
        self._seen = _Seen()
        self._fields: Json = {}

    def __call__(self, chunk: Chunk) -> Chunk:
        for choice in chunk["choices"]:
            if delta := choice["delta"]:
                self._watch(delta)
            if choice["finish_reason"]:
                self._fields = chunk.get("bedrock", {}).get("additional_model_response_fields") or {}
                self._keep()
        if not chunk["choices"] and "usage" in chunk:
            self._count(chunk["usage"])
        return chunk

    def _watch(self, delta: Json) -> None:
        seen = self._seen
        for block in delta.get("thinking_blocks") or ():
            fold_thinking(seen.open, block)
            if block["type"] == "redacted_thinking" or (block.get("signature") and not seen.open[-1].get("thinking")):
                seen.hidden = True
        seen.thought += len(delta.get("reasoning_content") or "")
        if text := delta.get("content"):
            seen.said += len(text)
            self._place("")
            seen.shown = True
        for part in delta.get("tool_calls") or ():
            if name := part.get("id"):
                self._place(name)
                seen.calls.append(name)
                seen.shown = True
            seen.said += len((part.get("function") or {}).get("arguments") or "")

    def _place(self, before: str) -> None:
        """Close a group: what stands at the start, or before a tool use. Text in the middle has no name of its own."""
        seen = self._seen
        if seen.open and (before or not seen.shown):
            seen.groups.setdefault(before if seen.shown else "", []).extend(seen.open)
            seen.open = []

    def _keep(self) -> None:
        takes = self._call.route.profile.reasoning.replay
        groups = {
            name: blocks
            for name, group in self._seen.groups.items()
            if (blocks := [block for item in group for block in _wire(item, takes)])
        }
        if self._keeping is None or not groups:
            return
        value = Thoughts(self._keeping.prefix, groups).dumps()
        call = self._call
        for tool_use in self._seen.calls:
            place = Place(call.context.identity, call.route.profile.base, tool_use)
            call.saves.append(SaveThinking(place, value, self._keeping.kept))

    def _count(self, usage: Json) -> None:
        tokens = _told(self._fields, self._call.route.profile.reasoning.token_count_path)
        if tokens is None:
            if not self._seen.thought and not self._seen.hidden:
                return
            tokens = self._estimate(usage.get("completion_tokens") or 0)
            why = "an estimate: Bedrock does not tell how many of this model's tokens were thought"
            self._call.repair("usage.completion_tokens_details.reasoning_tokens", "added", why, NAME)
        usage["completion_tokens_details"] = {**usage.get("completion_tokens_details", {}), "reasoning_tokens": tokens}

    def _estimate(self, completion: int) -> int:
        """By characters: the share of the thoughts in what was counted, or what is left beside the visible text."""
        thought, said = self._seen.thought, self._seen.said
        if not completion:
            return -(-thought // _CHARACTERS_A_TOKEN)
        if thought and not self._seen.hidden:
            return round(completion * thought / (thought + said))
        return max(0, completion - -(-said // _CHARACTERS_A_TOKEN))


def _wire(block: Json, takes: tuple[str, ...]) -> Iterator[Json]:
    """A block in Converse's words, if the model takes its kind back."""
    if block["type"] == "redacted_thinking":
        if "redacted" in takes:
            yield {"reasoningContent": {"redactedContent": block["data"]}}
    elif block.get("signature") and "signed" in takes:
        text = {"text": block.get("thinking") or "", "signature": block["signature"]}
        yield {"reasoningContent": {"reasoningText": text}}


def _told(fields: Any, path: str) -> int | None:
    """The number at a JSON pointer into additionalModelResponseFields, or in its `thinking_tokens`."""
    if not path:
        return None
    for name in path.strip("/").split("/"):
        fields = fields.get(name) if isinstance(fields, dict) else None
    tokens = fields.get("thinking_tokens") if isinstance(fields, dict) else fields
    return tokens if isinstance(tokens, int) and not isinstance(tokens, bool) else None
