"""Family rules on turns with tool blocks: media within results, what may share a turn, and conversations without tools."""

from bedrock_adapter import Call, json_codec
from bedrock_adapter.profiles import Tools
from bedrock_adapter.types import Json

from .definitions import NAME
from .history import as_text
from .results import NOTHING

FILLER = "."  # the shortest text that is not blank
_OWN = ("toolResult", "toolUse", "cachePoint")
_ALWAYS = ("text", "json")


def has_tools(turns: list[Json]) -> bool:
    """Whether a turn has a toolUse or toolResult block."""
    return any("toolUse" in block or "toolResult" in block for turn in turns for block in turn["content"])


def fitted(call: Call, turns: list[Json]) -> list[Json]:
    """The paired turns as the family takes them."""
    tools = call.route.profile.tools
    made: list[Json] = []
    for turn in turns:
        kinds = {kind for block in turn["content"] for kind in block}
        if "toolResult" in kinds:
            made += _result_turn(call, tools, turn["content"])
        elif "toolUse" in kinds and not tools.call_turn_text and kinds - set(_OWN):
            made += _call_turn(call, turn["content"])
        else:
            made.append(turn)
    return made


def _result_turn(call: Call, tools: Tools, content: list[Json]) -> list[Json]:
    results: list[Json] = []
    moved: list[Json] = []
    own = next((at for at, block in enumerate(content) if not any(kind in _OWN for kind in block)), len(content))
    for block in content[:own]:
        if "toolResult" in block:
            kept, media = _media(tools, block["toolResult"])
            results.append({"toolResult": kept})
            moved += media
        else:
            results.append(block)
    if moved:
        call.repair("messages", "moved", "media that the model takes no tool result with follow it as the user's", NAME)
    rest = [*moved, *content[own:]]
    if not {_kind(block) for block in rest} - {*tools.result_turn, "cachePoint"}:
        return [{"role": "user", "content": [*results, *rest]}]
    call.repair("messages", "added", "the model takes nothing beside tool results in a turn; it was split", NAME)
    return [
        {"role": "user", "content": results},
        {"role": "assistant", "content": [{"text": FILLER}]},
        {"role": "user", "content": rest},
    ]


def _kind(block: Json) -> str:
    """A block's kind; kinds of text beside `text` go by its rule."""
    kind = next(iter(block))
    return "text" if kind in ("guardContent", "searchResult") else kind


def _media(tools: Tools, result: Json) -> tuple[Json, list[Json]]:
    """The result with the media it may have, and the others, said to be its."""
    kept = [block for block in result["content"] if _takes(tools, block)]
    if len(kept) == len(result["content"]):
        return result, []
    media = [block for block in result["content"] if not _takes(tools, block)]
    content = kept or [{"text": "The content follows." if media else NOTHING}]
    return {**result, "content": content}, [{"text": f"From the tool call {result['toolUseId']}:"}, *media]


def _takes(tools: Tools, block: Json) -> bool:
    kind = next(iter(block))
    if kind in _ALWAYS:
        return True
    formats = tools.result_document_formats
    return kind in tools.result_media and not (
        kind == "document" and formats and block[kind].get("format") not in formats
    )


def _call_turn(call: Call, content: list[Json]) -> list[Json]:
    """Text and calls in turns of their own."""
    call.repair("messages", "added", "the model takes nothing beside tool calls in a turn; it was split", NAME)
    uses = [block for block in content if "toolUse" in block]
    rest = [block for block in content if "toolUse" not in block]
    return [
        {"role": "assistant", "content": rest},
        {"role": "user", "content": [{"text": FILLER}]},
        {"role": "assistant", "content": uses},
    ]


def flattened(turns: list[Json]) -> list[Json]:
    """The turns with calls and results told as text, for a request in which the model must not or cannot call."""
    return [{**turn, "content": [told for block in turn["content"] for told in _told(block)]} for turn in turns]


def _told(block: Json) -> list[Json]:
    if use := block.get("toolUse"):
        given = json_codec.dumps(use["input"]).decode()
        return [{"text": f"Tool call {use['toolUseId']}: {use['name']} {given}"}]
    return as_text(block["toolResult"]) if "toolResult" in block else [block]
