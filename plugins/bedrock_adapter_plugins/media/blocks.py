"""From a source to a Converse content block, within what the model accepts."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bedrock_adapter import Call, RequestError, Settings, UnsupportedFeatureError
from bedrock_adapter.fetch import Budget, Fetched, FetchURL, Limits
from bedrock_adapter.profiles import Media, Profile
from bedrock_adapter.types import Json

from . import names
from .formats import Format, declared, dimensions, sniff, text_format
from .sources import Source, decoded, s3_location, too_large

NAME = "media"
OPTIONS: dict[str, float] = {
    "max_urls": 32,
    "fetch_bytes": 64 * 1024 * 1024,
    "fetch_seconds": 20.0,
    "fetch_redirects": 3,
}
_MOST_BYTES = 25 * 1024 * 1024
"""Most bytes of a video or sound: 25 MB inline (Amazon Nova user guide)."""
_PLURAL = {"image": "images", "document": "documents", "video": "video", "audio": "audio"}
_CONFUSED = ("image", "document")
_TEXTS = ("txt", "md", "csv", "html")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(slots=True)
class Placed:
    """A document of this request: its part, where that stands, and the member `document` of its block."""

    path: str
    part: Mapping[str, Any]
    document: Json


@dataclass(slots=True)
class Tally:
    """What a request holds so far; `documents` is read by the plugin `citations`."""

    images: int = 0
    names: dict[str, int] = field(default_factory=dict)
    documents: list[Placed] = field(default_factory=list)


def tally(call: Call) -> Tally:
    """The tally of a call."""
    found: Tally = call.state.setdefault(NAME, Tally())
    return found


def accepted(profile: Profile, kind: str) -> tuple[str, ...] | None:
    """Formats of a kind that the model takes; None: nothing is known of the model, so Bedrock decides."""
    formats: tuple[str, ...] = getattr(profile.media, kind)
    return formats if formats or profile.known else None


def option(settings: Settings, name: str) -> float:
    """The value of one of `OPTIONS`."""
    value: float = settings.option(NAME, name, OPTIONS[name])
    return value


def takes(profile: Profile, kind: str) -> bool:
    """Whether a part that announces `kind` can hold anything that the model takes; images and documents are often confused."""
    possible = _CONFUSED if kind in _CONFUSED else (kind,) if kind else tuple(_PLURAL)
    return any(accepted(profile, each) != () for each in possible)


def limit(media: Media, kind: str) -> int:
    """Most bytes of one item of a kind; "" means any."""
    sizes = {"image": media.max_image_bytes, "document": media.max_document_bytes}
    return sizes.get(kind, max(_MOST_BYTES, *sizes.values()))


def need(call: Call, source: Source, budget: Budget | None = None) -> FetchURL:
    """What must be fetched for a `url` source, within what the request's sources may hold together."""
    settings = call.route.settings
    limits = Limits(
        limit(call.route.profile.media, "" if source.kind in ("", "image") else source.kind),
        option(settings, "fetch_seconds"),
        int(option(settings, "fetch_redirects")),
    )
    return FetchURL(source.value, source.path, limits, budget)


def block(call: Call, part: Mapping[str, Any], source: Source) -> Json:
    """The content block of one part.

    Raises:
        RequestError: the model does not take it, or it breaks a limit.
        NeedsIO: its URL was not fetched.
    """
    if not takes(call.route.profile, source.kind):
        raise _unsupported(call, source, Format(source.kind or "document", "unknown"))
    if source.form == "s3":
        return _in_s3(call, part, source)
    if source.form in ("text", "chunks"):
        return _written(call, part, source)
    data, mime = _content(call, source)
    if not data:
        raise RequestError(f"{source.path}: the content is empty", param=source.path, code="invalid_value")
    said = declared(mime, source.filename, source.kind)
    found = _identify(data, said, source.kind)
    if found is None:
        raise _unsupported(call, source, Format(source.kind or "document", "unknown"))
    _supported(call, source, found)
    if len(data) > (most := limit(call.route.profile.media, found.kind)):
        raise too_large(source.path, most)
    if said is not None and said != found and said.kind == found.kind:
        call.repair(source.path, "changed", f"the content is {found.name}, not {said.name} as declared", NAME)
    if found.kind == "document":
        return _document(call, part, source, _accepted_text(call, found), {"bytes": _encoded(_utf8(data, found))})
    if found.kind == "image":
        _image(call, source, data, found.name)
    return {found.kind: {"format": found.name, "source": {"bytes": _encoded(data)}}}


def _content(call: Call, source: Source) -> tuple[bytes, str]:
    """Bytes and declared type."""
    if source.form == "data":
        return decoded(source, limit(call.route.profile.media, "")), source.mime
    if call.route.settings.fetch == "off":
        raise UnsupportedFeatureError(
            f"{source.path}: fetching URLs is switched off here (BEDROCK_ADAPTER_FETCH); send the data itself as a data URI",
            param=source.path,
        )
    fetched = call.resource(need(call, source))
    if isinstance(fetched, Fetched):
        # Servers that do not know say octet-stream; the URL's file name says more.
        general = fetched.content_type in ("application/octet-stream", "binary/octet-stream")
        return fetched.data, source.mime or ("" if general else fetched.content_type)
    return bytes(fetched), source.mime


