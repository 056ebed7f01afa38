"""Cache points from the marks that clients put on parts, messages and tools."""

from collections.abc import Mapping
from typing import Any

from bedrock_adapter import Call, RequestError
from bedrock_adapter.types import OBJECT, Json

NAME = "caching"
_TTLS = {"5m": "5m", "1h": "1h", "30m": "", "in_memory": "", "24h": "1h"}
"""Times to live that clients name (OpenAI's too) and Bedrock's nearest; "": the default."""


def mark(call: Call, value: Any, path: str) -> list[Json]:
    """`cache_control: {"type": "ephemeral", "ttl"?: "5m" | "1h"}` on a part, message or tool."""
    return _point(call, ttl_of(value, path, {"type": "ephemeral"}), path)


def breakpoint_mark(call: Call, value: Any, path: str) -> list[Json]:
    """`prompt_cache_breakpoint: {"mode": "explicit"}`; its time to live is the request's."""
    return _point(call, ttl_of(value, path, {"mode": "explicit"}), path)


def ttl_of(value: Any, path: str, required: Mapping[str, str]) -> str:
    """The time to live that a mark names, "" for none.

    Raises:
        RequestError: the mark is malformed.
    """
    if not isinstance(value, OBJECT):
        raise RequestError(f"{path} must be an object", param=path, code="invalid_type")
    for name, wanted in required.items():
        if value.get(name, wanted) != wanted:
            raise RequestError(f"{path}.{name} must be {wanted!r}", param=f"{path}.{name}", code="invalid_value")
    return known_ttl(value.get("ttl"), f"{path}.ttl")


def known_ttl(value: Any, path: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or value not in _TTLS:
        raise RequestError(f"{path} must be one of {', '.join(_TTLS)}, not {value!r}", param=path, code="invalid_value")
    return _TTLS[value]


def _point(call: Call, ttl: str, path: str) -> list[Json]:
    if not call.route.profile.cache.sections:
        note_once(call, path, "ignored", "the model caches nothing by cache points")
        return []
    return [cache_point(call, ttl or default_ttl(call), path)]


def cache_point(call: Call, ttl: str, path: str) -> Json:
    """A block; five minutes is what Bedrock assumes, and some models refuse the member."""
    if ttl == "1h" and "1h" not in call.route.profile.cache.ttl:
        note_once(call, path, "changed", "the model caches for five minutes only")
        ttl = "5m"
    return {"cachePoint": {"type": "default", "ttl": ttl} if ttl == "1h" else {"type": "default"}}


def default_ttl(call: Call) -> str:
    """Of points that name none: the request's, else the operator's."""
    request = call.request
    options = request.get("prompt_cache_options")
    asked = known_ttl(options.get("ttl"), "prompt_cache_options.ttl") if isinstance(options, OBJECT) else ""
    asked = asked or known_ttl(request.get("prompt_cache_retention"), "prompt_cache_retention")
    operators: str = call.route.settings.option(NAME, "ttl", "5m")
    return asked or operators


def note_once(call: Call, path: str, action: str, reason: str) -> None:
    """One note of a kind: a long conversation may hold fifty marks."""
    noted: set[str] = call.state.setdefault(NAME, set())
    if reason not in noted:
        noted.add(reason)
        call.note(path, action, reason, NAME)
