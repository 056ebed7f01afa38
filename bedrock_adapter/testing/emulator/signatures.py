"""Signatures of thinking blocks, verified without memory: a keyed hash of the text, and of the prefix where models bind it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from enum import Enum, auto

from .frames import dumps
from .requests import Ask, Block, Placed

_KEY = b"bedrock-emulator"
_MARK = b"EMULATED-THINKING:"
_OPAQUE_MARK = b"EMULATED-OPAQUE:"
_PLAUSIBLE = 48  # a signature that the emulator did not make must at least look like one


class Verdict(Enum):
    """What a signature says about a block."""

    GOOD = auto()
    BROKEN = auto()
    MOVED = auto()


def _hash(text: str) -> bytes:
    return hmac.new(_KEY, text.encode(), hashlib.sha256).digest()


def sign(text: str, prefix: bytes | None) -> str:
    """A signature for a thinking text, bound to a prefix if one is given."""
    return base64.b64encode(_MARK + _hash(text) + (prefix or bytes(32))).decode()


def verify(signature: str, text: str, prefix: bytes | None) -> Verdict:
    """Check a signature; those of real traffic cannot be checked and pass if they are long enough."""
    try:
        data = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return Verdict.BROKEN
    if not data.startswith(_MARK):
        return Verdict.GOOD if len(data) >= _PLAUSIBLE else Verdict.BROKEN
    signed, bound = data[len(_MARK) : len(_MARK) + 32], data[len(_MARK) + 32 :]
    if signed != _hash(text):
        return Verdict.BROKEN
    if prefix is not None and bound not in (prefix, bytes(32)):
        return Verdict.MOVED
    return Verdict.GOOD


def opaque(text: str, maker: str) -> str:
    """Opaque reasoning (`redactedContent`) of a family: base64 of what is itself base64."""
    inner = base64.b64encode(_OPAQUE_MARK + maker.encode() + b":" + _hash(maker + text)).decode()
    return base64.b64encode(inner.encode()).decode()


def verify_opaque(content: str, maker: str) -> bool:
    """Whether a family takes a `redactedContent` back: its own, or a plausible foreign one."""
    try:
        inner = base64.b64decode(base64.b64decode(content, validate=True), validate=True)
    except (binascii.Error, ValueError):
        return len(content) >= _PLAUSIBLE
    if inner.startswith(_OPAQUE_MARK):
        return inner.startswith(_OPAQUE_MARK + maker.encode() + b":")
    return len(inner) >= _PLAUSIBLE


def _plain(blocks: list[Block]) -> list[Block]:
    return [block for block in blocks if "cachePoint" not in block and "reasoningContent" not in block]


def prefix_digest(ask: Ask, until: Placed | None = None) -> bytes:
    """Hash of what stands before a block, or of the whole request: system, tools and turns.

    Cache points and reasoning are left out: moving or dropping them does not change the conversation.
    """
    turns: list[tuple[str, list[Block]]] = []
    for turn in ask.turns:
        before = [each.block for each in turn.blocks if until is None or (each.i, each.j) < (until.i, until.j)]
        if before and _plain(before):
            turns.append((turn.role, _plain(before)))
    return hashlib.sha256(dumps([_plain(ask.system), _plain(ask.tools), turns])).digest()