def _identify(data: bytes, said: Format | None, kind: str) -> Format | None:
    """The bytes decide; the declaration decides between kinds of text, and where the bytes cannot tell (raw sound)."""
    found = sniff(data, kind or (said.kind if said else ""))
    if found is not None:
        ambiguous = said is not None and {found.name, said.name} in (
            {"zip", "docx"},
            {"zip", "xlsx"},
            {"ole", "doc"},
            {"ole", "xls"},
        )
        return said if ambiguous or _synonyms(found, said) else found
    if said is not None and said.kind == "audio" and said.name in ("pcm", "x-aac", "aac", "mp3", "mpga"):
        return said
    return None if kind in ("image", "video", "audio") else text_format(data, said)


def _synonyms(found: Format, said: Format | None) -> bool:
    """Converse has several words for some containers; the client's choice stands."""
    groups = (
        {"mpeg", "mpg"},
        {"ogg", "opus"},
        {"aac", "x-aac"},
        {"mp3", "mpga", "mpeg"},
        {"mkv", "mka"},
        {"mp4", "m4a"},
    )
    return said is not None and found.kind == said.kind and any({found.name, said.name} <= group for group in groups)


def _supported(call: Call, source: Source, found: Format) -> None:
    formats = accepted(call.route.profile, found.kind)
    if formats is None or found.name in formats or (found.name in _TEXTS and "txt" in formats):
        return
    raise _unsupported(call, source, found)


def _unsupported(call: Call, source: Source, found: Format) -> RequestError:
    formats = accepted(call.route.profile, found.kind)
    what = _PLURAL[found.kind]
    if formats == ():
        others = [_PLURAL[kind] for kind in _PLURAL if accepted(call.route.profile, kind)]
        instead = f"; it takes {', '.join(others)}" if others else "; it takes text only"
        return UnsupportedFeatureError(
            f"{source.path}: the model {call.route.model.answer!r} takes no {what}{instead}", param=source.path
        )
    known = f"; supported are {', '.join(formats)}" if formats else ""
    return RequestError(
        f"{source.path}: {what} in the format {found.name!r} are not supported{known}",
        param=source.path,
        code=f"unsupported_{found.kind}",
    )


def _image(call: Call, source: Source, data: bytes, name: str) -> None:
    media = call.route.profile.media
    size = dimensions(data, name)
    if size is not None and max(size) > media.max_image_pixels:
        raise RequestError(
            f"{source.path}: the image is {size[0]}x{size[1]} pixels; at most {media.max_image_pixels} a side are accepted",
            param=source.path,
            code="unsupported_image",
        )
    _count_image(call, source)


def _count_image(call: Call, source: Source) -> None:
    most, counted = call.route.profile.media.max_images, tally(call)
    counted.images += 1
    if most is not None and counted.images > most:
        raise RequestError(
            f"{source.path}: at most {most} images are accepted in a request", param=source.path, code="too_many"
        )


def _accepted_text(call: Call, found: Format) -> str:
    """A text format that the model does not list is still plain text."""
    formats = accepted(call.route.profile, "document")
    return found.name if formats is None or found.name in formats else "txt"


def _document(call: Call, part: Mapping[str, Any], source: Source, name: str, content: Json) -> Json:
    counted, most = tally(call), call.route.profile.media.max_documents
    cleaned = names.clean(source.filename)
    title = names.unique(cleaned or f"Document {len(counted.documents) + 1}", counted.names)
    document: Json = {"name": title, "format": name, "source": content}
    if isinstance(context := part.get("context"), str) and context.strip():
        document["context"] = context
    counted.documents.append(Placed(_part_path(source.path), part, document))
    if most is not None and len(counted.documents) > most:
        raise RequestError(
            f"{source.path}: at most {most} documents are accepted in a request", param=source.path, code="too_many"
        )
    if cleaned and title != cleaned:
        call.repair(source.path, "changed", f"a document of this name is there already; it was named {title!r}", NAME)
    return {"document": document}


def _part_path(path: str) -> str:
    """`messages[0].content[1]` of `messages[0].content[1].file.file_data`."""
    return path[: path.rindex("]") + 1]


def _written(call: Call, part: Mapping[str, Any], source: Source) -> Json:
    found = declared(source.mime, source.filename)
    found = found if found is not None and found.name in _TEXTS else Format("document", "txt")
    _supported(call, source, found)
    content: Json = (
        {"text": source.value} if source.form == "text" else {"content": [{"text": text} for text in source.value]}
    )
    return _document(call, part, source, _accepted_text(call, found), content)


def _in_s3(call: Call, part: Mapping[str, Any], source: Source) -> Json:
    """Bedrock reads the object itself. Images and video need a model that takes S3 sources; documents are read before it."""
    location: Json = {"s3Location": s3_location(source)}
    found = declared(source.mime, source.filename.partition("?")[0], source.kind)
    if found is None:
        raise RequestError(
            f"{source.path}: the format cannot be told from the name; add a format to the part",
            param=source.path,
            code="invalid_value",
        )
    _supported(call, source, found)
    profile = call.route.profile
    if profile.known and not profile.media.s3 and found.kind != "document":
        raise UnsupportedFeatureError(
            f"{source.path}: the model {call.route.model.answer!r} takes no {_PLURAL[found.kind]} from S3; "
            "send the data itself as a data URI",
            param=source.path,
        )
    if found.kind == "document":
        return _document(call, part, source, _accepted_text(call, found), location)
    if found.kind == "image":
        _count_image(call, source)
    return {found.kind: {"format": found.name, "source": location}}


def _utf8(data: bytes, found: Format) -> bytes:
    """Text in UTF-16 as UTF-8, which Bedrock expects."""
    if found.name not in _TEXTS or data[:2] not in _UTF16:
        return data
    return data.decode("utf-16", "replace").encode()


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()
