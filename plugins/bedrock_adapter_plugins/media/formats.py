"""What bytes are: kind and Converse format by their first bytes, and by declared MIME types and file names.

Sources: `ImageFormat`, `DocumentFormat`, `VideoFormat`, `AudioFormat` of the Amazon Bedrock API reference; the formats' own
specifications for their signatures.
"""

import struct
from typing import NamedTuple


class Format(NamedTuple):
    """A kind of content block (`image`, `document`, `video`, `audio`) and Converse's word for the format.

    Formats that Converse has no word for (`svg`, `bmp`, `zip`, …) have their common name: it is used to say what was found.
    """

    kind: str
    name: str


_IMAGES = ("png", "jpeg", "gif", "webp", "bmp", "tiff", "svg", "avif", "heic", "ico", "jxl")
_DOCUMENTS = ("pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md")
_VIDEOS = ("mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp", "avi")
_AUDIOS = ("mp3", "opus", "wav", "aac", "flac", "ogg", "mka", "x-aac", "m4a", "mpga", "pcm")
_NAMES = {
    name: Format(kind, name)
    for kind, names in (("image", _IMAGES), ("document", _DOCUMENTS), ("video", _VIDEOS), ("audio", _AUDIOS))
    for name in names
}
_ALIASES = {
    "jpg": "jpeg", "pjpeg": "jpeg", "jpe": "jpeg", "x-png": "png", "svg+xml": "svg", "tif": "tiff", "heif": "heic",
    "x-icon": "ico", "vnd.microsoft.icon": "ico", "x-ms-bmp": "bmp",
    "htm": "html", "xhtml+xml": "html", "markdown": "md", "x-markdown": "md", "text": "txt", "plain": "txt",
    "x-pdf": "pdf", "msword": "doc", "vnd.ms-excel": "xls",
    "vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "quicktime": "mov", "x-matroska": "mkv", "x-flv": "flv", "x-ms-wmv": "wmv", "3gp": "three_gp", "3gpp": "three_gp",
    "x-msvideo": "avi", "x-wav": "wav", "wave": "wav", "vnd.wave": "wav", "x-flac": "flac", "x-m4a": "m4a", "mp4a": "m4a",
    "l16": "pcm", "pcm16": "pcm",
}  # fmt: skip
# Text in other clothes: a model reads it as plain text.
_TEXTUAL = frozenset({"json", "jsonl", "xml", "yaml", "yml", "toml", "ini", "log", "rst", "tsv", "css", "js", "ts", "py", "sql",
                      "sh", "c", "cpp", "h", "java", "go", "rs", "rb", "php", "tex"})  # fmt: skip


def declared(mime: str, filename: str, kind: str = "") -> Format | None:
    """What a MIME type (or a bare format name), else a file name's extension, says; None where neither is known.

    Args:
        mime: `image/jpeg; q=1`, `wav`, or "".
        filename: a file name or path, or "".
        kind: preferred kind where a name means two: `audio/mp4` is no video.
    """
    major, _, minor = mime.partition(";")[0].strip().lower().rpartition("/")
    for name in (minor, filename.lower().rpartition("/")[2].rpartition(".")[2] if "." in filename else ""):
        found = _named(name, major or kind)
        if found is not None:
            return found
    return Format("document", "txt") if major == "text" else None


def _named(name: str, major: str) -> Format | None:
    if major == "audio":
        # The same containers, and MPEG's older name, hold sound.
        name = {"mpeg": "mp3", "x-mpeg": "mp3", "x-mp3": "mp3"}.get(name, name)
        if name in ("mp4", "webm", "mkv"):
            return Format("audio", name)
    name = _ALIASES.get(name, name)
    if name in _TEXTUAL:
        return Format("document", "txt")
    return _NAMES.get(name)


