"""Images, documents, video, audio, search results: support, counts, names, and bytes that match their format (36, 41 to 49)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any

from bedrock_adapter.testing.emulator.refusals import refusal
from bedrock_adapter.testing.emulator.requests import Ask, Placed

_NAME = re.compile(r"[A-Za-z0-9\-()\[\]]+(?:\s[A-Za-z0-9\-()\[\]]+)*")
_IMAGE_MAGIC = {
    "png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "jpeg": re.compile(rb"\xff\xd8\xff"),
    "gif": re.compile(rb"GIF8[79]a"),
    "webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_TEXT_FORMATS = ("csv", "html", "txt", "md")
_IMAGE_LIMIT = 5 * 1024 * 1024
_DOCUMENT_LIMIT = int(4.5 * 1024 * 1024)

Media = tuple[Placed, str, dict[str, Any]]


def check(ask: Ask) -> None:
    """Rules of media blocks, those inside toolResults included."""
    found = list(_media(ask))
    for placed, kind, value in found:
        _support(ask, kind, value, nested=placed.kind == "toolResult")
        if kind == "image":
            _image(ask, placed, value)
        elif kind == "document":
            _document(ask, value)
    _counts(found)
    _names([value for _, kind, value in found if kind == "document"])
    _sibling_text(ask)


def _media(ask: Ask) -> Iterator[Media]:
    for placed in ask.blocks:
        parts = placed.value["content"] if placed.kind == "toolResult" else [placed.block]
        for part in parts:
            kind = next(iter(part))
            if kind in ("image", "document", "video", "audio", "searchResult"):
                yield placed, kind, part[kind]


def _support(ask: Ask, kind: str, value: dict[str, Any], *, nested: bool) -> None:
    family = ask.family
    accepted = {
        "image": family.images,
        "document": family.documents,
        "video": family.video,
        "audio": family.audio,
        "searchResult": family.search_results,
    }
    if not accepted[kind]:
        raise refusal("no_documents") if kind == "document" else refusal("unsupported_block", kind=kind)
    source = value.get("source")
    # Claude takes (and does not see) a document in S3 within a toolResult [W].
    unseen = nested and kind == "document"
    if isinstance(source, dict) and "s3Location" in source and not family.s3 and not unseen:
        raise refusal("s3")
    if kind in ("document", "searchResult") and (value.get("citations") or {}).get("enabled") and not family.citations:
        raise refusal("no_citations")


def _image(ask: Ask, placed: Placed, value: dict[str, Any]) -> None:
    encoded = value["source"].get("bytes")
    if encoded is None:
        return
    if ask.family.anthropic and len(encoded) > _IMAGE_LIMIT:
        raise refusal("image_size", i=placed.i, j=placed.j, found=len(encoded))
    data = base64.b64decode(encoded)
    found = next((name for name, magic in _IMAGE_MAGIC.items() if magic.match(data)), None)
    if found is None:
        raise refusal("image_unreadable", i=placed.i, j=placed.j)
    if found != value["format"]:
        raise refusal(
            "image_media_type", i=placed.i, j=placed.j, given=f"image/{value['format']}", found=f"image/{found}"
        )


def _document(ask: Ask, value: dict[str, Any]) -> None:
    encoded = value["source"].get("bytes")
    if encoded is None:
        return
    data = base64.b64decode(encoded)
    exempt = ask.family.nova or (ask.family.anthropic and value.get("format") == "pdf")
    if len(data) > _DOCUMENT_LIMIT and not exempt:
        raise refusal("document_size")
    _sniff(value.get("format") or "txt", data)


def _sniff(given: str, data: bytes) -> None:
    """Compare a document's bytes with its format, as far as their first bytes tell."""
    for name, magic in _IMAGE_MAGIC.items():
        if magic.match(data):
            raise refusal("document_mime", mime=f"image/{name}")
    found = "PLAIN_TEXT"
    expected = {"pdf": "PDF", "docx": "ZIP", "xlsx": "ZIP", "doc": "OLE", "xls": "OLE"}.get(given, "PLAIN_TEXT")
    for magic_bytes, name in ((b"%PDF-", "PDF"), (_ZIP, "ZIP"), (_OLE, "OLE")):
        if data.startswith(magic_bytes):
            found = name
    if found != expected:
        raise refusal("document_type", found=found, given=given.upper())


def _counts(found: list[Media]) -> None:
    kinds = [kind for _, kind, _ in found]
    if kinds.count("document") > 5:
        raise refusal("too_many_documents")
    if kinds.count("image") > 20:
        raise refusal("too_many_images")
    if kinds.count("video") > 1:
        raise refusal("video_count")


def _names(documents: list[dict[str, Any]]) -> None:
    for document in documents:
        # "company_policy" is taken for a document given as text [W]; for bytes an underscore is refused [R].
        name = document["name"] if "bytes" in document["source"] else document["name"].replace("_", "-")
        if not _NAME.fullmatch(name):
            raise refusal("document_name")
    if len({document["name"].lower() for document in documents}) < len(documents):
        raise refusal("duplicate_document")


def _sibling_text(ask: Ask) -> None:
    for message in ask.messages:
        kinds = [next(iter(block)) for block in message["content"]]
        if "document" in kinds and "text" not in kinds:
            raise refusal("document_needs_text")
