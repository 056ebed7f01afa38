"""What `explain` tells of a model."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bedrock_adapter.profiles import Profile
from bedrock_adapter.routes import ChatDialect
from bedrock_adapter.types import Json, Operation

if TYPE_CHECKING:
    from bedrock_adapter.adapter import Adapter


def explain(adapter: "Adapter", model: str) -> Json:
    """The model's id, profile, facts with sources, and route as one JSON-ready object."""
    resolved = adapter.router.resolve(model)
    profile = adapter.router.catalogue.profile(resolved.base)
    operation: Operation = "embeddings" if profile.kind == "embedding" else "chat"
    route = adapter.router.route(operation, resolved)
    dialect = route.dialect
    return {
        "model": {
            "requested": resolved.requested,
            "wire": resolved.wire,
            "base": resolved.base,
            "geo": resolved.geo,
            "kind": resolved.kind,
            "opaque": resolved.opaque,
            "answer": resolved.answer,
        },
        "operation": operation,
        "known": profile.known,
        "profile": _plain(profile),
        "facts": [
            {"fact": name, "value": _value(profile, name), **asdict(fact)}
            for name, fact in sorted(profile.facts.items())
        ],
        "dialect": {"name": dialect.name, "plugin": dialect.plugin} if dialect else None,
        "converters": [
            {"kind": kind, "name": name, "plugin": converter.plugin}
            for (kind, name), converter in sorted(route.converters.items())
        ],
        "steps": [
            {"on": on, "stage": step.stage.name, "step": step.name, "plugin": step.plugin}
            for on, steps in (("request", route.requests), ("stream", route.streams), ("response", route.responses))
            for step in steps
        ],
        "streams": isinstance(dialect, ChatDialect) and profile.conversation.streaming,
    }


def _plain(profile: Profile) -> Json:
    plain = {name: value for name, value in _asdict(profile).items() if name not in ("facts", "known")}
    plain["extra"] = dict(profile.extra)
    return plain


def _asdict(profile: Profile) -> Json:
    parts: dict[str, Any] = {name: getattr(profile, name) for name in Profile.__dataclass_fields__}
    return {name: asdict(value) if hasattr(value, "__dataclass_fields__") else value for name, value in parts.items()}


def _value(profile: Profile, name: str) -> Any:
    part, dot, member = name.partition(".")
    value = getattr(profile, part)
    if not dot:
        return value
    return value.get(member) if part == "extra" else getattr(value, member)
