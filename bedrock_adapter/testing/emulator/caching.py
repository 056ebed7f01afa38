"""Prompt caching as `usage` shows it: a bounded memory of the prefixes that ended in a cachePoint."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import tokens
from .frames import dumps
from .requests import Ask, Block

LOOK_BACK = 20


@dataclass(frozen=True, slots=True)
class _Prefix:
    """The prompt up to some block, in the order tools, system, messages; ``ttl`` is set where a cachePoint follows."""

    digest: str
    tokens: int
    ttl: str


def _blocks(ask: Ask) -> Iterator[tuple[str, Block]]:
    for section, blocks in (("tools", ask.tools), ("system", ask.system)):
        for block in blocks:
            yield section, block
    for message in ask.messages:
        for block in message["content"]:
            yield str(message["role"]), block


def _prefixes(ask: Ask) -> list[_Prefix]:
    digest = hashlib.sha256(ask.target.model.id.encode())
    total, prefixes = 0, [_Prefix("", 0, "")]
    for section, block in _blocks(ask):
        if "cachePoint" in block:
            last = prefixes[-1]
            prefixes[-1] = _Prefix(last.digest, last.tokens, block["cachePoint"].get("ttl", "5m"))
            continue
        digest.update(section.encode() + dumps(block))
        total += tokens.of_block(block)
        prefixes.append(_Prefix(digest.hexdigest(), total, ""))
    return prefixes


class PromptCache:
    """Remembers at most ``limit`` prefixes, the least recently used going first."""

    def __init__(self, limit: int = 256) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._limit = limit
        self._lock = threading.Lock()

    def usage(self, ask: Ask) -> dict[str, Any]:
        """``read`` and ``write`` tokens of a request and ``details`` of the writes by TTL; writes are remembered."""
        prefixes = _prefixes(ask)
        points = [at for at, each in enumerate(prefixes) if each.ttl and each.tokens >= ask.family.cache_min]
        if not points:
            return {"read": 0, "write": 0, "details": []}
        with self._lock:
            read = max((self._read(prefixes, at) for at in points), default=0) if ask.family.cache_reads else 0
            for at in points:
                self._remember(prefixes[at].digest)
        details, done = [], read
        for at in points:
            fresh = prefixes[at].tokens - done
            if fresh > 0:
                details.append({"ttl": prefixes[at].ttl, "inputTokens": fresh})
                done = prefixes[at].tokens
        details.sort(key=lambda each: str(each["ttl"]))  # 1h before 5m
        return {"read": read, "write": max(0, done - read), "details": details}

    def _read(self, prefixes: list[_Prefix], at: int) -> int:
        for back in range(at, max(0, at - LOOK_BACK), -1):
            if prefixes[back].digest in self._seen:
                self._seen.move_to_end(prefixes[back].digest)
                return prefixes[back].tokens
        return 0

    def _remember(self, digest: str) -> None:
        self._seen[digest] = None
        self._seen.move_to_end(digest)
        while len(self._seen) > self._limit:
            self._seen.popitem(last=False)
