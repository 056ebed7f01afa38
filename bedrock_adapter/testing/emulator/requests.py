"""Requests as the emulator sees them: the record kept for tests, and the Converse request under check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .tables import Family
from .targets import Target

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request that reached the emulator.

    Header names are lower case, ``model`` is percent-decoded, a body that is no JSON stays bytes.
    """

    operation: str
    model: str
    body: Any
    headers: Mapping[str, str]
    path: str
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Placed:
    """A content block and where it stands in the request: ``messages.i.content.j``."""

    i: int
    j: int
    block: Block

    @property
    def kind(self) -> str:
        """Its only member's name."""
        return next(iter(self.block), "")

    @property
    def value(self) -> Any:
        """Its only member."""
        return self.block[self.kind]


@dataclass(frozen=True, slots=True)
class Turn:
    """Consecutive messages of one role, which Bedrock merges."""

    role: str
    blocks: list[Placed]

    def of(self, kind: str) -> list[Placed]:
        """Its blocks of one kind."""
        return [each for each in self.blocks if each.kind == kind]

    @property
    def index(self) -> int:
        """Index of its first message."""
        return self.blocks[0].i if self.blocks else 0


@dataclass
class Ask:
    """A Converse, ConverseStream or CountTokens request whose shape has been checked."""

    operation: str
    target: Target
    body: dict[str, Any]

    @property
    def family(self) -> Family:
        """The rules that hold."""
        return self.target.family

    @property
    def streaming(self) -> bool:
        """Whether frames are asked for."""
        return self.operation == "ConverseStream"

    @cached_property
    def messages(self) -> list[dict[str, Any]]:
        """The messages as sent."""
        messages: list[dict[str, Any]] = self.body.get("messages") or []
        return messages

    @cached_property
    def turns(self) -> list[Turn]:
        """The messages merged by role; a system message between them stands in for a user's."""
        turns: list[Turn] = []
        for i, message in enumerate(self.messages):
            role = "user" if message["role"] == "system" else str(message["role"])
            placed = [Placed(i, j, block) for j, block in enumerate(message["content"])]
            if turns and turns[-1].role == role:
                turns[-1].blocks.extend(placed)
            else:
                turns.append(Turn(role, placed))
        return turns

    @property
    def blocks(self) -> list[Placed]:
        """All content blocks."""
        return [placed for turn in self.turns for placed in turn.blocks]

    @cached_property
    def system(self) -> list[Block]:
        """System content blocks."""
        blocks: list[Block] = self.body.get("system") or []
        return blocks

    @cached_property
    def inference(self) -> dict[str, Any]:
        """inferenceConfig."""
        config: dict[str, Any] = self.body.get("inferenceConfig") or {}
        return config

    @cached_property
    def additional(self) -> dict[str, Any]:
        """additionalModelRequestFields."""
        fields: dict[str, Any] = self.body.get("additionalModelRequestFields") or {}
        return fields

    @cached_property
    def tools(self) -> list[Block]:
        """The entries of toolConfig.tools."""
        tools: list[Block] = (self.body.get("toolConfig") or {}).get("tools") or []
        return tools

    @cached_property
    def specs(self) -> list[dict[str, Any]]:
        """The toolSpec entries."""
        return [tool["toolSpec"] for tool in self.tools if "toolSpec" in tool]

    @cached_property
    def tool_choice(self) -> dict[str, Any]:
        """toolConfig.toolChoice: one of auto, any, tool, or empty."""
        choice: dict[str, Any] = (self.body.get("toolConfig") or {}).get("toolChoice") or {}
        return choice

    @property
    def forced(self) -> bool:
        """Whether a tool call is demanded."""
        return "any" in self.tool_choice or "tool" in self.tool_choice
