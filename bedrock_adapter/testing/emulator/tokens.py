"""Token counts by a simple, deterministic rule: a word counts one token for every six letters, a sign counts one."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from .requests import Ask, Block

_TOKEN = re.compile(r"\w{1,6}|[^\w\s]")
MEDIA_TOKENS = {"image": 258, "video": 2048, "audio": 512}


def count(text: str) -> int:
    """Tokens of a text; ``"Hello, world!"`` is 4."""
    return sum(1 for _ in _TOKEN.finditer(text))


def cut(text: str, limit: int) -> str:
    """The longest start of a text with at most ``limit`` tokens."""
    for index, match in enumerate(_TOKEN.finditer(text)):
        if index == limit:
            return text[: match.start()]
    return text


def of_block(block: Block) -> int:
    """Tokens of one content, system or tool block; cache points count nothing."""
    kind = next(iter(block))
    value = block[kind]
    if kind == "cachePoint":
        return 0
    if kind == "text":
        return count(value)
    if kind in MEDIA_TOKENS:
        return MEDIA_TOKENS[kind]
    if kind == "document":
        return count(document_text(value))
    if kind == "reasoningContent":
        return count(value.get("reasoningText", {}).get("text", ""))
    return count(json.dumps(value))


def document_text(document: dict[str, Any]) -> str:
    """The text of a document: as it stands for text formats, a stand-in of similar length for the others."""
    source = document.get("source") or {}
    if "text" in source:
        return str(source["text"])
    if "content" in source:
        return "\n".join(each["text"] for each in source["content"])
    if "bytes" not in source:
        return ""
    data = base64.b64decode(source["bytes"])
    try:
        return data.decode()
    except UnicodeDecodeError:
        return "word " * (len(data) // 64 + 1)


def of_request(ask: Ask) -> int:
    """Input tokens of a request."""
    blocks = [placed.block for placed in ask.blocks]
    total = sum(of_block(block) for block in [*ask.tools, *ask.system, *blocks])
    return total + 3 * len(ask.messages) + 4


def of_content(content: list[Block]) -> int:
    """Output tokens of an answer."""
    return sum(of_block(block) for block in content)
