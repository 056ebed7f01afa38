"""Cache points that the adapter places itself."""

from collections.abc import Iterator
from typing import Any

from bedrock_adapter import Call, RequestError
from bedrock_adapter.types import OBJECT, Json

from .marks import NAME, cache_point, default_ttl, ttl_of
from .points import SPACER, has_tools, may_follow, needs_spacer, points


def asked(call: Call) -> tuple[frozenset[str], str]:
    """Sections in which the adapter shall place points itself, and their time to live.

    Raises:
        RequestError: one of the fields is malformed.
    """
    request = call.request
    ttl, everywhere = "", frozenset({"system", "tools", "messages"})
    wanted = everywhere if call.route.settings.option(NAME, "auto", False) else frozenset()
    if request.get("cache_control") is not None:
        ttl = ttl_of(request["cache_control"], "cache_control", {"type": "ephemeral"})
        wanted = everywhere
    options = request.get("prompt_cache_options")
    if options is not None:
        mode = _mode(options)
        wanted = frozenset() if mode == "explicit" else everywhere
    if request.get("prompt_caching") is not None:
        wanted = _switches(request["prompt_caching"])
    return wanted, ttl or default_ttl(call)


def _mode(options: Any) -> str:
    if not isinstance(options, OBJECT):
        raise RequestError("prompt_cache_options must be an object", param="prompt_cache_options", code="invalid_type")
    mode = options.get("mode", "implicit")
    if mode not in ("implicit", "explicit"):
        raise RequestError(
            "prompt_cache_options.mode must be implicit or explicit",
            param="prompt_cache_options.mode",
            code="invalid_value",
        )
    return str(mode)


def _switches(value: Any) -> frozenset[str]:
    """`prompt_caching: {"system": true, "messages": true}`, as another gateway's clients send it."""
    if not isinstance(value, OBJECT) or not all(isinstance(on, bool) for on in value.values()):
        raise RequestError("prompt_caching must be an object of booleans", param="prompt_caching", code="invalid_type")
    wanted = {str(name) for name, on in value.items() if on}
    return frozenset(wanted | {"tools"} if "system" in wanted else wanted)


def _places(call: Call, wanted: frozenset[str]) -> Iterator[tuple[str, list[Json]]]:
    """Lists of blocks at whose ends automatic points are most useful, the most useful first.

    Where thinking is bound to its exact prefix, a point must never come, go or move within a prefix that the model has seen:
    only places that stay the same for a whole conversation are used.
    """
    body, turns = call.body, call.body["messages"]
    users = [turn["content"] for turn in turns if turn["role"] == "user"]
    bound = call.route.profile.reasoning.binds_prefix
    recent = users[:1] if bound else users[-1:]
    yield from (("messages", content) for content in recent)
    yield "system", body.get("system") or []
    yield "tools", (body.get("toolConfig") or {}).get("tools") or []
    if not bound:
        # The last request's end: reading it needs no search through the blocks between.
        yield from (("messages", content) for content in users[-2:-1])


def fill(call: Call) -> None:
    wanted, ttl = asked(call)
    cache = call.route.profile.cache
    room = cache.max_points - len(list(points(call.body)))
    for section, blocks in _places(call, wanted):
        fits = section in wanted and section in cache.sections and blocks and room > 0
        if (
            not fits
            or "cachePoint" in blocks[-1]
            or not may_follow(cache, section, blocks[-1], tools=has_tools(blocks))
        ):
            continue
        if section == "messages" and needs_spacer(cache, blocks[-1]):
            blocks.append({"text": SPACER})
        blocks.append(cache_point(call, ttl, "cache_control"))
        room -= 1
