"""Small files of every kind, and requests that carry them."""

import base64
import struct
import zlib
from typing import Any

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "us.amazon.nova-pro-v1:0"
TEXT_ONLY = "us.amazon.nova-micro-v1:0"


def png(width: int = 2, height: int = 2) -> bytes:
    """A PNG whose header says so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def jpeg(width: int = 2, height: int = 2) -> bytes:
    app = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    frame = b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\x00"
    return b"\xff\xd8" + app + frame + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x00\xff\xd9"


def gif(width: int = 2, height: int = 2) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x00\x00\x00;"


def webp(width: int = 2, height: int = 2) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x00\x00\x00\x00" + size
    return b"RIFF" + struct.pack("<I", len(body)) + body


IMAGES = {"png": png, "jpeg": jpeg, "gif": gif, "webp": webp}
PDF = b"%PDF-1.4\n%%EOF\n"
DOCX = b"PK\x03\x04" + b"\0" * 26 + b"word/document.xml"
XLSX = b"PK\x03\x04" + b"\0" * 26 + b"xl/workbook.xml"
DOC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le")
XLS = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le")
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00"
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt "
MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def data_uri(mime: str, data: bytes) -> str:
    return f"data:{mime};base64,{b64(data)}"


def image(url: str, **members: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, **members}}


def file(data: bytes, mime: str = "application/octet-stream", name: str | None = None) -> dict[str, Any]:
    named = {} if name is None else {"filename": name}
    return {"type": "file", "file": {"file_data": data_uri(mime, data), **named}}


def request(*parts: Any, model: str = CLAUDE, **fields: Any) -> dict[str, Any]:
    return {
        "model": model,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "look"}, *parts]}],
        **fields,
    }
