"""Prompt caching: where cachePoints stand.

Clients mark the end of a prefix by Anthropic's `cache_control` or OpenAI's `prompt_cache_breakpoint` on parts, messages and
tools; or they leave it to the adapter by a top-level `cache_control`, by `prompt_cache_options` in implicit mode, or by
`prompt_caching`. Options (`[options.caching]`): `auto` (false) leaves it to the adapter always; `ttl` (`5m`) is the time to live
of points that name none.

Sources: Amazon Bedrock user guide, prompt caching; the texts of Bedrock's refusals. What is too short to be cached Bedrock
ignores.
"""

from bedrock_adapter import AdapterError, Call, ConfigError, Converter, Route, Settings, Stage, Step, hookimpl
from bedrock_adapter.routes import Recovery

from .automatic import asked, fill
from .marks import NAME, breakpoint_mark, mark, note_once
from .points import budget, hoist, ordered, points, sections, tidied

_HANDLES = frozenset({"cache_control", "prompt_cache_options", "prompt_cache_retention", "prompt_caching"})
_REFUSALS = (
    "did not allow prompt caching",
    "the cachepoint field",
    "key [cachepoint]",
    "cache point cannot be inserted",
)


@hookimpl
def bedrock_configure(settings: Settings) -> None:
    settings.option(NAME, "auto", False)
    if (ttl := settings.option(NAME, "ttl", "5m")) not in ("5m", "1h"):
        raise ConfigError(f"options.caching.ttl must be 5m or 1h, not {ttl!r}", param="options.caching.ttl")


@hookimpl
def bedrock_content_converters(route: Route) -> list[Converter]:
    return [Converter("mark", "cache_control", mark), Converter("mark", "prompt_cache_breakpoint", breakpoint_mark)]


@hookimpl
def bedrock_transform_request(route: Route) -> Step:
    return Step(Stage.FINAL, cache_points, handles=_HANDLES)


@hookimpl
def bedrock_recover(error: AdapterError, call: Call) -> Recovery | None:
    """Bedrock refuses the points themselves: send the request without them."""
    message = error.message.lower()
    if not any(text in message for text in _REFUSALS) or not any(points(call.body)):
        return None

    def without(call: Call) -> None:
        call.note("cache_control", "dropped", f"Bedrock refused it: {error.message}", NAME)
        for _, blocks in sections(call.body):
            blocks[:] = [block for block in blocks if "cachePoint" not in block]

    return without


def cache_points(call: Call) -> None:
    """Every point where the model takes one, at most as many as it takes, the longer-lived first."""
    hoist(call.body)
    if not call.route.profile.cache.sections:
        _unsupported(call)
        return
    if any(points(call.body)) or asked(call)[0]:
        _place(call)
    if call.request.get("prompt_cache_retention") is not None and not any(points(call.body)):
        call.note("prompt_cache_retention", "ignored", "nothing is marked to be cached", NAME)


def _place(call: Call) -> None:
    for section, blocks in sections(call.body):
        if any("cachePoint" in block for block in blocks):
            blocks[:] = tidied(call, section, blocks)
    budget(call)
    fill(call)
    ordered(call)


def _unsupported(call: Call) -> None:
    """Say once that a field was in vain. A mode that asks for nothing was not."""
    wanted, _ = asked(call)
    fields = [name for name in sorted(_HANDLES) if call.request.get(name) is not None]
    if fields and (wanted or "prompt_cache_retention" in fields):
        note_once(call, fields[0], "ignored", "the model caches nothing by cache points")
