"""Images, documents, audio and video in messages.

Options (`[options.media]`): `max_urls` (32) and `fetch_bytes` (64 MiB), for all URLs of one request; `fetch_seconds` (20) and
`fetch_redirects` (3), for each.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bedrock_adapter import Call, ConfigError, Converter, RequestError, Route, Settings, Stage, Step, hookimpl
from bedrock_adapter.addresses import Allowed
from bedrock_adapter.fetch import Budget, FetchURL
from bedrock_adapter.types import OBJECT, Json

from .blocks import NAME, OPTIONS, block, need, option, takes, tally
from .sources import KINDS, read

_ATTACHED = "See the attached document."
_MEDIA = ("image", "document", "video", "audio")


@hookimpl
def bedrock_configure(settings: Settings) -> None:
    """Refuse settings that could not work when the first URL comes."""
    Allowed(settings.fetch_allow)
    if settings.fetch not in ("on", "off"):
        raise ConfigError(f"fetch must be on or off, not {settings.fetch!r}", param="fetch")
    for name in OPTIONS:
        if option(settings, name) < 0:
            raise ConfigError(f"options.media.{name} must not be negative", param=f"options.media.{name}")


@hookimpl
def bedrock_content_converters(route: Route) -> list[Converter]:
    return [Converter("part", name, _convert) for name in KINDS]


@hookimpl
def bedrock_transform_request(route: Route) -> list[Step]:
    return [
        Step(Stage.MESSAGES, _start, name="media", needs=_needs if route.settings.fetch != "off" else None),
        Step(Stage.FINAL, places),
    ]


def _start(call: Call) -> None:
    """Nothing is counted yet: a call may be encoded twice."""
    call.state.pop(NAME, None)


def _convert(call: Call, part: Mapping[str, Any], path: str) -> list[Json]:
    source = read(part, path)
    image = part.get("image_url")
    detail = image.get("detail") if isinstance(image, OBJECT) else None
    if detail not in (None, "auto"):
        call.note(f"{path}.image_url.detail", "ignored", "Bedrock has no levels of detail", NAME)
    return [block(call, part, source)]


def _needs(call: Call) -> Iterator[FetchURL]:
    """The URLs in messages, as far as the model could take what is behind them. Malformed parts are refused later."""
    seen: set[str] = set()
    most = option(call.route.settings, "max_urls")
    budget = Budget(int(option(call.route.settings, "fetch_bytes")))
    for part, path in _parts(call.request.get("messages")):
        try:
            source = read(part, path)
        except RequestError:
            continue
        if source.form == "url" and takes(call.route.profile, source.kind):
            seen.add(source.value)
            if len(seen) > most:
                raise RequestError(
                    f"{source.path}: at most {most:g} URLs are fetched for one request", param=source.path
                )
            yield need(call, source, budget)


def _parts(messages: Any) -> Iterator[tuple[Mapping[str, Any], str]]:
    for i, message in enumerate(messages if isinstance(messages, list) else ()):
        content = message.get("content") if isinstance(message, OBJECT) else None
        for j, part in enumerate(content if isinstance(content, list) else ()):
            if isinstance(part, OBJECT) and isinstance(part.get("type"), str) and part["type"] in KINDS:
                yield part, f"messages[{i}].content[{j}]"


def places(call: Call) -> None:
    """Media stand in user turns only, and a turn with a document needs a text."""
    for turn in call.body["messages"]:
        blocks = turn["content"]
        if turn["role"] == "assistant":
            if kind := next((kind for item in blocks for kind in _MEDIA if kind in item), None):
                raise RequestError(f"messages: an assistant message cannot hold a part with {kind}", param="messages")
            continue
        at = next((i for i, item in enumerate(blocks) if "document" in item), None)
        if at is not None and not any(item.get("text", "").strip() for item in blocks):
            call.repair("messages", "added", "Bedrock wants a text beside a document; one was added", NAME)
            blocks.insert(at, {"text": _ATTACHED})


__all__ = ["tally"]