_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"BM", "bmp"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"\x00\x00\x01\x00", "ico"),
    (b"\x00\x00\x00\x0cJXL ", "jxl"),
    (b"%PDF-", "pdf"),
    (b"FLV\x01", "flv"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "wmv"),
    (b"\x00\x00\x01\xba", "mpeg"),
    (b"\x00\x00\x01\xb3", "mpeg"),
    (b"fLaC", "flac"),
    (b"ID3", "mp3"),
    (b"\xff\xf1", "aac"),
    (b"\xff\xf9", "aac"),
    (b"\xff\xfb", "mp3"),
    (b"\xff\xf3", "mp3"),
    (b"\xff\xf2", "mp3"),
)
_RIFF = {b"WEBP": "webp", b"WAVE": "wav", b"AVI ": "avi"}
_BRANDS = {b"avif": "avif", b"avis": "avif", b"heic": "heic", b"heix": "heic", b"mif1": "heic", b"msf1": "heic", b"qt  ": "mov",
           b"M4A ": "m4a", b"M4B ": "m4a"}  # fmt: skip


def sniff(data: bytes, kind: str = "") -> Format | None:
    """What the bytes say themselves; None for text and for anything unknown.

    Args:
        data: the whole content.
        kind: `audio` decides that a container which could hold either holds sound.
    """
    name = _signature(data)
    if name is None:
        return None
    if name in ("mp4", "mkv", "webm") and kind == "audio":
        return Format("audio", name)
    return _NAMES.get(name) or Format("document", name)


def _signature(data: bytes) -> str | None:
    if data[:4] == b"RIFF":
        return _RIFF.get(data[8:12], "riff")
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        return "three_gp" if brand.startswith(b"3g") else _BRANDS.get(brand, "mp4")
    if data[:4] == b"\x1a\x45\xdf\xa3":
        return "webm" if b"webm" in data[:64] else "mkv"
    if data[:4] == b"OggS":
        return "opus" if b"OpusHead" in data[:64] else "ogg"
    if data[:4] == b"PK\x03\x04":
        return _office(data, {b"word/": "docx", b"xl/": "xlsx", b"ppt/": "pptx"}, "zip")
    if data[:4] == b"\xd0\xcf\x11\xe0":
        # Names of streams in a compound file are UTF-16.
        streams = {"WordDocument": "doc", "Workbook": "xls", "Book": "xls", "PowerPoint": "ppt"}
        return _office(data, {key.encode("utf-16-le"): name for key, name in streams.items()}, "ole")
    for magic, name in _SIGNATURES:
        if data.startswith(magic):
            return name
    return "svg" if b"<svg" in data[:512].lower() and data.lstrip()[:1] == b"<" and b"<html" not in data[:512] else None


def _office(data: bytes, marks: dict[bytes, str], other: str) -> str:
    return next((name for mark, name in marks.items() if mark in data), other)


def text_format(data: bytes, said: Format | None) -> Format | None:
    """The document format of text; None where the bytes are no text."""
    if b"\x00" in data[:65536] and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return None
    if said is not None and said.name in ("txt", "md", "csv", "html"):
        return said
    start = data[:512].lstrip().lower()
    return Format("document", "html" if start.startswith((b"<!doctype html", b"<html")) else "txt")


def dimensions(data: bytes, name: str) -> tuple[int, int] | None:
    """Width and height in pixels of an image by its header; None where the header does not tell."""
    readers = {"png": _png, "gif": _gif, "jpeg": _jpeg, "webp": _webp}
    try:
        return readers[name](data)
    except (KeyError, struct.error, IndexError):
        return None


def _png(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _gif(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _jpeg(data: bytes) -> tuple[int, int] | None:
    """Walk the segments to the frame header (SOF0 to SOF15 without DHT, JPG and DAC)."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker in (0xFF, 0x01) or 0xD0 <= marker <= 0xD8:
            at += 1 if marker == 0xFF else 2
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        if marker == 0xDA:
            return None
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    chunk = data[12:16]
    if chunk == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if chunk == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None
