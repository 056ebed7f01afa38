"""Token integers as the `input` of an embedding request: the text that they stand for.

A flat list of integers is one input, a list of lists is several. Which encoding they are of is told by, in this order, the
alias's `encoding`, the OpenAI name that the client asked for (`text-embedding-3-small`), `options.tokens.encoding`
(`cl100k_base`).
"""

import asyncio
import json
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bedrock_adapter import Call, Settings, Stage, Step, hookimpl
from bedrock_adapter.errors import TokenDecodeError
from bedrock_adapter.types import Json
from bedrock_adapter_plugins.tokens.encodings import ENCODINGS, Table, availability, load_table, named

if TYPE_CHECKING:
    from bedrock_adapter.io import IO

__all__ = ["TokenTable", "availability"]

NAME = "tokens"
DEFAULT = "cl100k_base"


@hookimpl
def bedrock_configure(settings: Settings) -> None:
    """Names of encodings are checked when an adapter is built; their files are read when first needed."""
    named(settings.option(NAME, "encoding", DEFAULT), "options.tokens.encoding")
    for alias in settings.aliases:
        if alias.encoding:
            named(alias.encoding, f"aliases.{alias.name}.encoding")


@hookimpl
def bedrock_diagnose() -> list[Json]:
    """Which encodings can be had without a network, and from where."""
    return [
        {"check": f"encoding {row['encoding']}", "state": "ok" if row["offline"] else "note", "detail": row["source"]}
        for row in availability()
    ]


@hookimpl
def bedrock_transform_request() -> Step:
    return Step(Stage.IDENTITY, decode_tokens, needs=needs, operation="embeddings")


@dataclass(frozen=True, slots=True)
class TokenTable:
    """The need for the table of an encoding. Loaded in a thread, once in a process.

    Attributes:
        model: the name that the client asked for; where it is one of OpenAI's, its encoding is taken.
        otherwise: the encoding for all other names.
    """

    model: str
    otherwise: str

    @property
    def key(self) -> Hashable:
        return (NAME, self.model, self.otherwise)

    async def load(self, io: "IO | None") -> Table:
        return await asyncio.to_thread(self._load)

    def _load(self) -> Table:
        return load_table(_encoding_of_openai(self.model) or self.otherwise)


def _encoding_of_openai(model: str) -> str:
    """By tiktoken's own map of OpenAI's names; "" for any other name."""
    from tiktoken.model import encoding_name_for_model

    try:
        name = encoding_name_for_model(model)
    except KeyError:
        return ""
    return name if name in ENCODINGS else ""


def needs(call: Call) -> Iterable[TokenTable]:
    """The table, if the input holds integers."""
    return [_need(call)] if _holds_tokens(call.request.get("input")) else []


def _need(call: Call) -> TokenTable:
    settings = call.route.settings
    name = call.route.model.requested.removeprefix("bedrock_adapter/")
    alias = settings.alias(name)
    if alias and alias.encoding:
        return TokenTable("", alias.encoding)
    return TokenTable(name, settings.option(NAME, "encoding", DEFAULT))


def _holds_tokens(given: Any) -> bool:
    """Told by the first item, as OpenAI does: a number, or a list that is not one of content parts."""
    if not isinstance(given, list) or not given:
        return False
    first = given[0]
    return isinstance(first, int | float) or (isinstance(first, list) and not (first and isinstance(first[0], dict)))


def decode_tokens(call: Call) -> None:
    """Replace token integers by text."""
    given: Any = call.request.get("input")
    if not _holds_tokens(given):
        return
    table = call.resource(_need(call))
    if isinstance(given[0], list):
        texts = [_text(call, table, item, f"input[{index}]") for index, item in enumerate(given)]
    else:
        texts = [_text(call, table, given, "input")]
    call.request = {**call.request, "input": texts}


def _text(call: Call, table: Table, numbers: Any, path: str) -> str:
    """The text of one input; bytes that are no UTF-8, as where a client cut within a character, become U+FFFD."""
    if not isinstance(numbers, list):
        raise _refusal(f"{path} must be a list of token integers as the inputs before it, not {_shown(numbers)}", path)
    if not numbers:
        raise _refusal(f"{path} is an empty list of token integers", path)
    if set(map(type, numbers)) != {int}:
        index = next(index for index, number in enumerate(numbers) if type(number) is not int)
        raise _refusal(f"{path}[{index}] must be a token integer, not {_shown(numbers[index])}", f"{path}[{index}]")
    try:
        content = table.join(numbers)
    except KeyError:
        index = next(index for index, number in enumerate(numbers) if number not in table.tokens)
        raise _refusal(
            f"{path}[{index}] is {numbers[index]}, which is no token of {table.name}", f"{path}[{index}]"
        ) from None
    try:
        return content.decode()
    except UnicodeDecodeError:
        call.repair(path, "changed", "tokens that end within a character were replaced by U+FFFD", NAME)
        return content.decode(errors="replace")


def _refusal(message: str, param: str) -> TokenDecodeError:
    return TokenDecodeError(message, param=param)


def _shown(value: Any) -> str:
    """A value as JSON, short."""
    text = json.dumps(value, default=repr)
    return text if len(text) <= 40 else text[:37] + "..."
