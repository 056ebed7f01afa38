"""Where a part's content is: read from the many forms in which clients say it."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote_to_bytes, urlsplit

from bedrock_adapter import RequestError
from bedrock_adapter.types import OBJECT

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_LOCATIONS = ("url", "file_url", "file_data", "data", "uri", "file_id")
_TYPES = ("media_type", "mime_type", "mimeType", "format")
_FILE_NAMES = ("filename", "name", "title")

KINDS = {
    "image_url": "image",
    "image": "image",
    "input_image": "image",
    "input_audio": "audio",
    "audio_url": "audio",
    "video_url": "video",
    "video": "video",
    "document": "document",
    "file": "",
    "input_file": "",
}
"""Content part types handled, with the kind that they announce."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where content is, and what is said of it.

    Attributes:
        form: `data` (a data URI or base64), `url`, `s3`, `text` (of a document), `chunks` (of a document's text).
        value: the text of it; a list of texts for `chunks`.
        kind: kind announced by the part's type, "" for any.
        mime: declared MIME type or format, "" for none.
        filename: declared name, "" for none.
        path: the request key that holds the value, e.g. `messages[0].content[1].image_url.url`.
    """

    form: str
    value: Any
    kind: str
    mime: str
    filename: str
    path: str


def read(part: Mapping[str, Any], path: str) -> Source:
    """The source of a content part.

    Raises:
        RequestError: the part has no usable source; `param` names the key.
    """
    name = str(part["type"])
    holder, where = _holder(part, name, path)
    if isinstance(holder, str):
        return _located(holder, where, KINDS[name], "", _text(part, _FILE_NAMES))
    if not isinstance(holder, OBJECT):
        raise RequestError(f"{where} must be an object or a string", param=where, code="invalid_type")
    said = (_text(holder, _TYPES) or _text(part, _TYPES), _text(holder, _FILE_NAMES) or _text(part, _FILE_NAMES))
    if holder.get("type") in ("text", "content"):
        return _written(holder, where, KINDS[name], *said)
    for key in _LOCATIONS:
        value = holder.get(key)
        if value is None:
            continue
        if not isinstance(value, str) or not value:
            raise RequestError(f"{where}.{key} must be a non-empty string", param=f"{where}.{key}", code="invalid_type")
        if key == "file_id" and not _SCHEME.match(value):
            raise RequestError(
                f"{where}.file_id: there is no file store here; send the file itself as file_data",
                param=f"{where}.file_id",
                code="unsupported_value",
            )
        return _located(value, f"{where}.{key}", KINDS[name], *said)
    raise RequestError(f"{where} holds no data and no URL", param=where, code="missing_required_parameter")


def _holder(part: Mapping[str, Any], name: str, path: str) -> tuple[Any, str]:
    inner = {"input_image": "image_url", "input_file": ""}.get(name, name)
    for key in (inner, "source"):
        if part.get(key) is not None:
            return part[key], f"{path}.{key}"
    return part if any(part.get(key) is not None for key in _LOCATIONS) else None, path


def _text(holder: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next((value for key in keys if isinstance(value := holder.get(key), str)), "")


def _written(holder: Mapping[str, Any], path: str, kind: str, mime: str, filename: str) -> Source:
    """A document given as text, or as a list of texts that can be cited one by one."""
    if holder["type"] == "text":
        text = holder.get("data", holder.get("text"))
        if not isinstance(text, str) or not text.strip():
            raise RequestError(
                f"{path}.data must be a text that is not blank", param=f"{path}.data", code="invalid_type"
            )
        return Source("text", text, kind, mime, filename, path)
    chunks = holder.get("content")
    texts = [chunks] if isinstance(chunks, str) else chunks
    if isinstance(texts, list):
        texts = [item.get("text") if isinstance(item, OBJECT) else item for item in texts]
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text.strip() for text in texts):
        raise RequestError(f"{path}.content must be a list of texts", param=f"{path}.content", code="invalid_type")
    return Source("chunks", texts, kind, mime, filename, path)


def _located(value: str, path: str, kind: str, mime: str, filename: str) -> Source:
    scheme = value[:8].lower()
    if scheme.startswith("data:"):
        announced = value[5:200].partition(",")[0].partition(";")[0]
        return Source("data", value, kind, announced or mime, filename, path)
    if scheme.startswith("s3://"):
        return Source("s3", value, kind, mime, filename or urlsplit(value).path, path)
    if scheme.startswith(("http://", "https://")):
        return Source("url", value, kind, mime, filename or _url_name(value), path)
    if match := _SCHEME.match(value[:40]):
        raise RequestError(
            f"{path}: {match[0]} URLs are not supported; send a data URI, base64, or an http, https or s3 URL",
            param=path,
            code="invalid_url",
        )
    return Source("data", value, kind, mime, filename, path)


def _url_name(url: str) -> str:
    try:
        return urlsplit(url).path.rpartition("/")[2]
    except ValueError:
        return ""


def decoded(source: Source, most: int) -> bytes:
    """The bytes of a `data` source.

    Raises:
        RequestError: it is no base64 (413: it is longer than `most` bytes).
    """
    text, encoded = source.value, True
    if text[:5].lower() == "data:":
        header, comma, text = text.partition(",")
        if not comma:
            raise RequestError(f"{source.path} is an incomplete data URI", param=source.path, code="invalid_value")
        encoded = header.lower().rstrip().endswith(";base64")
    if len(text) > most * 3:  # the longer of base64 and percent encoding
        raise too_large(source.path, most)
    if not encoded:
        return unquote_to_bytes(text)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return _lenient(text, source.path)


def _lenient(text: str, path: str) -> bytes:
    """Base64 in the URL-safe alphabet, with line breaks, or without its padding."""
    plain = "".join(text.split()).translate(_URL_SAFE).rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise RequestError(f"{path} is not valid base64", param=path, code="invalid_base64") from None


_URL_SAFE = str.maketrans("-_", "+/")


def too_large(path: str, most: int) -> RequestError:
    return RequestError(
        f"{path}: the content is larger than the {most} bytes that are accepted", param=path, code="too_large"
    )


def s3_location(source: Source) -> dict[str, str]:
    """`s3Location` of an `s3://bucket/key?bucketOwner=123456789012` source.

    Raises:
        RequestError: bucket or key is missing, or the owner is no account number.
    """
    split = urlsplit(source.value)
    owner = parse_qs(split.query).get("bucketOwner", [""])[0]
    if not split.netloc or not split.path.strip("/") or (owner and not re.fullmatch(r"\d{12}", owner)):
        raise RequestError(
            f"{source.path} must be s3://bucket/key, or s3://bucket/key?bucketOwner=<12 digits>",
            param=source.path,
            code="invalid_url",
        )
    location = {"uri": source.value.partition("?")[0] if owner else source.value}
    return {**location, "bucketOwner": owner} if owner else location
